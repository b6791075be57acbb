"""Correlations with people's scores, and triplets, under resamples: against scipy, one by one."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from safetensors.numpy import save_file
from scipy import stats

from models.comparison import run_statistics
from models.comparison.inputs import ArmRuns
from models.comparison.resampled import graded_values as module
from models.comparison.resampled.drawing import RESAMPLES, SEED
from models.comparison.resampled.graded_values import OF_GRADES, graded_values
from models.comparison.run_statistics import crossed, scored_arms
from models.comparison.scores import PairScores, scores_of

PAIRS = 40
SIX = tuple(range(6))


def drawn(count: int) -> list[NDArray[np.int64]]:
    """Which of `count` things each resample has, and last each once."""
    generator = np.random.default_rng(SEED)
    return [*(generator.integers(count, size=count) for _ in range(RESAMPLES)), np.arange(count)]


def run_of(seed: int, *, steps: int = 5, coarse: bool = False) -> PairScores:
    """Similarities that go with scores of so many steps; `coarse` ones are often equal."""
    draw = np.random.default_rng(seed)
    grade = draw.integers(0, steps, PAIRS).astype(np.float32)
    score = (grade + draw.normal(scale=2, size=PAIRS)).astype(np.float32)
    score = np.round(score).astype(np.float32) if coarse else score
    # pairs of three, of which the first is the positive
    triplet = (np.arange(PAIRS) // 3).astype(np.int32)
    label = np.arange(PAIRS) % 3 == 0
    return scores_of(np.arange(PAIRS), label, score, 0.5, grade, triplet)


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 99), coarse=st.booleans())
def test_correlations_of_a_resample_are_scipys_of_the_pairs_that_were_drawn(
    seed: int, coarse: bool
) -> None:
    run = run_of(seed, coarse=coarse)
    found = graded_values(run)
    for place in (*range(60), RESAMPLES - 1, RESAMPLES):
        taken = drawn(PAIRS)[place] if place >= 60 else DRAWN[place]
        x, y = run.score[taken], (run.grade if run.grade is not None else run.score)[taken]
        for metric, plain in (("spearman", stats.spearmanr), ("pearson", stats.pearsonr)):
            expected = plain(x.astype(np.float64), y.astype(np.float64))[0]
            assert found[f"test.{metric}"][place] == pytest.approx(expected, abs=1e-9)


DRAWN = drawn(PAIRS)[:60]


def test_triplets_are_drawn_whole() -> None:
    run = run_of(3)
    assert run.triplet is not None
    numbers = [n for n in range(PAIRS // 3 + 1) if (run.triplet == n).sum() > 1]
    right = []
    for number in numbers:
        positive, *negatives = run.score[run.triplet == number]
        right.append(positive > max(negatives))
    values = graded_values(run)["test.triplet_accuracy"]
    for place, taken in enumerate(drawn(len(numbers))):
        assert values[place] == pytest.approx(np.mean([right[one] for one in taken]), abs=1e-12)
    assert 0 < values[-1] < 1


def test_a_run_of_one_vector_correlates_with_nothing_and_a_resample_of_one_score_has_no_value() -> (
    None
):
    run = run_of(1)
    flat = dataclasses.replace(run, score=np.full(PAIRS, 0.9, np.float32))
    for metric in ("test.spearman", "test.pearson"):
        assert (graded_values(flat)[metric] == 0).all()
    grade = np.zeros(PAIRS, np.float32)
    grade[0] = 1.0
    values = graded_values(dataclasses.replace(run, grade=grade))["test.spearman"]
    lacks = [0 not in taken for taken in drawn(PAIRS)]
    assert np.isnan(values).tolist() == lacks
    alike = dataclasses.replace(run, grade=np.zeros(PAIRS, np.float32))
    assert graded_values(alike).keys() == {"test.triplet_accuracy"}


def test_of_very_many_pairs_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_GRADED", PAIRS - 1)
    assert graded_values(run_of(1)) == {}


def written(folder: Path, seed: int, run: PairScores, **left_out: Any) -> None:
    columns: dict[str, NDArray[Any]] = {
        "row": run.row, "label": run.label.astype(np.int8), "score": run.score,
        "grade": np.asarray(run.grade), "triplet": np.asarray(run.triplet),
    }  # fmt: skip
    folder = folder / str(seed)
    folder.mkdir(parents=True)
    save_file(
        {k: v for k, v in columns.items() if k not in left_out}, folder / "scores.safetensors"
    )


@pytest.mark.parametrize("metric", OF_GRADES)
def test_two_arms_in_a_data_folder_have_the_interval_of_both_sources(
    metric: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = {
        name: [run_of(seed, steps=steps) for seed in SIX] for name, steps in (("a", 9), ("b", 2))
    }
    first = runs["a"][0]
    arms = []
    for name, own in runs.items():
        for seed, run in enumerate(own):
            # the pairs, their labels and triplets are those of all runs
            same = dataclasses.replace(run, grade=first.grade)
            written(tmp_path / name, seed, same)
        known = {seed: {"test.predicted_positive": 0.5} for seed in SIX}
        arms.append(ArmRuns(name, known, {s: tmp_path / name / str(s) for s in SIX}, None))
    wanted = {name: [(metric, SIX)] for name in "ab"}
    a, b = scored_arms(arms, wanted).values()
    both = crossed(metric, SIX, a, b, 0.95)
    assert both is not None
    assert both.interval is not None, both.missing
    plain = [
        np.mean(
            [graded_values(dataclasses.replace(run, grade=first.grade))[metric][-1] for run in own]
        )
        for own in runs.values()
    ]
    assert both.interval.low < plain[0] - plain[1] < both.interval.high
    assert (both.standard_error_test_pairs or 0) > 0
    monkeypatch.setattr(run_statistics, "MOST_GRADED", PAIRS - 1)
    many = crossed(metric, SIX, a, b, 0.95)
    assert many is not None
    assert "more than 39 test pairs" in (many.missing or "")


def test_runs_from_before_these_columns_say_so(tmp_path: Path) -> None:
    arms = []
    for name in "ab":
        for seed in SIX:
            written(tmp_path / name, seed, run_of(seed), grade=True)
        known = {seed: {"test.predicted_positive": 0.5} for seed in SIX}
        arms.append(ArmRuns(name, known, {s: tmp_path / name / str(s) for s in SIX}, None))
    metric = "test.spearman"
    a, b = scored_arms(arms, {name: [(metric, SIX)] for name in "ab"}).values()
    found = crossed(metric, SIX, a, b, 0.95)
    assert found is not None
    assert "from before what people said" in (found.missing or "")
