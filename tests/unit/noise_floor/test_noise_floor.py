"""The noise floor against slow plain code, scipy's own distributions and a simulation."""

import math
import re
from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats
from statsmodels.stats.power import TTestPower

from models.comparison.inputs import ArmValues
from models.comparison.lines import Lines
from models.comparison.rule import DecisionRule
from models.noise_floor.noise_floor import detectable_by_one, noise_floor, sd_interval
from models.noise_floor.schema import NoiseFloor

ACCURACIES = [0.7355, 0.7311, 0.7402, 0.7388, 0.7297, 0.7360, 0.7341, 0.7419]
VERDICTS = re.compile(r"equal|same|identical|equivalent|no (real )?difference|better|undecided")


def floor_of(
    values: list[float], margin: float = 0.005, collapsed: int = 0, **more: Any
) -> NoiseFloor:
    arm = ArmValues("vanilla", dict(enumerate(values)), frozenset(range(collapsed)))
    return noise_floor(arm, DecisionRule("test.accuracy", margin, 0.95), **more)


def sd_of(values: list[float]) -> float:
    mean = sum(values) / len(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))


def test_every_figure_is_what_plain_arithmetic_gives() -> None:
    found, n, sd = floor_of(ACCURACIES), len(ACCURACIES), sd_of(ACCURACIES)
    assert (found.n, found.points, found.margin) == (n, tuple(ACCURACIES), 0.005)
    assert found.mean == pytest.approx(sum(ACCURACIES) / n)
    assert found.iqm == pytest.approx(sum(sorted(ACCURACIES)[2:6]) / 4)
    assert found.sd == pytest.approx(sd)
    spread = math.sqrt(2) * sd
    apart = found.two_runs_differ_by
    assert apart.median == pytest.approx(stats.t.ppf(0.75, n - 1) * spread)
    assert apart.in_1_of_20 == pytest.approx(stats.t.ppf(0.975, n - 1) * spread)
    assert apart.beyond_margin == pytest.approx(2 * stats.t.sf(0.005 / spread, n - 1))
    assert found.sd_interval is not None
    assert found.sd_interval.low == pytest.approx(sd * math.sqrt(7 / stats.chi2.ppf(0.975, 7)))
    assert found.sd_interval.high == pytest.approx(sd * math.sqrt(7 / stats.chi2.ppf(0.025, 7)))


def test_a_difference_that_one_run_each_cannot_see_is_found_in_four_of_five() -> None:
    found, n = floor_of(ACCURACIES), len(ACCURACIES)
    limit, spread = stats.t.ppf(0.975, n - 1), math.sqrt(2) * sd_of(ACCURACIES)
    assert found.one_run_each_cannot_see is not None
    shift = found.one_run_each_cannot_see / spread
    power = stats.nct.sf(limit, n - 1, shift) + stats.nct.cdf(-limit, n - 1, shift)
    assert power == pytest.approx(0.8, abs=1e-4)


def test_the_seeds_are_the_fewest_that_statsmodels_and_an_integral_find_enough() -> None:
    found, spread = floor_of(ACCURACIES), math.sqrt(2) * sd_of(ACCURACIES)
    effect = 0.005 / spread
    needed = next(n for n in range(2, 500) if TTestPower().power(effect, n, 0.05) >= 0.8)
    assert found.seeds_for_margin == max(6, needed)
    same = next(n for n in range(2, 500) if equivalence_power(effect, n) >= 0.8)
    assert found.seeds_for_equivalence == max(6, same)


def equivalence_power(effect: float, n: int) -> float:
    """TOST's at no difference: over the sample sds, the chance that the mean lies well inside."""
    limit = stats.t.ppf(0.95, n - 1)

    def inside(s: float) -> float:
        room = effect * math.sqrt(n) - limit * s
        density = stats.chi.pdf(s * math.sqrt(n - 1), n - 1) * math.sqrt(n - 1)
        return float(density * (2 * stats.norm.cdf(room) - 1))

    end = effect * math.sqrt(n) / limit
    return float(integrate.quad(inside, 0, end, limit=200)[0])


