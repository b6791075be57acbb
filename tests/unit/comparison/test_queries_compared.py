"""Noise of seeds and of queries: groups of duplicates are drawn, and scores come from files."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from models.comparison.crossed_bootstrap import Wanted, arm_resamples
from models.comparison.crossed_bootstrap import crossed_bootstrap as bootstrap
from models.comparison.inputs import ArmRuns
from models.comparison.queries.resamples import QueryResamples
from models.comparison.queries.scores import OF_QUERIES, read_query_scores
from models.comparison.resampled.drawing import RESAMPLES, SEED
from models.comparison.run_statistics import crossed, scored_arms

METRIC = "test.mrr_at_10"
SIX = tuple(range(6))
WANTED: list[Wanted] = [(METRIC, SIX), ("test.accuracy", SIX)]
GROUP = np.sort(np.random.default_rng(1).integers(100, size=300)).astype(np.int64)
QUERIES = len(GROUP)


def values(seed: int, level: float = 0.5) -> NDArray[np.float32]:
    """Queries that all runs find hard or easy alike, with some noise of the run's own."""
    hard = np.random.default_rng(2).random(QUERIES)
    own = np.random.default_rng(seed).random(QUERIES)
    return np.clip(level + 0.3 * (hard - 0.5) + 0.1 * (own - 0.5), 0, 1).astype(np.float32)


def test_a_resample_is_the_mean_over_the_queries_of_the_groups_that_were_drawn() -> None:
    runs = [values(seed) for seed in range(2)]
    means = QueryResamples(GROUP).means(runs)
    generator = np.random.default_rng(SEED)
    names = np.unique(GROUP)
    for place in range(3):
        drawn = names[generator.integers(len(names), size=len(names))]
        for number, run in enumerate(runs):
            every = np.concatenate([run[GROUP == name] for name in drawn])
            assert means[number, place] == pytest.approx(every.mean(), abs=1e-6)
    assert means.shape == (2, RESAMPLES + 1)
    assert means[:, -1] == pytest.approx([run.mean() for run in runs], abs=1e-6)


def test_two_queries_that_succeed_together_count_as_one() -> None:
    """Both questions of a pair find each other or neither does; then pairs are the observations."""
    pairs = np.repeat(np.arange(200), 2)
    found = np.repeat(np.random.default_rng(4).random(200) < 0.5, 2).astype(np.float32)
    means = QueryResamples(pairs).means([found])[0, :-1]
    assert means.std() == pytest.approx(found.std() / 200**0.5, rel=0.1)


# --- from files ----------------------------------------------------------------------------------


def arm(folder: Path, name: str, level: float, *, queries: bool = True) -> ArmRuns:
    """An arm of six runs whose scores are in files, as a worker writes them."""
    folders = {seed: folder / name / str(seed) for seed in SIX}
    for seed, path in folders.items():
        path.mkdir(parents=True)
        score = np.random.default_rng(seed).random(50).astype(np.float32)
        columns: dict[str, NDArray[np.generic]] = {
            "row": np.arange(50),
            "label": (np.arange(50) % 2).astype(np.int8),
            "score": score,
        }
        if queries:
            columns |= {"query": np.arange(QUERIES), "group": GROUP}
            columns |= {one.removeprefix("test."): values(seed, level) for one in OF_QUERIES}
        save_file(columns, path / "scores.safetensors")
    metrics = {seed: {"test.predicted_positive": 0.5} for seed in SIX}
    return ArmRuns(name, metrics, folders, None)


def test_the_runs_of_two_arms_are_judged_query_by_query(tmp_path: Path) -> None:
    arms = [arm(tmp_path, "a", 0.52), arm(tmp_path, "b", 0.5)]
    found = scored_arms(arms, {"a": WANTED, "b": WANTED})
    both = crossed(METRIC, SIX, found["a"], found["b"], 0.95)
    assert both is not None
    assert both.interval is not None
    resamples = QueryResamples(GROUP)
    better, worse = (
        arm_resamples(resamples.means([values(seed, level) for seed in SIX]))
        for level in (0.52, 0.5)
    )
    assert both == bootstrap(better, worse, 0.95)
    assert both.interval.low < 0.02 < both.interval.high
    assert (both.standard_error or 0) > 0
    accuracy = crossed("test.accuracy", SIX, found["a"], found["b"], 0.95)
    assert accuracy is not None
    assert accuracy.interval is not None


def test_without_the_scores_of_every_query_it_says_so(tmp_path: Path) -> None:
    arms = [arm(tmp_path, "a", 0.52), arm(tmp_path, "b", 0.5, queries=False)]
    assert read_query_scores(tmp_path / "b" / "0") is None
    found = scored_arms(arms, {"a": WANTED, "b": WANTED})
    missing = crossed(METRIC, SIX, found["a"], found["b"], 0.95)
    assert missing is not None
    assert missing.interval is None
    assert "the scores of the queries are not all" in (missing.missing or "")
    # other queries than those of the first run are not compared with them either
    path = tmp_path / "a" / "3" / "scores.safetensors"
    save_file({**load_file(path), "query": np.arange(QUERIES) + 1}, path)
    other = crossed(METRIC, SIX, *(scored_arms(arms, {"a": WANTED, "b": []})["a"],) * 2, 0.95)
    assert other is not None
    assert other.interval is None
