"""The comparison of runs that were trained elsewhere, given their values by seed.

Statistics, rule and verdict are those of `models.comparison`. What cannot be checked here is that
metric, margin and confidence were declared before the results were known, that the runs of a seed
belong together, and that no run was left away: the comparison says whose word that is.
"""

from collections.abc import Sequence

from models.comparison.compare import compare_family
from models.comparison.inputs import ArmValues, ComparisonInput
from models.comparison.rule import DecisionRule
from models.comparison.schema import Comparison
from models.referee.schema import DeclaredComparison

FEWEST_COMMON = 2
"""Common seeds without which there is no interval; a verdict needs six (`rule.FEWEST_PAIRS`)."""
MOST_SEEDS = 1000
"""Of an arm, as in a spec."""
MOST_ARMS = 16
"""As in a spec."""
SHOWN_SEEDS = 8  # in a sentence


def too_few_common(a: ArmValues, b: ArmValues) -> str | None:
    """Why the two arms cannot be compared, as a sentence without its full stop; None when they
    can."""
    common = len(a.by_seed.keys() & b.by_seed.keys())
    if common >= FEWEST_COMMON:
        return None
    seeds = f"{common or 'no'} seed" if common < 2 else f"{common} seeds"
    return (
        f"{a.name} and {b.name} have {seeds} in common, and runs are compared under the same seed: "
        f"an interval needs {FEWEST_COMMON}, a verdict 6"
    )


def compare_declared(
    arms: Sequence[ArmValues],
    baseline: ArmValues,
    rule: DecisionRule,
    left_out: Sequence[str] = (),
) -> list[DeclaredComparison]:
    """Compare each arm with the baseline, as one family (Holm's rule over them).

    `left_out` are sentences on runs that never became values. Raises `ValueError` for a value that
    is not finite, and where two arms have too few common seeds.
    """
    for arm in arms:
        if problem := too_few_common(arm, baseline):
            raise ValueError(problem)
    family = compare_family([ComparisonInput(arm, baseline, rule) for arm in arms])
    return [
        _marked(comparison, arm, baseline, rule, left_out)
        for comparison, arm in zip(family, arms, strict=True)
    ]


def _marked(
    comparison: Comparison,
    a: ArmValues,
    b: ArmValues,
    rule: DecisionRule,
    left_out: Sequence[str],
) -> DeclaredComparison:
    only_a = tuple(sorted(a.by_seed.keys() - b.by_seed.keys()))
    only_b = tuple(sorted(b.by_seed.keys() - a.by_seed.keys()))
    unpaired = [_unpaired(arm, seeds) for arm, seeds in ((a, only_a), (b, only_b)) if seeds]
    every = (*left_out, *unpaired)
    margin = "" if rule.equivalence_margin is None else ", the margin"
    declared = f"The values, the metric{margin} and the confidence are as the caller declared them."
    fields = dict(comparison)
    fields["sentence"] = " ".join([comparison.sentence, *every, declared])
    return DeclaredComparison(**fields, only_a=only_a, only_b=only_b, left_out=every)


def _unpaired(arm: ArmValues, seeds: Sequence[int]) -> str:
    shown = ", ".join(str(seed) for seed in seeds[:SHOWN_SEEDS])
    more = ", …" if len(seeds) > SHOWN_SEEDS else ""
    if len(seeds) == 1:
        return f"The seed that only {arm.name} has is left out: {shown}."
    return f"The {len(seeds)} seeds that only {arm.name} has are left out: {shown}{more}."
