"""A curve in one line of text: as long as asked, low where the values are low."""

from hypothesis import given
from hypothesis import strategies as st

from api.cli.sparkline import BLOCKS, sparkline

losses = st.lists(st.floats(1e-6, 1e6), max_size=100)


@given(losses, st.integers(1, 30))
def test_a_curve_is_as_wide_as_asked_or_as_there_are_values(
    values: list[float], width: int
) -> None:
    curve = sparkline(values, width)
    assert len(curve) == min(width, len(values))
    assert set(curve) <= set(BLOCKS)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=20))
def test_a_lower_value_never_stands_higher(values: list[float]) -> None:
    heights = [BLOCKS.index(block) for block in sparkline(values, len(values))]
    pairs = sorted(zip(values, heights, strict=True))
    assert [height for _, height in pairs] == sorted(heights)
    if max(values) > min(values):
        assert (pairs[0][1], pairs[-1][1]) == (0, len(BLOCKS) - 1)


def test_losses_are_drawn_on_a_log_scale() -> None:
    assert sparkline([1000.0, 100.0, 10.0, 1.0], 4) == "█▆▃▁"
    assert sparkline([3.0, 2.0, 1.0, 0.0], 4) == "█▆▃▁"  # a zero has no logarithm


def test_what_is_no_number_is_left_out_and_nothing_makes_no_curve() -> None:
    assert sparkline([1.0, float("nan"), float("inf"), 10.0], 9) == "▁█"
    assert sparkline([float("nan")], 9) == sparkline([], 9) == ""
    assert sparkline([2.0, 2.0], 9) == "▁▁"
