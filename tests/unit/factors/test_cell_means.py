"""Means of cells, and of every two levels of two factors."""

import pytest

from models.factors.cell_means import cell_summaries, factor_pairs

from support.factors import cells_of, design_of


def test_a_cell_has_its_levels_and_the_values_of_its_own_runs() -> None:
    spec = design_of(2, 2)
    cells = cells_of(spec, {arm.name: [0.7, 0.8] for arm in spec.arms})
    del cells["a=1, b=1"].by_seed[1]  # type: ignore[attr-defined]
    found = cell_summaries(spec, cells)
    assert [one.arm for one in found] == [arm.name for arm in spec.arms]
    assert found[-1].levels == {"a": "1", "b": "1"}
    assert [(one.summary.n, one.summary.mean) for one in found] == [
        (2, 0.75), (2, 0.75), (2, 0.75), (1, 0.7),
    ]  # fmt: skip


def test_two_factors_are_averaged_over_the_third_and_over_whole_seeds_alone() -> None:
    spec = design_of(2, 2, 3)
    values = {
        arm.name: [0.1 * index + 0.01 * seed for seed in range(3)]
        for index, arm in enumerate(spec.arms)
    }
    cells = cells_of(spec, values)
    del cells["a=1, b=1, c=2"].by_seed[1]  # type: ignore[attr-defined]
    first, *_ = pairs = factor_pairs(spec, cells)
    assert [one.factors for one in pairs] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert {one.seeds for one in pairs} == {2}
    for mean in first.means:
        a, b = mean.levels
        whole = [values[f"a={a}, b={b}, c={c}"][seed] for c in range(3) for seed in (0, 2)]
        assert mean.mean == pytest.approx(sum(whole) / len(whole))


def test_one_at_a_time_no_two_factors_are_varied_together() -> None:
    spec = design_of(2, 2, design="one_at_a_time")
    cells = cells_of(spec, {arm.name: [0.7] for arm in spec.arms})
    assert factor_pairs(spec, cells) == []
    assert len(cell_summaries(spec, cells)) == 3


def test_without_a_whole_seed_there_is_no_mean() -> None:
    spec = design_of(2, 2)
    (pair,) = factor_pairs(spec, cells_of(spec, {arm.name: [] for arm in spec.arms}))
    assert (pair.seeds, {one.mean for one in pair.means}) == (0, {None})
