"""What a data set costs as it grows to the limit of five million pairs, stage by stage.

    python benchmarks/data_at_scale.py
    python benchmarks/data_at_scale.py --rows 500000 1000000 --form csv

Questions are made up: eleven words on average, out of 60,000 that are as rare as words are (Zipf),
37 % duplicates in groups of up to five questions, much as in Quora's file. For each size a service
of its own on SQLite with one slot takes the file in (checked, hashed, profiled, tokenised), answers
a dry run with the split `connected_groups`, which finds the duplicate groups, and begins a small
run. Memory is the most that the API, and that the process of the attempt, ever had.

Goals: all of it at five million pairs within 2 GiB a process, and no stage's cost per million rows
at the largest size more than 1.3 times that at the smallest.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from goals import HEAD, tell_goal
from memory import memory_peak
from own_service import OwnService, own_service
from quora_service import PeakOfAttempts, ended

WORDS = 60_000
CHUNK = 250_000  # rows that are made at once
MOST_MEMORY, MOST_GROWTH = 2048, 1.3  # MiB; of the cost per million rows


Numbers = npt.NDArray[np.int64]


class Cost(NamedTuple):
    """Seconds of each stage, and MiB."""

    upload: float
    dry_run: float
    start: float
    """From the POST to the first step: the split, the arrays, the vocabulary."""
    api: int
    attempt: int


class Questions:
    """Made-up questions by number: the same text for the same number."""

    def __init__(self) -> None:
        self._words = np.array([f"w{number:x}" for number in range(WORDS)], dtype=object)
        chances = 1 / np.arange(1, WORDS + 1)
        self._cumulated = np.cumsum(chances / chances.sum())

    def texts(self, numbers: Numbers) -> list[str]:
        lengths = 3 + (17 * _draws(numbers, 0)).astype(int)  # 3 to 19 words
        draws = np.stack([_draws(numbers, column + 1) for column in range(lengths.max())], axis=1)
        words = self._words[np.minimum(np.searchsorted(self._cumulated, draws), WORDS - 1)]
        return [" ".join(row[:length]) for row, length in zip(words, lengths, strict=True)]


def _draws(numbers: Numbers, column: int) -> npt.NDArray[np.float64]:
    """From 0 to 1, by the mixing of splitmix64 (Steele, Lea and Flood 2014)."""
    mixed = numbers.astype(np.uint64) * np.uint64(64) + np.uint64(column)
    mixed = (mixed + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    unit: npt.NDArray[np.float64] = ((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(11)) / 2.0**53
    return unit


def write_pairs(file: Path, rows: int) -> None:
    """A file of made-up pairs with the columns question1, question2 and is_duplicate."""
    rng = np.random.default_rng(0)
    questions = Questions()
    schema = pa.schema(
        {"question1": pa.string(), "question2": pa.string(), "is_duplicate": pa.int8()}
    )
    with _writer(file, schema) as writer:
        for begun in range(0, rows, CHUNK):
            count = min(CHUNK, rows - begun)
            duplicate = rng.random(count) < 0.37
            first = rng.integers(0, rows, count)  # groups are five numbers in a row
            near = first // 5 * 5 + rng.integers(0, 5, count)
            second = np.where(duplicate, near, rng.integers(0, rows, count))
            texts = [questions.texts(side) for side in (first, second)]
            writer.write_batch(pa.record_batch([*texts, duplicate.astype(np.int8)], schema=schema))


def _writer(file: Path, schema: pa.Schema) -> "pq.ParquetWriter | pyarrow.csv.CSVWriter":
    if file.suffix == ".csv":
        return pyarrow.csv.CSVWriter(file, schema)
    return pq.ParquetWriter(file, schema, compression="zstd")


def measure(file: Path, rows: int) -> Cost:
    limits = {"max_upload_bytes": 2 << 30, "max_dataset_rows": rows}
    with own_service(workers=1, **limits) as service:
        begun = time.perf_counter()
        service.client.upload(file, "large")
        upload = time.perf_counter() - begun
        begun = time.perf_counter()
        service.client.dry_run(_spec())
        dry_run = time.perf_counter() - begun
        peak = PeakOfAttempts()
        start = _start(service)
        peak.stop()
        return Cost(upload, dry_run, start, memory_peak(service.pid), peak.mib)


def _spec() -> dict[str, object]:
    return {
        "name": "at scale",
        "dataset": "large",
        "split": {"kind": "connected_groups", "test_rows": 10_000},
        "arms": [{"name": "plain", "loss": {"margin": 0.25, "terms": [{"kind": "mean_negative"}]}}],
        "encoder": {"kind": "bag", "embedding_dim": 32},
        "batch_size": 256,
        "steps": 2000,
        "evaluate_every": 2000,
        "seeds": {"count": 1},
    }


def _start(service: OwnService) -> float:
    """Seconds from the POST to the first recorded step; the experiment is cancelled then."""
    begun = time.perf_counter()
    made = service.client.submit(_spec())
    while not service.client.get(f"/v1/runs/{made.runs[0].id}")["step"]:
        time.sleep(0.05)
    seconds = time.perf_counter() - begun
    service.client.cancel(made)
    ended(service.client, made.id)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[500_000, 1_000_000, 5_000_000])
    parser.add_argument("--form", choices=["parquet", "csv"], default="parquet")
    asked = parser.parse_args()
    print("| rows | file | upload | dry run | to the first step | API | attempt |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    costs = {}
    for rows in sorted(asked.rows):
        with tempfile.TemporaryDirectory(prefix="tripletlab-") as folder:
            file = Path(folder) / f"pairs.{asked.form}"
            write_pairs(file, rows)
            cost = costs[rows] = measure(file, rows)
            print(
                f"| {rows:,} | {file.stat().st_size / 2**20:.0f} MiB | {cost.upload:.1f} s "
                f"| {cost.dry_run:.1f} s | {cost.start:.1f} s "
                f"| {cost.api} MiB | {cost.attempt} MiB |",
                flush=True,
            )
    print(f"\n{HEAD}")
    _tell(costs)


def _tell(costs: dict[int, Cost]) -> None:
    fewest, most = min(costs), max(costs)
    large = costs[most]
    for stage in ("upload", "dry_run", "start"):
        before = getattr(costs[fewest], stage) / fewest * 1e6
        after = getattr(large, stage) / most * 1e6
        tell_goal(
            f"{stage.replace('_', ' ')}, per million rows at {most:,}",
            f"{after:.1f} s",
            f"at {fewest:,} {before:.1f} s",
            f"{after / before:.2f}",
            f"≤ {MOST_GROWTH}",
            after <= MOST_GROWTH * before,
        )
    for name in ("api", "attempt"):
        mib = getattr(large, name)
        goal = f"< {MOST_MEMORY} MiB"
        tell_goal(
            f"memory of the {name} at {most:,} rows",
            f"{mib} MiB",
            "–",
            "–",
            goal,
            mib < MOST_MEMORY,
        )


if __name__ == "__main__":
    main()
