"""Leaving the plateau and relapses: the stretches against a scanner that looks at each check."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.comparison.collapse.plateau_level import plateau_level
from models.survival.plateau import (
    EVALUATIONS,
    STEPS,
    PlateauStay,
    Rule,
    plateau_stay,
    stretches_of_checks,
    stretches_of_steps,
)

LEVEL = 0.475
ON, OFF = 0.5, 0.3

losses = st.lists(st.sampled_from([ON, OFF, LEVEL, 0.4749999]), min_size=1, max_size=60)
rules = st.builds(Rule, leave=st.integers(1, 5), relapse=st.integers(1, 5))


def scanned(checks: list[tuple[int, float]], rule: Rule) -> PlateauStay:
    """The definition, check by check: look ahead from each whether the next so many agree."""
    first, relapses, on_plateau = None, 0, True
    for index, (step, _) in enumerate(checks):
        needed = rule.leave if on_plateau else rule.relapse
        ahead = [loss for _, loss in checks[index : index + needed]]
        moved = all((loss < LEVEL) == on_plateau for loss in ahead) and len(ahead) == needed
        if moved and on_plateau:
            on_plateau = False
            first = first or step
        elif moved:
            on_plateau = True
            relapses += 1
    last = checks[-1][0]
    return PlateauStay(first or last, first is not None, relapses, on_plateau)


def stay(losses: list[float], rule: Rule = EVALUATIONS, every: int = 100) -> PlateauStay:
    checks = [(every * (index + 1), loss) for index, loss in enumerate(losses)]
    return plateau_stay(stretches_of_checks(checks, LEVEL), rule)


@given(losses, rules)
def test_the_stay_is_that_of_a_scanner_of_every_check(losses: list[float], rule: Rule) -> None:
    checks = [(7 * (index + 1), loss) for index, loss in enumerate(losses)]
    assert plateau_stay(stretches_of_checks(checks, LEVEL), rule) == scanned(checks, rule)


@given(losses)
def test_the_steps_at_or_above_the_level_tell_the_same_as_all_steps(losses: list[float]) -> None:
    checks = list(enumerate(losses, start=1))
    above = [step for step, loss in checks if loss >= LEVEL]
    assert stretches_of_steps(above, first=1, last=len(losses)) == stretches_of_checks(
        checks, LEVEL
    )


@given(losses, st.integers(1, 60))
def test_the_steps_before_the_first_do_not_count(losses: list[float], first: int) -> None:
    checks = [(step, loss) for step, loss in enumerate(losses, start=1) if step >= first]
    above = [step for step, loss in enumerate(losses, start=1) if loss >= LEVEL]
    assert stretches_of_steps(above, first, len(losses)) == stretches_of_checks(checks, LEVEL)


def test_the_first_of_three_evaluations_in_a_row_is_where_it_was_left() -> None:
    assert stay([ON, OFF, OFF, ON, OFF, OFF, OFF, OFF]) == PlateauStay(500, True, 0, False)


def test_two_evaluations_below_at_the_end_are_no_leaving_yet() -> None:
    assert stay([ON, ON, OFF, OFF]) == PlateauStay(400, False, 0, True)


def test_a_loss_at_the_level_is_still_on_the_plateau() -> None:
    assert stay([LEVEL] * 5) == PlateauStay(500, False, 0, True)


def test_one_evaluation_at_the_level_is_a_relapse_and_the_next_needs_a_new_leaving() -> None:
    hovering = [OFF, OFF, OFF, ON, OFF, ON, OFF, OFF]
    assert stay(hovering) == PlateauStay(100, True, 1, True)
    assert stay([*hovering, OFF]) == PlateauStay(100, True, 1, False)
    assert stay([*hovering, OFF, ON]) == PlateauStay(100, True, 2, True)


def test_the_noise_of_single_steps_neither_leaves_nor_relapses() -> None:
    noisy_plateau = [ON, ON, OFF, OFF, OFF] * 6
    gone = [OFF] * 10
    noisy_below = [OFF, ON, ON] * 6
    found = stay([*noisy_plateau, ON, *gone, *noisy_below], STEPS, every=1)
    assert found == PlateauStay(32, True, 0, False)
    assert stay([ON, *gone, *[ON] * 10, OFF], STEPS, every=1) == PlateauStay(2, True, 1, True)


def test_the_plateau_of_the_course_ends_below_0_475_a_row() -> None:
    assert plateau_level(0.5) == pytest.approx(0.475)


@pytest.mark.parametrize("collapsed", [0.0, None])
def test_a_loss_without_hinges_has_no_plateau(collapsed: float | None) -> None:
    assert plateau_level(collapsed) is None


def test_a_run_without_any_check_is_refused() -> None:
    with pytest.raises(ValueError, match="without any check"):
        plateau_stay(stretches_of_steps([], first=1, last=0), STEPS)
