"""Thinning a series keeps what a person looks for in it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.store.metrics.thinning import thin

VALUES = st.floats(-1e6, 1e6) | st.just(float("nan"))


@st.composite
def series(draw: st.DrawFn) -> dict[str, np.ndarray]:
    length = draw(st.integers(1, 200))
    return {
        "loss": draw(arrays(np.float64, length, elements=st.floats(-1e6, 1e6))),
        "norm": draw(arrays(np.float64, length, elements=st.floats(-1e6, 1e6))),
        "share": draw(arrays(np.float64, length, elements=VALUES)),
    }


LIMITS = st.integers(1, 250)


@given(series(), LIMITS)
def test_no_extreme_of_any_column_is_lost(columns: dict[str, np.ndarray], limit: int) -> None:
    kept = thin(columns, guide="loss", max_points=limit)
    for values in columns.values():
        if not np.isnan(values).all():
            assert np.nanmin(values[kept]) == np.nanmin(values)
            assert np.nanmax(values[kept]) == np.nanmax(values)


@given(series(), LIMITS)
def test_both_ends_stay_and_the_order_too(columns: dict[str, np.ndarray], limit: int) -> None:
    kept = thin(columns, guide="loss", max_points=limit)
    assert kept[0] == 0
    assert kept[-1] == len(columns["loss"]) - 1
    assert (np.diff(kept) > 0).all()


@given(series(), LIMITS)
def test_no_more_points_are_kept_than_promised(columns: dict[str, np.ndarray], limit: int) -> None:
    assert len(thin(columns, guide="loss", max_points=limit)) <= max(limit, 2 + 2 * len(columns))


def test_a_short_series_is_left_alone() -> None:
    kept = thin({"loss": np.arange(10.0)}, guide="loss", max_points=10)
    assert kept.tolist() == list(range(10))


def test_a_spike_in_the_middle_of_each_stretch_is_seen() -> None:
    loss = np.ones(10_000)
    spikes = np.arange(55, 10_000, 500)
    loss[spikes] = np.linspace(2, 3, len(spikes))
    kept = thin({"loss": loss}, guide="loss", max_points=2 * len(spikes) + 8)
    assert set(spikes) <= set(kept)


def test_points_are_spread_over_the_whole_series() -> None:
    noise = np.random.default_rng(0).normal(size=1400)
    kept = thin({"loss": noise}, guide="loss", max_points=200)
    assert 150 <= len(kept) <= 200
    assert np.diff(kept).max() <= 3 * 1400 // 100
