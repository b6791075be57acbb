"""Which runs an endpoint is about, where some arms have no plateau."""

from api.results.event_endpoints import plateau_on_evaluations, plateau_on_steps
from models.store.metrics.loss_series import ValidationLosses
from models.store.tables import Run

from support.stored import small_spec

LEVELS = {"vanilla": 0.475}  # the loss of `modified` has no hinge


def runs() -> list[Run]:
    return [Run(id=f"run_{arm}", arm=arm, seed=0, step=40) for arm in ("vanilla", "modified")]


def test_an_arm_without_a_plateau_has_no_times_on_steps() -> None:
    above = [1, 2, 3, 4, 5, 9, 10, 11, 12]  # three steps below in a row are noise
    found = plateau_on_steps(runs(), {"run_vanilla": above}, LEVELS)
    assert [(one.run.arm, one.time.step) for one in found.times] == [("vanilla", 13)]
    assert found.levels == LEVELS


def test_an_arm_without_a_plateau_has_no_times_on_evaluations() -> None:
    rows = [ValidationLosses(step, 0.3, 30.0, 0.7) for step in (10, 20, 30, 40)]
    evaluations = {"run_vanilla": rows, "run_modified": rows}
    found = plateau_on_evaluations(small_spec(), runs(), evaluations, LEVELS)
    assert [(one.run.arm, one.time.step) for one in found.times] == [("vanilla", 10)]


def test_a_run_whose_loss_was_never_above_the_level_left_at_its_first_step() -> None:
    found = plateau_on_steps(runs(), {}, LEVELS)
    assert [(one.time.step, one.time.reached) for one in found.times] == [(1, True)]
