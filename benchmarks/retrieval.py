"""What retrieval costs a run at its end: seconds of the processor, and memory.

    TRIPLETLAB_QUORA_FILE=… python benchmarks/retrieval.py

One thread. The course's test part (without the Quora file that of the generated questions) is
encoded and scored by an untrained network of the course's size, then searched; and last the most
that a run ever searches, with random vectors.
"""

import dataclasses
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from memory import memory_peak

from models.datasets import cache
from models.datasets.generated.generator import generate_pairs
from models.datasets.reading.columns import ColumnMapping
from models.datasets.reading.files import read_pairs
from models.datasets.searched import MOST_QUERIES, MOST_SEARCHED
from models.specs.parse import parse_spec
from models.specs.recipes import expand_recipe
from worker.attempts.loading import load_run_data
from worker.training.data import RunData
from worker.training.evaluation import pair_scores, score_test
from worker.training.loop import Training
from worker.training.retrieval import retrieve

WIDTH = 128
REPEATED = 3


def course() -> tuple[RunData, Training]:
    """The data of the forum's question, and a network as it is before the first step."""
    file = os.environ.get("TRIPLETLAB_QUORA_FILE")
    recipe = "hard-negative-mining" if file else "hard-negative-mining-small"
    spec = parse_spec(expand_recipe({"recipe": recipe, "dataset": "measured"}))
    with tempfile.TemporaryDirectory() as folder:
        pairs = generate_pairs()
        if file:
            pairs = read_pairs(Path(file), filename=Path(file).name, columns=ColumnMapping())
        cache.store(pairs, Path(folder) / "set")
        data = load_run_data(Path(folder) / "set", spec)
        own = spec.for_arm(spec.arms[0].name)
        return data, Training(own, own.arms[0].name, 0, data, "cpu")


def largest(data: RunData) -> tuple[RunData, torch.Tensor]:
    """As many questions and queries as there may be, a few duplicates each."""
    rows = np.arange(MOST_SEARCHED // 2)
    groups = np.repeat(np.arange(MOST_SEARCHED // 4, dtype=np.int32), 4)
    corpus = np.arange(MOST_SEARCHED)
    queries = corpus[:: MOST_SEARCHED // MOST_QUERIES]
    changed = dataclasses.replace(data, test=rows, groups=groups, corpus=corpus, queries=queries)
    vectors = torch.randn(MOST_SEARCHED, WIDTH, generator=torch.Generator().manual_seed(0))
    return changed, torch.nn.functional.normalize(vectors)


def tell(what: str, work: Callable[[], Any]) -> None:
    """Print the processor's time of the work, the best of a few, and the process's memory."""
    taken = []
    for _ in range(REPEATED):
        before = time.process_time()
        work()
        taken.append(time.process_time() - before)
    peak = memory_peak(os.getpid())
    print(f"{what}: {min(taken):.2f} s of the processor; {peak:,} MiB at most so far")


def main() -> None:
    data, training = course()
    encoder = training.encoder
    questions = f"{len(data.queries):,} queries among {len(data.corpus):,} questions"
    print(f"{len(data.test):,} test pairs, {questions}")
    tell("pairs encoded and scored", lambda: pair_scores(encoder, data, data.test))
    tell("the same, and searched", lambda: score_test(encoder, data))
    more, vectors = largest(data)
    print(f"{len(more.queries):,} queries among {len(more.corpus):,} questions")
    tell("searched", lambda: retrieve(more, vectors))


if __name__ == "__main__":
    main()
