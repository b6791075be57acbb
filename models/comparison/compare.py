"""Two arms over their paired seeds: estimate, interval, tests, verdict.

One seed fixes the initial weights and the batch order of both arms, so the unit of evidence is the
difference a - b under one seed. What may be claimed from those differences, and for which kinds of
noise, is said in `models.comparison.verdict`; each figure is explained in a file of its own in
`models.comparison`. Pure functions: the answer follows from the runs alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.comparison.holm import holm
from models.comparison.paired import mean_and_sd, paired, rounding_of, t_bounds, t_p, tost_p
from models.comparison.schema import (
    Comparison,
    Equivalence,
    Figure,
    Interval,
    Multiplicity,
    Pair,
    Role,
    Summaries,
)
from models.comparison.sign_flip import sign_flip_p
from models.comparison.verdict import Evidence, Verdict, check_rule, decide, is_loss, sentence

LARGEST_VALUE = 1e100  # beyond any float32 figure, small enough that no result overflows


@dataclass(frozen=True, slots=True)
class Asked:
    """One comparison to make: for each arm seed -> metric value of its succeeded runs.

    Without a margin nothing is called equivalent. `expected_pairs` is the number of seeds planned;
    it only changes the sentence.
    """

    a: Mapping[int, float]
    b: Mapping[int, float]
    a_name: str
    b_name: str
    metric: str
    equivalence_margin: float | None
    confidence: float
    expected_pairs: int | None = None
    role: Role = "primary"


def compare(
    a: Mapping[int, float],
    b: Mapping[int, float],
    *,
    a_name: str,
    b_name: str,
    metric: str,
    equivalence_margin: float,
    confidence: float,
    expected_pairs: int | None = None,
) -> Comparison:
    """Compare two arms on their own, given seed -> metric value of their succeeded runs.

    Pairs are the seeds in both mappings, ascending; all figures but p are in the metric's unit.
    A mean difference and a sign-flip p need one pair; an sd, an interval and TOST two; a decided
    verdict six (`models.comparison.verdict`).

    Raises ValueError for a value that is not finite, a margin that is not positive, or a confidence
    outside (0.5, 1).
    """
    asked = Asked(
        a, b, a_name, b_name, metric, equivalence_margin, confidence, expected_pairs=expected_pairs
    )
    return compare_family([asked])[0]


def compare_family(family: Sequence[Asked]) -> list[Comparison]:
    """Compare several pairs of arms, or one pair on several metrics, as one family: `better` is
    said where Holm's adjusted p over the family allows it. Each is as `compare` for a family of
    one. Raises as `compare` does."""
    measured = [measure(asked) for asked in family]
    ps = [one.p for one in measured]
    return [
        _conclude(one, Multiplicity(family=len(family), p=one.p, holm_p=adjusted))
        for one, adjusted in zip(measured, holm(ps), strict=True)
    ]


def verdicts(family: Sequence[Asked]) -> list[tuple[Figure, Verdict]]:
    """The mean difference and the verdict of each, the same as `compare_family` gives: for lists,
    where the figures beside them would cost too much."""
    measured = [measure(asked) for asked in family]
    adjusted = holm([one.p for one in measured])
    return [
        (one.mean, decide(evidence_of(one, len(family), p)))
        for one, p in zip(measured, adjusted, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class Measured:
    """What the tests read, before it is known what else is claimed beside it."""

    asked: Asked
    pairs: tuple[Pair, ...]
    rounding: float
    mean: Figure
    sd: Figure
    sign_flip_p: Figure
    p: Figure
    """Of the claim `better`, which needs both tests: the larger of their p."""

    @property
    def differences(self) -> list[float]:
        return [pair.difference for pair in self.pairs]


def measure(asked: Asked) -> Measured:
    """Pair the seeds, and take the figures that do not depend on the rest of the family."""
    check_rule(asked.equivalence_margin, asked.confidence)
    _check_values(asked.a_name, asked.a)
    _check_values(asked.b_name, asked.b)
    pairs = paired(asked.a, asked.b)
    rounding = rounding_of(pairs)
    differences = [pair.difference for pair in pairs]
    mean, sd = mean_and_sd(differences, rounding)
    by_t, by_signs = t_p(mean, sd, len(pairs), rounding), sign_flip_p(differences, slack=rounding)
    p = None if by_t is None or by_signs is None else max(by_t, by_signs)
    return Measured(asked, pairs, rounding, mean, sd, by_signs, p)


def evidence_of(found: Measured, family: int = 1, holm_p: Figure = None) -> Evidence:
    """What a verdict rests on; `models.comparison.verdict.decide` makes the verdict of it."""
    asked, mean, sd, n = found.asked, found.mean, found.sd, len(found.pairs)
    return Evidence(
        a=asked.a_name,
        b=asked.b_name,
        metric=asked.metric,
        pairs=n,
        margin=asked.equivalence_margin,
        confidence=asked.confidence,
        mean=mean,
        bounds=t_bounds(mean, sd, n, asked.confidence),
        inner_bounds=t_bounds(mean, sd, n, 2 * asked.confidence - 1),
        sign_flip_p=found.sign_flip_p,
        tost_p=tost_p(mean, sd, n, asked.equivalence_margin, found.rounding),
        expected_pairs=asked.expected_pairs,
        family=family,
        holm_p=holm_p,
    )


def _conclude(found: Measured, multiplicity: Multiplicity) -> Comparison:
    # scipy.stats takes a second to import, which starting the API need not wait for
    from models.comparison import details

    asked = found.asked
    evidence = evidence_of(found, multiplicity.family, multiplicity.holm_p)
    verdict = decide(evidence)
    said = sentence(evidence, verdict)
    higher = not is_loss(asked.metric)
    return Comparison(
        a=asked.a_name,
        b=asked.b_name,
        metric=asked.metric,
        higher_is_better=higher,
        pairs=found.pairs,
        summaries=Summaries(a=details.summarise(asked.a), b=details.summarise(asked.b)),
        mean_difference=found.mean,
        sd_difference=found.sd,
        interval=_interval(evidence),
        sign_flip_p=found.sign_flip_p,
        equivalence=_equivalence(evidence),
        verdict=verdict,
        sentence=said if asked.role == "primary" else f"As a secondary figure: {said}",
        role=asked.role,
        multiplicity=multiplicity,
        bootstrap=details.bca_bootstrap(found.differences, found.sd, asked.confidence),
        superiority=details.superiority(
            found.differences,
            higher_is_better=higher,
            rounding=found.rounding,
            confidence=asked.confidence,
        ),
        pairing=details.value_of_pairing(found.pairs, found.sd),
        power=details.power_figures(
            found.sd, len(found.pairs), asked.equivalence_margin, evidence.alpha
        ),
    )


def _interval(evidence: Evidence) -> Interval | None:
    if evidence.bounds is None:
        return None
    low, high = evidence.bounds
    return Interval(confidence=evidence.confidence, low=low, high=high)


def _equivalence(evidence: Evidence) -> Equivalence | None:
    if evidence.margin is None or evidence.tost_p is None:
        return None
    return Equivalence(margin=evidence.margin, p=evidence.tost_p)


def _check_values(name: str, values: Mapping[int, float]) -> None:
    for seed, value in values.items():
        if not abs(value) <= LARGEST_VALUE:  # true for NaN too
            raise ValueError(f"{name}, seed {seed}: {value} is not a finite metric value")
