"""The spread of each source against slow plain code, scipy's own distributions and a simulation."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from models.comparison.inputs import ArmValues
from models.comparison.rule import DecisionRule
from models.noise_floor.schema import SeedSources
from models.noise_floor.sources import seed_sources
from models.specs.seeds import Source

WEIGHTS: Source = "initial_weights"
ORDER: Source = "batch_order"
ROWS: Source = "training_rows"
BASE = {0: 0.731, 1: 0.738, 2: 0.729, 3: 0.742, 4: 0.735}
values = st.dictionaries(st.integers(0, 12), st.floats(0.5, 0.9), max_size=12)


def sources(
    base: Mapping[int, float], redrawn: Mapping[Source, Mapping[int, float]], **more: Any
) -> SeedSources:
    arms = {source: ArmValues(f"other {source}", own) for source, own in redrawn.items()}
    held = more.pop("held", ())
    collapsed = more.pop("collapsed", frozenset())
    arm = ArmValues("vanilla", base, collapsed=collapsed, held=held)
    return seed_sources(arm, arms, DecisionRule("test.accuracy", 0.005, 0.95), **more)


def moved(by: Mapping[int, float]) -> dict[int, float]:
    return {seed: BASE[seed] + move for seed, move in by.items()}


@given(base=values, weights=values, order=values)
def test_every_figure_is_that_of_slow_plain_code(
    base: dict[int, float], weights: dict[int, float], order: dict[int, float]
) -> None:
    found = sources(base, {WEIGHTS: weights, ORDER: order})
    assert sorted(one.source for one in found.sources) == [ORDER, WEIGHTS]
    known = [one.sd for one in found.sources if one.sd is not None]
    assert known == sorted(known, reverse=True)
    assert [one.sd is None for one in found.sources] == sorted(
        one.sd is None for one in found.sources
    ), "those that are not known come last"
    for one in found.sources:
        own = {WEIGHTS: weights, ORDER: order}[one.source]
        differences = [own[seed] - base[seed] for seed in range(13) if seed in own and seed in base]
        assert [pair.difference for pair in one.pairs] == differences
        n, total = len(differences), sum(d * d for d in differences)
        if n < 3:
            assert (one.sd, one.sd_interval) == (None, None)
            continue
        assert one.sd == pytest.approx(math.sqrt(total / (2 * n)))
        if one.sd:
            assert one.sd_interval is not None
            low, high = (math.sqrt(total / 2 / stats.chi2.ppf(q, n)) for q in (0.975, 0.025))
            assert one.sd_interval.low == pytest.approx(low)
            assert one.sd_interval.high == pytest.approx(high)
    if len(base) >= 3:
        assert found.sd == pytest.approx(np.std(list(base.values()), ddof=1), abs=1e-12)
        if found.sd:
            assert found.sd_interval is not None
            n = len(base)
            low, high = (
                found.sd * math.sqrt((n - 1) / stats.chi2.ppf(q, n - 1)) for q in (0.975, 0.025)
            )
            assert found.sd_interval.low == pytest.approx(low)
            assert found.sd_interval.high == pytest.approx(high)
    else:
        assert (found.sd, found.sd_interval) == (None, None)


def test_the_sentence_tells_the_largest_first_and_how_sure_that_is() -> None:
    weights = moved(dict(enumerate([0.001, -0.0012, 0.0009, -0.001, 0.0011])))
    rows = moved(dict(enumerate([0.01, -0.012, 0.009, 0.011, -0.0105])))
    found = sources(BASE, {WEIGHTS: weights, ROWS: rows}, planned=5)
    assert found.sentence.startswith(
        "What makes two runs of vanilla differ in test accuracy, as the standard deviation that "
        "each source makes with all else the same: training rows 0.0075 (95 % interval 0.0047 to "
        "0.0183), then initial weights 0.0007 (95 % interval 0.0005 to 0.0018). All together make "
        "0.0052 (95 % interval 0.0031 to 0.0151), over 5 seeds."
    )
    assert "overlap" not in found.sentence
    alike = sources(BASE, {WEIGHTS: weights, ORDER: weights}, held=("batch order of seed 3",))
    assert "The intervals of the first two overlap, so which is larger is not sure." in (
        alike.sentence
    )
    assert alike.sentence.endswith("All runs have the batch order of seed 3.")


def test_what_is_not_known_yet_is_said_and_no_value_is_made_up() -> None:
    few = sources({0: 0.7, 1: 0.71}, {WEIGHTS: {0: 0.72}}, planned=8, awaited=7)
    assert few.sentence == (
        "2 of 8 planned seeds so far are too few to tell what makes runs of vanilla differ, which "
        "takes 3."
    )
    one = sources(BASE, {WEIGHTS: moved({0: 0.01, 1: 0.02, 2: 0.0}), ROWS: {}}, planned=8)
    assert "over 5 of 8 planned seeds. Of training rows there are too few" in one.sentence
    same = sources(dict.fromkeys(range(4), 0.7), {WEIGHTS: dict.fromkeys(range(4), 0.7)})
    assert "whatever was drawn anew, no test accuracy differed" in same.sentence
    assert same.sources[0].sd_interval is None


def test_collapsed_runs_are_counted_and_stay_in() -> None:
    found = sources(BASE, {WEIGHTS: moved(dict.fromkeys(BASE, 0.01))}, collapsed=frozenset({1, 9}))
    assert "1 of all 10 runs ended collapsed" in found.sentence


@pytest.mark.parametrize("interaction", [0.0, 0.004])
def test_intervals_hold_the_truth_as_often_as_they_promise(interaction: float) -> None:
    """2,000 normal experiments of 8 seeds, where weights and order may act on each other."""
    generator = np.random.default_rng(7)
    own = {WEIGHTS: 0.003, ORDER: 0.001, ROWS: 0.005}
    truth = {one: math.hypot(sd, interaction * (one != ROWS)) for one, sd in own.items()}
    held = dict.fromkeys(own, 0)
    experiments, seeds = 2000, 8
    for _ in range(experiments):
        parts = {one: generator.normal(size=(2, seeds)) for one in own}
        together = generator.normal(size=(2, 2, seeds))

        def run(anew: Source | None, parts: Any = parts, together: Any = together) -> Any:
            total = sum(sd * parts[one][int(one == anew)] for one, sd in own.items())
            both = together[int(anew == WEIGHTS), int(anew == ORDER)]
            return dict(enumerate((total + interaction * both).tolist()))

        found = sources(run(None), {one: run(one) for one in own})
        for one in found.sources:
            assert one.sd_interval is not None
            held[one.source] += one.sd_interval.low <= truth[one.source] <= one.sd_interval.high
    for count in held.values():
        assert count / experiments == pytest.approx(0.95, abs=3 * 0.0049)
