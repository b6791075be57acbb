"""Which setting is chosen, where that is an edge, and what the settings that were tried say."""

import itertools
import math
from functools import partial
from statistics import fmean, stdev

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from models.specs.parse import parse_spec
from models.specs.tuning import TuningSpec
from models.tuning.by_setting import against_baseline, differences_by_setting
from models.tuning.choosing import choose
from models.tuning.edges import edges_of
from models.tuning.expected_best import expected_best

from support.published import MINIMAL

LR = "/optimizer/lr"
settings = st.lists(
    st.dictionaries(st.integers(0, 3), st.sampled_from([0.5, 0.6, 0.7, 0.8])), max_size=6
)


@given(settings)
def test_the_best_mean_among_the_settings_with_the_most_values_the_earliest_of_equal_ones(
    values: list[dict[int, float]],
) -> None:
    found = choose(values)
    most = max((len(own) for own in values), default=0)
    if not most:
        assert found is None
        return
    assert found is not None
    means = {n: fmean(own.values()) for n, own in enumerate(values) if len(own) == most}
    assert found.mean == pytest.approx(max(means.values()))
    assert found.setting == min(n for n, mean in means.items() if mean >= found.mean - 1e-12)


def test_a_complete_setting_is_preferred_to_a_better_one_with_a_failed_run() -> None:
    found = choose([{0: 0.6, 1: 0.6}, {0: 0.9}, {0: 0.7, 1: 0.6}])
    assert found is not None
    assert found.setting == 2
    assert found.mean == pytest.approx(0.65)


def test_the_order_in_which_seeds_are_read_changes_no_bit_of_a_mean() -> None:
    values = {seed: 0.1 * seed + 1e-9 for seed in range(7)}
    turned = dict(reversed(values.items()))
    assert choose([values]) == choose([turned])


@pytest.mark.parametrize("count", range(1, 8))
def test_the_expected_best_is_the_mean_over_every_choice_of_so_many_settings(count: int) -> None:
    means = [
        float(mean) for mean in np.random.default_rng(count).choice([0.1, 0.2, 0.4, 0.5], count)
    ]
    found = expected_best(means)
    assert [one.settings for one in found] == list(range(1, count + 1))
    for one in found:
        bests = sorted(map(max, itertools.combinations(means, one.settings)))
        assert one.mean == pytest.approx(fmean(bests))
        assert one.low == bests[math.ceil(0.025 * len(bests)) - 1]
        assert one.high == bests[math.ceil(0.975 * len(bests)) - 1]
    assert (found[-1].low, found[-1].mean, found[-1].high) == (max(means),) * 3


def test_without_a_mean_nothing_is_expected() -> None:
    assert expected_best([]) == ()


def tuning(**changes: object) -> TuningSpec:
    made = parse_spec({**MINIMAL, "tuning": changes}).tuning
    assert made is not None
    return made


@pytest.mark.parametrize(
    ("values", "value", "at_edge"),
    [
        ([0.01, 0.001, 0.1], 0.001, True),
        ([0.01, 0.001, 0.1], 0.1, True),
        ([0.01, 0.001, 0.1], 0.01, False),
        ([0.01, 0.1], 0.01, True),
    ],
)
def test_the_edge_of_a_grid_is_its_lowest_and_its_highest_number(
    values: list[float], value: float, at_edge: bool
) -> None:
    made = tuning(grid={LR: values})
    assert edges_of(made, {LR: value}) == ((LR,) if at_edge else ())


def test_what_has_no_order_or_one_value_has_no_edge() -> None:
    made = tuning(grid={"/encoder/init": ["torch", "trax"], "/loss/margin": [0.25]})
    assert edges_of(made, made.all_settings[0]) == ()


@pytest.mark.parametrize(
    ("value", "at_edge"),
    [(0.001, True), (0.0015, True), (0.002, False), (0.05, False), (0.09, True)],
)
def test_the_edge_of_a_range_is_its_outermost_tenth_on_its_own_scale(
    value: float, at_edge: bool
) -> None:
    made = tuning(ranges={LR: {"low": 0.001, "high": 0.1, "scale": "log"}}, settings=2)
    assert edges_of(made, {LR: value}) == ((LR,) if at_edge else ())


def test_differences_at_equal_settings_are_those_of_plain_arithmetic() -> None:
    third = {"name": "third", "loss": {"terms": [{"kind": "closest_negative", "weight": 2.0}]}}
    document = {**MINIMAL, "arms": [*MINIMAL["arms"], third], "tuning": {"grid": {LR: [0.1, 0.2]}}}
    spec = parse_spec(document)
    draw = np.random.default_rng(3)
    seeds = range(9_000_000, 9_000_003)
    values = {
        arm.name: [{seed: float(draw.random()) for seed in seeds} for _ in range(2)]
        for arm in spec.arms
    }
    del values["third"][1][9_000_001], values["third"][0][9_000_000], values["third"][0][9_000_002]
    found = list(differences_by_setting(spec, values, partial(against_baseline, spec)))
    assert [(one.setting, one.a, one.b) for one in found] == [
        (setting, arm, "vanilla") for setting in range(2) for arm in ("modified", "third")
    ]
    for one in found:
        ours, theirs = values[one.a][one.setting], values["vanilla"][one.setting]
        differences = [ours[seed] - theirs[seed] for seed in seeds if seed in ours]
        assert [pair.difference for pair in one.pairs] == pytest.approx(differences)
        assert one.mean_difference == pytest.approx(fmean(differences))
        if len(differences) == 1:
            assert one.interval is None
            continue
        half = stats.t.ppf(0.975, len(differences) - 1) * stdev(differences)
        half /= math.sqrt(len(differences))
        assert one.interval is not None
        assert one.interval.low == pytest.approx(fmean(differences) - half)
        assert one.interval.high == pytest.approx(fmean(differences) + half)
