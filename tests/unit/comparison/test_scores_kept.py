"""The scores of runs in a data folder are read once, and after that their sums."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save_file

from models.byte_cache import ByteCache
from models.comparison import run_statistics
from models.comparison.crossed_bootstrap import Wanted
from models.comparison.inputs import ArmRuns
from models.comparison.resampled import stored_sums
from models.comparison.run_statistics import (
    ArmScores,
    crossed,
    mcnemar_by_seed,
    scored_arms,
)
from models.comparison.scores import PairScores, read_scores
from models.files.recorded_hashes import file_hash

PAIRS = 600
LABEL = np.random.default_rng(11).random(PAIRS) < 0.37
ROW = np.arange(PAIRS)


def network(generator: np.random.Generator) -> NDArray[np.float32]:
    """Similarities of a network that tells labels apart by a standard deviation."""
    return (generator.normal(size=PAIRS) + LABEL).astype(np.float32)


def written(folder: Path, seed: int, rows: NDArray[np.int64] = ROW) -> float:
    """Write a run's scores into the folder; the share that it called duplicates at 0.5."""
    folder.mkdir(parents=True, exist_ok=True)
    score = network(np.random.default_rng(seed))
    columns: dict[str, NDArray[Any]] = {"row": rows, "label": LABEL.astype(np.int8), "score": score}
    save_file(columns, folder / "scores.safetensors")
    return float((score > 0.5).mean())


def arm(name: str, called: dict[int, float | None], folder: Path) -> ArmRuns:
    """An arm whose run of each seed is in `folder/name/seed`, with the share called duplicates."""
    known = {seed: {} if one is None else {CALLED: one} for seed, one in called.items()}
    folders = {seed: folder / name / str(seed) for seed in called}
    return ArmRuns(name, known, folders, None)


CALLED = "test.predicted_positive"
SIX = tuple(range(6))
WANTED: dict[str, list[Wanted]] = {
    name: [("test.accuracy", SIX), ("test.roc_auc", SIX)] for name in "ab"
}


def two_arms(folder: Path) -> list[ArmRuns]:
    return [
        arm(
            name,
            {seed: written(folder / name / str(seed), 10 * number + seed) for seed in SIX},
            folder,
        )
        for number, name in enumerate("ab")
    ]


def test_the_runs_in_a_data_folder_are_judged_pair_by_pair(tmp_path: Path) -> None:
    found = scored_arms(two_arms(tmp_path), WANTED)
    a, b = found["a"], found["b"]
    per_seed = mcnemar_by_seed([*SIX, 7], a, b).seeds
    assert [one.seed for one in per_seed] == list(SIX)
    both = crossed("test.accuracy", SIX, a, b, 0.95)
    assert both is not None
    assert both.interval is not None
    mean = np.mean([one.difference for one in per_seed])
    assert both.interval.low < mean < both.interval.high
    assert crossed("test.average_precision", SIX, a, b, 0.95) is None
    few = crossed("test.accuracy", SIX[:5], a, b, 0.95)
    assert "fewer than 6 seeds" in (few and few.missing or "")
    away = crossed("test.accuracy", [*SIX, 7], a, b, 0.95)
    assert "data folder" in (away and away.missing or "")


