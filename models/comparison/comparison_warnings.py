"""What makes a comparison say little of the choice between its arms, whatever the verdict."""

from collections.abc import Iterable, Mapping

from models.comparison.inputs import ArmValues, ComparisonInput
from models.comparison.schema import ComparisonWarning


def chance_levels(majority: float, duplicates: float) -> Mapping[str, float]:
    """What metrics are without any learning, from the share of the test pairs that have the more
    frequent label, and the share that are duplicates. The recall has no such level: whoever calls
    all pairs duplicates has the best there is."""
    return {
        "test.accuracy": majority,
        "test.average_precision": duplicates,
        "test.f1": 2 * duplicates / (1 + duplicates),
        "test.mcc": 0.0,
        "test.precision": duplicates,
        "test.roc_auc": 0.5,
        "validation.mcc": 0.0,
        "validation.roc_auc": 0.5,
    }


def all_collapsed(compared: ComparisonInput) -> bool:
    """Whether every run of both arms ended collapsed."""
    arms = (compared.a, compared.b)
    return all(arm.by_seed and arm.collapsed >= arm.by_seed.keys() for arm in arms)


def warnings_of(compared: ComparisonInput) -> tuple[ComparisonWarning, ...]:
    """The warnings on two arms: all collapsed, or neither better than calling pairs alike; where
    they were tuned, that their settings differ, or are at the edge of those tried; and what was
    the same in all runs, so that nothing is said of other draws of it."""
    tuned = [_different_settings(compared), _at_edge(compared.a), _at_edge(compared.b)]
    return (
        *_learned_too_little(compared),
        *(one for one in tuned if one is not None),
        *held_warning([compared.a, compared.b]),
    )


def held_warning(arms: Iterable[ArmValues]) -> tuple[ComparisonWarning, ...]:
    """That these arms were trained at one draw of a source alone, where one was held."""
    held = dict.fromkeys(one for arm in arms for one in arm.held)
    if not held:
        return ()
    sentence = f"All runs have the {' and the '.join(held)}, so this says nothing of other ones."
    return (ComparisonWarning(kind="held_source", sentence=sentence),)


def _different_settings(compared: ComparisonInput) -> ComparisonWarning | None:
    """Fresh seeds judge the settings that were chosen. That an arm was given another one than the
    other arm may itself be chance, which no fresh seed can tell (`benchmarks/README.md`)."""
    a, b = compared.a.tuned, compared.b.tuned
    if a is None or b is None or a.chosen is None or b.chosen is None:
        return None  # not known, or chosen anew under every seed: its luck is in the interval
    if a.settings != b.settings or a.chosen == b.chosen:
        return None
    sentence = (
        f"{compared.a.name} and {compared.b.name} were given different settings, so this is the "
        "difference of both with their settings, which few tuning seeds may have chosen by chance."
    )
    return ComparisonWarning(kind="different_settings", sentence=sentence)


def _at_edge(arm: ArmValues) -> ComparisonWarning | None:
    if arm.tuned is None or not arm.tuned.at_edge:
        return None
    fields = " and ".join(arm.tuned.at_edge)
    sentence = (
        f"The setting that was chosen for {arm.name} is at the edge of those tried in {fields}, so "
        "a better one may lie beyond."
    )
    return ComparisonWarning(kind="chosen_at_edge", sentence=sentence)


def _learned_too_little(compared: ComparisonInput) -> tuple[ComparisonWarning, ...]:
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
