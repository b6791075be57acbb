"""Which runs an endpoint is about, where some arms have no plateau."""

from api.results.event_endpoints import (
    first_on_plateau,
    plateau_on_evaluations,
    plateau_on_steps,
)
from models.store.metrics.loss_series import ValidationLosses
from models.store.tables import Run

from support.stored import small_spec

LEVELS = {"vanilla": 0.475}  # the loss of `modified` has no hinge


def runs() -> list[Run]:
    return [Run(id=f"run_{arm}", arm=arm, seed=0, step=40) for arm in ("vanilla", "modified")]


def evaluations(*losses: float, alike: bool = True) -> list[ValidationLosses]:
    """One every ten steps."""
    return [
        ValidationLosses(10 * number, loss, 30.0, 0.7, alike)
        for number, loss in enumerate(losses, start=1)
    ]


def test_an_arm_without_a_plateau_has_no_times_on_steps() -> None:
    above = [1, 2, 3, 4, 5, 9, 10, 11, 12]  # three steps below in a row are noise
    found = plateau_on_steps(runs(), {"run_vanilla": above}, {"run_vanilla": 1}, LEVELS)
    assert [(one.run.arm, one.time.step) for one in found.times] == [("vanilla", 13)]
    assert found.levels == LEVELS
    assert found.never_on == ()


def test_an_arm_without_a_plateau_has_no_times_on_evaluations() -> None:
    rows = evaluations(0.3, 0.3, 0.3, 0.3)
    both = {"run_vanilla": rows, "run_modified": rows}
    found = plateau_on_evaluations(small_spec(), runs(), both, {"run_vanilla": 1}, LEVELS)
    assert [(one.run.arm, one.time.step) for one in found.times] == [("vanilla", 10)]


def test_a_run_is_on_the_plateau_from_the_first_step_or_evaluation_that_shows_it() -> None:
    vanilla, modified = runs()
    rows = {vanilla.id: evaluations(0.49, 0.3), modified.id: evaluations(0.49)}
    assert first_on_plateau(runs(), rows, {}, LEVELS) == {vanilla.id: 10}
    assert first_on_plateau(runs(), rows, {vanilla.id: 3}, LEVELS) == {vanilla.id: 3}
    assert first_on_plateau(runs(), {}, {vanilla.id: 30}, LEVELS) == {vanilla.id: 30}


def test_large_losses_without_a_collapse_are_no_plateau() -> None:
    vanilla, _ = runs()
    rows = {vanilla.id: evaluations(0.63, 0.6, 0.3, 0.3, 0.3, alike=False)}
    first = first_on_plateau(runs(), rows, {}, LEVELS)
    assert first == {}
    for found in (
        plateau_on_evaluations(small_spec(), runs(), rows, first, LEVELS),
        plateau_on_steps(runs(), {vanilla.id: [1, 2, 3]}, first, LEVELS),
    ):
        assert found.times == ()
        assert [run.id for run in found.never_on] == [vanilla.id]


def test_steps_before_the_plateau_are_no_leaving() -> None:
    """A run that begins below the level, collapses at step 20 and leaves at step 31."""
    first = {"run_vanilla": 20}
    found = plateau_on_steps(runs(), {"run_vanilla": list(range(20, 31))}, first, LEVELS)
    assert [(one.time.step, one.time.reached) for one in found.times] == [(31, True)]