@pytest.mark.parametrize("n", [3, 6, 12])
def test_two_further_runs_differ_by_more_in_half_and_in_1_of_20_of_all_cases(n: int) -> None:
    """Over many noise floors of n normal runs, each with two further runs: a known truth."""
    draws = np.random.default_rng(n).normal(size=(40_000, n + 2))
    sds, apart = draws[:, :n].std(axis=1, ddof=1), np.abs(draws[:, n] - draws[:, n + 1])
    unit = floor_of([0.0, *(float((-1) ** at) for at in range(n - 1))])  # all is in units of its sd
    assert unit.sd is not None
    assert unit.two_runs_differ_by.median is not None
    assert unit.two_runs_differ_by.in_1_of_20 is not None
    half, rare = (
        float(np.mean(apart > value / unit.sd * sds))
        for value in (unit.two_runs_differ_by.median, unit.two_runs_differ_by.in_1_of_20)
    )
    assert half == pytest.approx(0.5, abs=0.01)
    assert rare == pytest.approx(0.05, abs=0.005)
    true = math.sqrt(2) * detectable_by_one(n, 0.05)
    limit = unit.two_runs_differ_by.in_1_of_20 / unit.sd
    seen = np.abs(draws[:, n] - draws[:, n + 1] + true) > limit * sds
    assert float(np.mean(seen)) == pytest.approx(0.8, abs=0.01)


def test_the_interval_of_the_sd_holds_the_true_one_in_95_of_100() -> None:
    draws = np.random.default_rng(7).normal(size=(20_000, 8))
    one = sd_interval(1.0, 8, 0.95)
    sds = draws.std(axis=1, ddof=1)
    covered = (one.low * sds <= 1) & (one.high * sds >= 1)
    assert float(np.mean(covered)) == pytest.approx(0.95, abs=0.006)


def test_the_sentence_names_the_noise_and_no_verdict() -> None:
    said = floor_of(ACCURACIES).sentence
    assert said.startswith("8 runs of vanilla have a test accuracy of 0.7359 on average")
    for words in ("differ by more than", "in half of all cases", "1 of 20", "margin 0.005 takes"):
        assert words in said
    assert not VERDICTS.search(said)
    so_far = floor_of(ACCURACIES, planned=12, awaited=4).sentence
    assert so_far.startswith("So far 8 of 12 planned runs of vanilla have")
    ended = floor_of(ACCURACIES, planned=12).sentence
    assert ended.startswith("8 of 12 planned runs of vanilla")
    assert "more than 100,000 seeds" in floor_of(ACCURACIES, margin=1e-6).sentence


@pytest.mark.parametrize("values", [[], [0.7], [0.7, 0.71], [0.31] * 6])
def test_without_runs_or_noise_no_value_is_made_up(values: list[float]) -> None:
    found = floor_of(values)
    apart = found.two_runs_differ_by
    assert (apart.median, apart.in_1_of_20, apart.beyond_margin) == (None, None, None)
    assert (found.one_run_each_cannot_see, found.seeds_for_margin) == (None, None)
    assert (found.sd_interval, found.seeds_for_equivalence) == (None, None)
    assert (found.sd is None) == (len(values) < 2)
    assert not VERDICTS.search(found.sentence)
    words = ["no run of it", "1 run of vanilla is too few", "2 runs of vanilla are too few"]
    expected = words[len(values)] if len(values) < 3 else "all have a test accuracy of 0.3100"
    assert expected in found.sentence


def test_collapsed_runs_stay_in_and_are_counted() -> None:
    found = floor_of([*ACCURACIES, 0.31], collapsed=1)
    assert (found.n, found.collapsed) == (9, 1)
    assert "1 of the 9 runs ended collapsed" in found.sentence
    assert "All 6 runs ended collapsed" in floor_of([0.31] * 6, collapsed=6).sentence


def test_runs_that_learned_nothing_are_called_so() -> None:
    low = floor_of(ACCURACIES, lines=Lines(0.74)).sentence
    assert "The mean is not above 0.7400, which takes no learning; it tells nothing of" in low
    counted = floor_of(ACCURACIES, lines=Lines(0.62, tf_idf=0.8)).sentence
    assert "The mean is not above 0.8000, which the cosine of TF-IDF vectors has" in counted
    assert "no learning" not in floor_of(ACCURACIES, lines=Lines(0.62, tf_idf=0.7)).sentence
