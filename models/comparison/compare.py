"""Two arms over their paired seeds: estimate, interval, tests, verdict.

One seed fixes the initial weights and the batch order of both arms, so the unit of evidence is the
difference a - b under one seed. What may be claimed from those differences, and for which kinds of
noise, is said in `models.comparison.verdict`; each statistic is explained in a file of its own in
`models.comparison`. Pure functions: the answer follows from the runs alone.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from models.comparison.evidence import Evidence, gather_all
from models.comparison.holm import holm
from models.comparison.inputs import ArmValues, ComparisonInput, ValuesBySeed
from models.comparison.rule import DecisionRule
from models.comparison.schema import Comparison, Statistic, Verdict
from models.comparison.verdict import decide


def compare(
    a: ValuesBySeed,
    b: ValuesBySeed,
    *,
    a_name: str,
    b_name: str,
    metric: str,
    equivalence_margin: float,
    confidence: float,
    expected_pairs: int | None = None,
    awaited: int = 0,
) -> Comparison:
    """Compare two arms on their own, given seed -> metric value of their succeeded runs.

    There is no verdict while runs of `awaited` seeds go on.

    Pairs are the seeds in both mappings, ascending; all statistics but p are in the metric's unit.
    A mean difference and a sign-flip p need one pair; an sd, an interval and TOST two; a decided
    verdict six (`models.comparison.verdict`).

    Raises ValueError for a value that is not finite, a margin that is not positive, or a confidence
    outside (0.5, 1).
    """
    rule = DecisionRule(metric, equivalence_margin, confidence)
    arms = ArmValues(a_name, a), ArmValues(b_name, b)
    compared = ComparisonInput(*arms, rule, expected_pairs, awaited=awaited)
    return compare_family([compared])[0]


def compare_family(family: Sequence[ComparisonInput]) -> list[Comparison]:
    """Compare several pairs of arms, or one pair on several metrics, as one family: `better` is
    said where Holm's adjusted p over the family allows it. For a family of one the result is that
    of `compare`. Raises ValueError for a value that is not finite."""
    return compare_families([family])


def compare_families(
    families: Sequence[Sequence[ComparisonInput]], *, first: int | None = None
) -> list[Comparison]:
    """Compare each family by itself, and return all comparisons in order; only the `first` so many,
    where that is given: the others count in their families, and cost little."""
    # scipy takes a third of a second to import, and the API must start without it
    from models.comparison.conclusion import conclude

    return list(conclude(adjusted_evidence(families)[:first]))


def verdicts(family: Sequence[ComparisonInput]) -> list[tuple[Statistic, Verdict]]:
    """The mean difference and the verdict of each, the same as `compare_family` gives: for lists,
    where the other statistics would cost too much."""
    return [(evidence.mean, decide(evidence)) for evidence in adjusted_evidence([family])]


def adjusted_evidence(families: Sequence[Sequence[ComparisonInput]]) -> list[Evidence]:
    """The evidence of each comparison, with Holm's adjusted p over its family. Raises `ValueError`
    for a value that is not finite."""
    alone = iter(gather_all(families))
    found: list[Evidence] = []
    for family in families:
        own = list(islice(alone, len(family)))
        adjusted = holm([evidence.p for evidence in own])
        found += [replace(evidence, holm_p=p) for evidence, p in zip(own, adjusted, strict=True)]
    return found
