"""What makes a comparison say little of the choice between its arms, whatever the verdict."""

from collections.abc import Mapping

from models.comparison.inputs import ComparisonInput
from models.comparison.schema import ComparisonWarning


def chance_levels(majority: float, duplicates: float) -> Mapping[str, float]:
    """What metrics are without any learning, from the share of the test pairs that have the more
    frequent label, and the share that are duplicates."""
    return {
        "test.accuracy": majority,
        "test.average_precision": duplicates,
        "test.roc_auc": 0.5,
        "validation.roc_auc": 0.5,
    }


def all_collapsed(compared: ComparisonInput) -> bool:
    """Whether every run of both arms ended collapsed."""
    arms = (compared.a, compared.b)
    return all(arm.by_seed and arm.collapsed >= arm.by_seed.keys() for arm in arms)


def warnings_of(compared: ComparisonInput) -> tuple[ComparisonWarning, ...]:
    """The warnings on two arms: all collapsed, or neither better than calling pairs alike."""
    a, b = compared.a, compared.b
    if all_collapsed(compared):
        runs = len(a.by_seed) + len(b.by_seed)
        sentence = (
            f"All {runs} runs of both arms ended collapsed, with one vector for all questions, so "
            "they say nothing about the choice."
        )
        return (ComparisonWarning(kind="all_collapsed", sentence=sentence),)
    if _learned_nothing(compared):
        assert compared.chance is not None
        sentence = (
            f"Neither {a.name} nor {b.name} is above {compared.chance:.4f}, which takes no "
            "learning, so they have not learned enough to be compared."
        )
        return (ComparisonWarning(kind="nothing_learned", sentence=sentence),)
    return ()


def _learned_nothing(compared: ComparisonInput) -> bool:
    """Whether the mean of neither arm is above what calling all pairs alike would give."""
    means = [
        sum(arm.by_seed.values()) / len(arm.by_seed)
        for arm in (compared.a, compared.b)
        if arm.by_seed
    ]
    chance = compared.chance
    return len(means) == 2 and chance is not None and max(means) <= chance
