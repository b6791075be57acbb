"""What makes two runs of an arm differ: the spread that each source of randomness causes.

Under each of n seeds there is a run of the arm, with value y, and for each source one in which
that source alone is drawn anew, with value y'. The two differ in this source and share all else,
so **E (y' - y)^2 = 2 sigma_s^2, where sigma_s^2 is the variance that is left once all other sources
are fixed**, averaged over what these may be: the total effect of the source, in Jansen's estimator
("Analysis of variance designs for model output", Computer Physics Communications 117, 1999). Drawn
anew means drawn from the same distribution, so y' - y is as likely to be positive as negative, its
mean is known to be 0, and s^2 = sum (y' - y)^2 / 2n has all n degrees of freedom: for normal
differences n s^2 / sigma_s^2 is chi-square with n degrees, exactly. That gives the interval.

Held at one draw of the other sources instead, each source would be measured at that draw alone, and
all of them at the same one: a draw that happens to be calm would make all of them small.

All sources together are the runs of the arm themselves, with n - 1 degrees, since their mean is not
known. The variances of sources that do not act on each other add up to that of all together; where
they do, each total effect has their interaction too, and the sum is larger (Saltelli et al.,
"Variance based sensitivity analysis of model output", Computer Physics Communications 181, 2010).

Each interval holds by itself, with the confidence of the decision. The sources share the runs of
the arm, so their intervals are not independent. Normal is an assumption here: long tails make an
interval of a standard deviation too short (`benchmarks/README.md`).
"""

import math
from collections.abc import Mapping

from models.comparison.inputs import ArmValues
from models.comparison.rule import DecisionRule
from models.comparison.summaries import summarise
from models.noise_floor.noise_floor import sd_interval
from models.noise_floor.schema import FEWEST_RUNS, RedrawnPair, SeedSources, SourceSpread
from models.noise_floor.sources_sentence import sources_sentence
from models.specs.seeds import Source


def seed_sources(
    arm: ArmValues,
    redrawn: Mapping[Source, ArmValues],
    rule: DecisionRule,
    *,
    planned: int | None = None,
    awaited: int = 0,
) -> SeedSources:
    """The spread of each source, the largest first, on the metric of the rule: from the succeeded
    runs of the arm, and of those in which that source was drawn anew.

    `planned` seeds and `awaited` runs that go on only change the sentence.
    """
    together = summarise(arm.by_seed)
    spreads = [_spread(source, arm, own, rule) for source, own in redrawn.items()]
    spreads.sort(key=lambda one: -1.0 if one.sd is None else one.sd, reverse=True)
    sd = together.sd if together.n >= FEWEST_RUNS else None
    found = SeedSources(
        arm=arm.name,
        metric=rule.metric,
        n=together.n,
        sd=sd,
        sd_interval=sd_interval(sd, together.n, rule.confidence) if sd else None,
        sources=tuple(spreads),
        held=arm.held,
        sentence="",
    )
    collapsed = len(arm.collapsed & arm.by_seed.keys()) + sum(one.collapsed for one in spreads)
    sentence = sources_sentence(found, rule, planned, awaited, collapsed)
    return found.model_copy(update={"sentence": sentence})


def _spread(source: Source, arm: ArmValues, own: ArmValues, rule: DecisionRule) -> SourceSpread:
    pairs = tuple(
        RedrawnPair(seed=seed, difference=own.by_seed[seed] - arm.by_seed[seed])
        for seed in sorted(own.by_seed.keys() & arm.by_seed.keys())
    )
    n, sd = len(pairs), None
    if n >= FEWEST_RUNS:
        sd = math.sqrt(math.fsum(pair.difference**2 for pair in pairs) / (2 * n))
    return SourceSpread(
        source=source,
        arm=own.name,
        pairs=pairs,
        sd=sd,
        # of n runs the sample sd has n - 1 degrees; here there are n
        sd_interval=sd_interval(sd, n + 1, rule.confidence) if sd else None,
        summary=summarise(own.by_seed),
        collapsed=len(own.collapsed & own.by_seed.keys()),
    )