def test_an_arm_that_is_read_some_files_at_a_time_gives_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arms = two_arms(tmp_path)
    wanted = {**WANTED, "b": [*WANTED["b"], ("test.f1", SIX[1:])]}
    whole = scored_arms(arms, wanted)
    monkeypatch.setattr(run_statistics, "_kept", ByteCache[ArmScores](2**20))
    monkeypatch.setattr(run_statistics, "SCORES_AT_ONCE", 4 * PAIRS)  # four files, then two
    pieces = scored_arms(arms, wanted)
    for name in "ab":
        assert pieces[name].places == whole[name].places
        assert (pieces[name].rights == whole[name].rights).all()
        for key, resamples in whole[name].resamples.items():
            assert (pieces[name].resamples[key].both == resamples.both).all()


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The seeds of the runs whose scores are read, from now on; nothing is remembered."""
    monkeypatch.setattr(run_statistics, "_kept", ByteCache[ArmScores](2**20))
    found: list[str] = []

    def noted(folder: Path, called: float) -> PairScores | None:
        found.append(folder.name)
        return read_scores(folder, called)

    monkeypatch.setattr(stored_sums, "read_scores", noted)
    return found


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_statistics, "_kept", ByteCache[ArmScores](2**20))


def test_scores_are_read_once_and_their_sums_by_every_process_after(
    tmp_path: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arms = two_arms(tmp_path)
    first = scored_arms(arms, WANTED)
    assert len(read) == 13  # each once, and once more the first, which says what the pairs are
    assert scored_arms(arms, WANTED)["a"] is first["a"]
    forget(monkeypatch)
    again = scored_arms(arms, WANTED)
    assert len(read) == 13
    for name in "ab":
        assert (again[name].rights == first[name].rights).all()
        for key, resamples in first[name].resamples.items():
            assert (again[name].resamples[key].both == resamples.both).all()


def test_sums_of_other_scores_or_another_threshold_or_half_a_file_are_worked_out_again(
    tmp_path: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arms = two_arms(tmp_path)
    scored_arms(arms, WANTED)

    def read_after() -> list[str]:
        forget(monkeypatch)
        read.clear()
        scored_arms(arms, WANTED)
        return read

    places = {seed: tmp_path / "b" / str(seed) for seed in SIX}
    (places[3] / "scores.safetensors").unlink()
    written(places[3], 99)
    assert read_after() == ["3"]
    sums = places[4] / "resampled.safetensors"
    whole = sums.read_bytes()
    for spoiled in (whole[:-1], b"", whole[:-1] + bytes([whole[-1] ^ 1])):
        sums.write_bytes(spoiled)
        assert read_after() == ["4"]
        assert sums.read_bytes() == whole
    written(places[5], 5 + 99)
    os.utime(places[5] / "scores.safetensors", ns=(0, 0))
    assert read_after() == ["5"]  # of other content, whatever its date says
    os.utime(places[5] / "scores.safetensors", ns=(0, 0))
    assert read_after() == []  # a copy with the same content
    monkeypatch.setattr(stored_sums, "VERSION", stored_sums.VERSION + 1)
    assert len(read_after()) == 13
    known = {seed: {CALLED: one[CALLED] / 2} for seed, one in arms[1].metrics.items()}
    arms[1] = replace(arms[1], metrics=known)
    assert read_after() == [str(seed) for seed in SIX]


def test_scores_that_are_older_than_their_sums_are_not_read_through_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arms = two_arms(tmp_path)
    scored_arms(arms, WANTED)
    changed = max(path.stat().st_ctime_ns for path in tmp_path.glob("*/*/scores.safetensors"))
    for sums in tmp_path.glob("*/*/resampled.safetensors"):
        os.utime(sums, ns=(changed + 1, changed + 1))
    hashed: list[Path] = []

    def noted(path: Path) -> str:
        hashed.append(path)
        return file_hash(path)

    monkeypatch.setattr(stored_sums, "file_hash", noted)
    forget(monkeypatch)
    scored_arms(arms, WANTED)
    assert hashed == []
    older = tmp_path / "a" / "2"
    os.utime(older / "resampled.safetensors", ns=(0, 0))
    forget(monkeypatch)
    scored_arms(arms, WANTED)
    assert set(hashed) == {older / "scores.safetensors"}


def test_where_nothing_can_be_written_the_sums_are_worked_out_each_time(
    tmp_path: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError("read-only")

    monkeypatch.setattr(stored_sums, "write_whole", refuse)
    arms = two_arms(tmp_path)
    first = scored_arms(arms, WANTED)
    forget(monkeypatch)
    again = scored_arms(arms, WANTED)
    assert len(read) == 26
    assert (again["a"].rights == first["a"].rights).all()


def test_runs_of_other_test_pairs_and_unreadable_scores_are_left_out(tmp_path: Path) -> None:
    good = written(tmp_path / "a" / "0", 0)
    written(tmp_path / "a" / "1", 1, ROW + 1)
    written(tmp_path / "b" / "0", 2)
    (tmp_path / "b" / "0" / "scores.safetensors").write_bytes(b"no scores")
    arms = [arm("a", {0: good, 1: 0.4, 2: 0.4}, tmp_path), arm("b", {0: 0.4}, tmp_path)]
    found = scored_arms(arms, {"a": [], "b": []})
    assert (dict(found["a"].places), dict(found["b"].places)) == ({0: 0}, {})
    assert read_scores(tmp_path / "none", 0.4) is None
    nothing = scored_arms([arm("a", {0: None}, tmp_path)], {"a": []})
    assert not nothing["a"].places
