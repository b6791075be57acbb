"""Pictures of as many arms and runs as there may be: what cannot be read is left out, and told."""

import numpy as np
import pytest

from api.exports.pictures import MOST_APART, MOST_NAMED, noise_floor, training_curves

STEPS = [*range(1, 11)]


@pytest.mark.parametrize("arms", [2, MOST_NAMED, 64])
def test_lines_are_named_as_long_as_their_names_can_be_read(arms: int) -> None:
    curve = {"step": STEPS, "loss_per_row": [1 / step for step in STEPS]}
    (axes,) = training_curves({f"arm {n}": [curve] for n in range(arms)}, None).axes
    assert len(axes.get_legend_handles_labels()[1]) == arms
    if arms <= MOST_NAMED:
        assert axes.get_legend() is not None
        assert axes.get_title() == ""
    else:
        assert axes.get_legend() is None
        assert axes.get_title() == "64 lines, too many to name"


def test_of_very_many_differences_some_are_drawn_the_largest_among_them() -> None:
    points = [0.7 + 0.00001 * (n * n % 997) for n in range(200)]
    floor = {
        "arm": "vanilla",
        "metric": "test.accuracy",
        "points": points,
        "margin": 0.005,
        "mean": 0.7,
        "sd": 0.003,
        "two_runs_differ_by": {"median": 0.003, "in_1_of_20": 0.008},
    }
    _, right = noise_floor(floor, ()).axes
    dots = np.asarray(right.lines[0].get_xdata())
    assert dots.shape == (MOST_APART,)
    assert dots.max() == pytest.approx(max(points) - min(points))
