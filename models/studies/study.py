"""The verdict of a study: a comparison whose cases are data sets.

**The rule.** With alpha = 1 - confidence, and never with fewer than four data sets that count:

1. `equivalent` when TOST of the mean over data sets against the declared margin gives p < alpha.
2. `a_better` / `b_better` when the t interval of that mean excludes zero, and with several arms
   Holm's adjusted p is at most alpha too.
3. `undecided` otherwise, with what is missing.

Nothing is claimed while an experiment goes on. A data set counts with at least two paired seeds,
which its standard error needs; one on which every run of both arms collapsed does not, since
equally useless networks would pull the mean towards zero.

Four, because with three the interval is 4.3 standard errors wide on each side and a spread of two
degrees of freedom says nothing of another data set; and because three data sets are no sample.

**What is promised.** A false `better` in at most alpha of the studies, and a false `equivalent` at
a true mean of the margin in at most alpha (up to 14 data sets), when the mean differences are
symmetric and roughly normal over data sets, however unequal their noise.

**What is not.** *Data sets that were picked after their results were known*; hence `planned`. *A
choice that matters on few data sets*: true differences that are zero on most and large on some are
skewed, and a mean over four of them is called `better` more often than alpha says. Numbers of both
kinds are in `benchmarks/README.md`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from models.comparison.comparison_warnings import all_collapsed
from models.comparison.evidence import Evidence
from models.comparison.holm import holm
from models.comparison.rule import DecisionRule, holds_zero
from models.comparison.schema import (
    Bounds,
    ComparisonWarning,
    Equivalence,
    Interval,
    Multiplicity,
    Statistic,
    Verdict,
)
from models.states import TERMINAL, RunState
from models.studies.equal_weights import FEWEST_DATA_SETS, EqualWeights, equal_weights
from models.studies.heterogeneity import MeanOfSeeds, heterogeneity
from models.studies.schema import StudyComparison, StudyExperiment
from models.studies.sentences import Said, study_sentence, what_is_missing

FEWEST_SEEDS = 2
"""Of a data set that counts."""


@dataclass(frozen=True)
class Judged:
    """One arm against the baseline on one data set, as its own results judge it."""

    evidence: Evidence
    verdict: Verdict
    sentence: str
    warnings: tuple[ComparisonWarning, ...]


@dataclass(frozen=True)
class Member:
    """One data set of a study; without an experiment where that was deleted."""

    dataset: str
    id: str | None
    state: RunState | None
    judged: Sequence[Judged]
    """One for each arm but the baseline, in the order of the arms."""

    @property
    def goes_on(self) -> bool:
        return self.state is not None and self.state not in TERMINAL


@dataclass(frozen=True)
class _Found:
    """The mean over data sets of one arm, before its p is adjusted."""

    experiments: tuple[StudyExperiment, ...]
    counted: tuple[Evidence, ...]
    pooled: EqualWeights


def study_comparisons(
    members: Sequence[Member],
    arms: Sequence[tuple[str, str]],
    rule: DecisionRule,
    *,
    planned: bool = True,
) -> list[StudyComparison]:
    """Each of the `arms` against the baseline, as (arm, baseline), over all data sets; they are one
    family for Holm's rule. Every member that has an experiment judged each of them. Of experiments
    that were not `planned` together the sentence says so."""
    found = [_found(members, place, rule) for place in range(len(arms))]
    adjusted = holm([one.pooled.p for one in found])
    goes_on = any(member.goes_on for member in members)
    comparisons = []
    for (a, b), one, holm_p in zip(arms, found, adjusted, strict=True):
        among = Multiplicity(family=len(arms), p=one.pooled.p, holm_p=holm_p)
        said = Said(
            a, b, rule, one.experiments, one.counted, one.pooled, among, goes_on, planned=planned
        )
        comparisons.append(_comparison(said))
    return comparisons


def _found(members: Sequence[Member], place: int, rule: DecisionRule) -> _Found:
    experiments = tuple(_experiment(member, place) for member in members)
    counted = tuple(
        member.judged[place].evidence
        for member, one in zip(members, experiments, strict=True)
        if one.left_out is None
    )
    means = [evidence.mean for evidence in counted if evidence.mean is not None]
    rounding = max((evidence.rounding for evidence in counted), default=0.0)
    return _Found(experiments, counted, equal_weights(means, rule, rounding))


def _experiment(member: Member, place: int) -> StudyExperiment:
    if member.id is None:
        return StudyExperiment(
            id=None,
            dataset=member.dataset,
            state=None,
            seeds=0,
            mean_difference=None,
            sd_difference=None,
            standard_error=None,
            interval=None,
            verdict="undecided",
            sentence="The experiment was deleted.",
            warnings=(),
            left_out="its experiment was deleted",
        )
    judged = member.judged[place]
    evidence = judged.evidence
    return StudyExperiment(
        id=member.id,
        dataset=member.dataset,
        state=member.state,
        seeds=len(evidence.pairs),
        mean_difference=evidence.mean,
        sd_difference=evidence.sd,
        standard_error=_standard_error(evidence),
        interval=evidence.interval,
        verdict=judged.verdict,
        sentence=judged.sentence,
        warnings=judged.warnings,
        left_out=_why_left_out(evidence, goes_on=member.goes_on),
    )


def _why_left_out(evidence: Evidence, *, goes_on: bool) -> str | None:
    if all_collapsed(evidence.compared):
        return "every run of both arms collapsed"
    if len(evidence.pairs) < FEWEST_SEEDS and goes_on:
        return f"not known before {FEWEST_SEEDS} seeds have succeeded in both arms"
    if len(evidence.pairs) < FEWEST_SEEDS:
        return f"fewer than {FEWEST_SEEDS} seeds succeeded in both arms"
    return None


def _standard_error(evidence: Evidence) -> Statistic:
    return None if evidence.sd is None else evidence.sd / math.sqrt(len(evidence.pairs))


def _comparison(undecided: Said) -> StudyComparison:
    # statsmodels takes a second to import, and the API must start without it
    from models.studies.precision_weights import weighted_mean

    said = replace(undecided, verdict=_decide(undecided))
    rule, pooled = said.rule, said.pooled
    counted = [one for one in said.experiments if one.left_out is None]
    means = [
        MeanOfSeeds(one.mean_difference, one.standard_error, one.seeds)
        for one in counted
        if one.mean_difference is not None and one.standard_error is not None
    ]
    return StudyComparison(
        a=said.a,
        b=said.b,
        metric=rule.metric,
        higher_is_better=rule.higher_is_better,
        experiments=said.experiments,
        mean_difference=pooled.mean,
        sd_difference=pooled.sd,
        interval=_interval(pooled.bounds, rule),
        equivalence=_equivalence(pooled, rule),
        multiplicity=said.multiplicity,
        prediction_interval=_interval(pooled.prediction, rule),
        heterogeneity=heterogeneity(means) if len(means) >= FEWEST_DATA_SETS else None,
        weighted=weighted_mean(means, rule.confidence),
        better_in=sum(one.verdict == "a_better" for one in counted),
        worse_in=sum(one.verdict == "b_better" for one in counted),
        ahead_in=sum(_is_ahead(one, rule) for one in counted),
        of=len(counted),
        verdict=said.verdict,
        sentence=study_sentence(said),
        missing=what_is_missing(said),
    )


def _is_ahead(one: StudyExperiment, rule: DecisionRule) -> bool:
    """Whether a has the better mean on this data set."""
    difference = one.mean_difference
    return difference is not None and difference != 0 and (difference > 0) == rule.higher_is_better


def _decide(said: Said) -> Verdict:
    pooled, rule, among = said.pooled, said.rule, said.multiplicity
    few = len(said.counted) < FEWEST_DATA_SETS
    if said.goes_on or few or pooled.mean is None or pooled.bounds is None:
        return "undecided"
    if pooled.tost_p is not None and pooled.tost_p < rule.alpha:
        return "equivalent"
    adjusted = among.holm_p if among.family > 1 else among.p
    if holds_zero(pooled.bounds) or adjusted is None or adjusted > rule.alpha:
        return "undecided"
    return "a_better" if (pooled.mean > 0) == rule.higher_is_better else "b_better"


def _interval(bounds: Bounds | None, rule: DecisionRule) -> Interval | None:
    if bounds is None:
        return None
    return Interval(confidence=rule.confidence, low=bounds[0], high=bounds[1])


def _equivalence(pooled: EqualWeights, rule: DecisionRule) -> Equivalence | None:
    margin = rule.equivalence_margin
    if margin is None or pooled.tost_p is None:
        return None
    return Equivalence(margin=margin, p=pooled.tost_p)
