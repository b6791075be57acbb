"""From the evidence of comparisons to all that the results document says of them.

This is a module of its own so that `models.comparison.compare` imports it only when it compares: it
imports scipy, which takes a third of a second.
"""

from collections.abc import Iterator, Sequence

from pydantic import TypeAdapter

from models.abandonment import while_wanted
from models.comparison.bca_bootstrap import bca_bootstraps
from models.comparison.comparison_warnings import warnings_of
from models.comparison.evidence import Evidence
from models.comparison.pairing_gain import pairing_gain
from models.comparison.power import power_analysis
from models.comparison.schema import (
    Bootstrap,
    Comparison,
    Multiplicity,
    Pair,
    Reach,
    Summaries,
)
from models.comparison.summaries import summarise
from models.comparison.superiority import superiority
from models.comparison.verdict import comparison_sentence, decide

_PAIRS = TypeAdapter(tuple[Pair, ...])  # all at once, for a third of what a call for each takes
AT_ONCE = 256  # comparisons that are in memory at once, of thousands


def conclude(evidences: Sequence[Evidence]) -> Iterator[Comparison]:
    """Each comparison with its verdict, its sentence, and every statistic beside them."""
    arms = {id(arm): arm for one in evidences for arm in (one.compared.a, one.compared.b)}
    summary = {known: summarise(arm.by_seed) for known, arm in arms.items()}  # each in many
    for start in range(0, len(evidences), AT_ONCE):
        some = evidences[start : start + AT_ONCE]
        bootstraps = bca_bootstraps((one.differences, one.sd, one.rule.confidence) for one in some)
        for evidence, bootstrap in while_wanted(zip(some, bootstraps, strict=True)):
            a, b = (summary[id(arm)] for arm in (evidence.compared.a, evidence.compared.b))
            yield _comparison(evidence, bootstrap, Summaries(a=a, b=b))


def _comparison(evidence: Evidence, bootstrap: Bootstrap, summaries: Summaries) -> Comparison:
    compared, rule, verdict = evidence.compared, evidence.rule, decide(evidence)
    a, b, warnings = compared.a, compared.b, warnings_of(compared)
    return Comparison(
        a=a.name,
        b=b.name,
        metric=rule.metric,
        higher_is_better=rule.higher_is_better,
        pairs=_PAIRS.validate_python([pair._asdict() for pair in evidence.pairs]),
        summaries=summaries,
        mean_difference=evidence.mean,
        sd_difference=evidence.sd,
        interval=evidence.interval,
        sign_flip_p=evidence.sign_flip_p,
        equivalence=evidence.equivalence,
        verdict=verdict,
        sentence=comparison_sentence(evidence, verdict, warnings),
        warnings=warnings,
        role=compared.role,
        multiplicity=Multiplicity(family=evidence.family, p=evidence.p, holm_p=evidence.holm_p),
        bootstrap=bootstrap,
        superiority=superiority(
            evidence.differences,
            higher_is_better=rule.higher_is_better,
            rounding=evidence.rounding,
            confidence=rule.confidence,
        ),
        pairing=pairing_gain(evidence.pairs, evidence.sd),
        power=power_analysis(evidence.sd, len(evidence.pairs), rule.equivalence_margin, rule.alpha),
        reach=_reach(evidence),
    )


def _reach(evidence: Evidence) -> Reach | None:
    reach = evidence.reach
    if reach is None or evidence.t_p is None:
        return None
    least = reach.least(evidence.rule.alpha)
    return Reach(below=reach.below, above=reach.above, least=least, t_p=evidence.t_p)
