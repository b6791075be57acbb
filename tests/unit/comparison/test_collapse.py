"""Collapsed runs: when a run is one, how many there were, and the difference without them."""

import math

import pytest
from scipy import stats

from models.comparison.collapse.collapsed_counts import collapse, pairs_without_collapsed
from models.comparison.collapse.plateau_level import is_collapsed
from models.comparison.paired_t import paired
from models.comparison.schema import Collapse
from models.comparison.sign_flip import sign_flip_p

ALIKE = {"test.positive_mean": 0.9995, "test.negative_mean": 0.9991}


def counted(
    a: dict[int, float], b: dict[int, float], fell_a: dict[int, bool], fell_b: dict[int, bool]
) -> Collapse:
    """From seed -> value, and seed -> whether the run ended collapsed."""
    collapsed = ([seed for seed, fell in side.items() if fell] for side in (fell_a, fell_b))
    left = pairs_without_collapsed(paired(a, b), *collapsed)
    p = sign_flip_p([pair.difference for pair in left])
    return collapse(left, p, fell_a, fell_b, 0.95)


@pytest.mark.parametrize(
    ("metrics", "loss", "ended"),
    [
        ({**ALIKE, "validation.loss_per_row": 0.5}, 0.5, True),
        ({**ALIKE, "validation.loss_per_row": 0.4749}, 0.5, False),
        ({**ALIKE, "validation.loss_per_row": 0.5251}, 0.5, False),
        (ALIKE, 0.5, True),
        ({**ALIKE, "validation.loss_per_row": 0.1}, None, True),
        ({"test.positive_mean": 1.0}, 0.5, True),  # a test part without other pairs
        ({**ALIKE, "test.negative_mean": 0.94, "validation.loss_per_row": 0.5}, 0.5, False),
        # an untrained network: its loss is large, and it calls no pair a duplicate
        (
            {
                "test.positive_mean": 0.469,
                "test.negative_mean": 0.354,
                "test.predicted_positive": 0.0,
                "validation.loss_per_row": 0.63,
            },
            0.5,
            False,
        ),
        ({}, 0.5, False),
    ],
)
def test_a_run_is_collapsed_by_its_similarities_and_its_loss_from_both_sides(
    metrics: dict[str, float], loss: float | None, ended: bool
) -> None:
    assert is_collapsed(metrics, loss) is ended


def test_collapse_is_counted_with_wilsons_interval_and_left_out_beside() -> None:
    a = {0: 0.74, 1: 0.38, 2: 0.75, 3: 0.76, 4: 0.38}
    b = {0: 0.73, 1: 0.74, 2: 0.73, 3: 0.38}
    fell_a, fell_b = {s: v < 0.5 for s, v in a.items()}, {s: v < 0.5 for s, v in b.items()}
    found = counted(a, b, fell_a, fell_b)
    assert (found.a.collapsed, found.a.n, found.a.share) == (2, 5, 0.4)
    z, p, n = stats.norm.ppf(0.975), 0.4, 5
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    assert found.a.interval is not None
    assert (found.a.interval.low, found.a.interval.high) == pytest.approx(
        (centre - half, centre + half)
    )
    assert (found.only_a, found.only_b, found.p) == (1, 1, 1.0)
    # seed 4 is not paired; of the four pairs two have a collapsed run
    assert found.without.pairs == 2
    assert found.without.mean_difference == pytest.approx(0.015)
    t = stats.ttest_1samp([0.01, 0.02], 0).confidence_interval(0.95)
    assert found.without.interval is not None
    assert found.without.interval.high == pytest.approx(t.high)
    assert found.without.sign_flip_p == 0.5


@pytest.mark.parametrize("n", range(1, 30))
def test_the_interval_of_a_share_stays_between_0_and_1(n: int) -> None:
    all_of_them, none = dict.fromkeys(range(n), True), dict.fromkeys(range(n), False)
    found = collapse((), None, all_of_them, none, 0.95)
    assert found.a.interval is not None
    assert found.b.interval is not None
    assert (found.a.interval.high, found.b.interval.low) == (1.0, 0.0)


def test_collapse_of_no_runs_has_no_share() -> None:
    found = counted({}, {}, {}, {})
    assert (found.a.n, found.a.share, found.a.interval, found.p) == (0, None, None, 1.0)
    assert (found.without.pairs, found.without.mean_difference) == (0, None)


def test_collapse_of_one_arm_alone_is_tested_over_the_seeds() -> None:
    fell, stood = dict.fromkeys(range(6), True), dict.fromkeys(range(6), False)
    assert collapse((), None, fell, stood, 0.95).p == 2 / 64
