"""Lines of many arms in words: what all start with once, else each, else the best."""

import pytest

from models.comparison.lines import LinesInWords, measured_lines, near_lines


def lines(untrained: dict[str, float]) -> LinesInWords:
    return measured_lines(
        {"by_metric": {"test.accuracy": {"untrained": untrained}}}, "test.accuracy"
    )


@pytest.mark.parametrize("arms", [2, 16])
def test_arms_that_start_alike_have_one_line(arms: int) -> None:
    alike = lines({f"arm {number}": 0.46 for number in range(arms)})
    assert alike == [("every arm before its first step", 0.46)]


def test_arms_that_start_differently_have_a_line_each() -> None:
    told = [("a before its first step", 0.46), ("b before its first step", 0.5)]
    assert lines({"a": 0.46, "b": 0.5}) == told


def test_a_single_arm_is_told_by_its_name() -> None:
    assert lines({"a": 0.46}) == [("a before its first step", 0.46)]


def test_of_very_many_arms_that_differ_the_best_is_told() -> None:
    untrained = {f"arm {number}": number / 100 for number in range(16)}
    assert lines(untrained) == [("the best of 16 arms before its first step", 0.15)]


def test_a_line_far_from_values_that_hardly_differ_is_not_drawn_beside_them() -> None:
    lines = [("majority", 0.62), ("TF-IDF", 0.53)]
    assert near_lines(lines, [0.89, 0.9], "test.accuracy") == []
    assert near_lines(lines, [0.64, 0.7], "test.accuracy") == [("majority", 0.62)]
    assert near_lines(lines, [0.9, 0.9], "test.accuracy") == [("majority", 0.62)]
