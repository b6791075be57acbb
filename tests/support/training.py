"""Small trainings for tests: token arrays made here, and specs that take milliseconds a step."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from models.datasets.searched import searched_questions
from models.specs.experiment import ExperimentSpec
from models.specs.parse import parse_spec
from models.specs.recipes import RECIPES
from worker.training.checkpoints import Checkpoints
from worker.training.data import GivenNegatives, NegativeTable, RunData
from worker.training.events import Evaluated, Event, Finished, Saved, Started, StepDone
from worker.training.loop import train

WORDS = 60


def tiny_data(rows: int = 400, seed: int = 0) -> RunData:
    """Pairs of random words: a duplicate repeats its first question with one word changed."""
    draw = np.random.default_rng(seed)
    texts, labels = [], np.zeros(rows, dtype=np.int8)
    for row in range(rows):
        first = draw.integers(2, WORDS, size=draw.integers(2, 9))
        second = draw.integers(2, WORDS, size=draw.integers(2, 9))
        if draw.random() < 0.5:
            second, labels[row] = first.copy(), 1
            second[draw.integers(len(second))] = draw.integers(2, WORDS)
        texts += [first, second]
    questions = np.arange(2 * rows, dtype=np.int32)
    every, duplicates = np.arange(rows), np.flatnonzero(labels)
    cut, end = rows // 2, rows * 3 // 4
    groups = np.where(labels[questions // 2] == 1, questions // 2 * 2, questions)
    known: dict[bytes, int] = {}
    numbers = [known.setdefault(text.tobytes(), len(known)) for text in texts]
    searched = searched_questions(every[end:], np.array(numbers, np.int32), groups)
    return RunData(
        ids=np.concatenate(texts).astype(np.int32),
        offsets=np.concatenate(([0], np.cumsum([len(text) for text in texts]))),
        remap=np.arange(WORDS, dtype=np.int32),
        vocabulary_size=WORDS,
        labels=labels,
        train=duplicates[duplicates < cut],
        validation_duplicates=duplicates[(duplicates >= cut) & (duplicates < end)],
        validation=every[cut:end],
        test=every[end:],
        groups=groups,
        corpus=searched.corpus,
        queries=searched.queries,
    )


def tiny_spec(**changes: Any) -> ExperimentSpec:
    """The forum's two arms on a small encoder: 12 steps of 16 pairs."""
    document = {
        **RECIPES["hard-negative-mining"].spec,
        "dataset": "tiny",
        "encoder": {"kind": "lstm", "embedding_dim": 8, "hidden_dim": 8},
        "optimizer": {"schedule": {"kind": "constant"}},
        "batch_size": 16,
        "steps": 12,
        "evaluate_every": 5,
        "validation_batches": 2,
        "validation_pairs": 50,
        **changes,
    }
    return parse_spec(document)


def figures(
    events: Sequence[object],
) -> tuple[list[StepDone | Evaluated], tuple[int, int, str | None], bytes, dict[str, bytes]]:
    """What must repeat bit for bit: steps, evaluations, the end, scores and weights."""
    said = [e for e in events if isinstance(e, StepDone | Evaluated)]
    last = events[-1]
    assert isinstance(last, Finished)
    weights = {name: values.tobytes() for name, values in last.weights.items()}
    end = (last.step, last.kept_step, last.stopped_early)
    return said, end, last.scores.tobytes(), weights


def killed_after_every_step(
    spec: ExperimentSpec, arm: str, seed: int, data: RunData, folder: Path, device: str = "cpu"
) -> list[Event]:
    """The events of a training that is killed after each checkpoint, and has one at every step."""
    events: list[Event] = []
    while True:
        checkpoints = Checkpoints(folder, due=lambda _step: True)
        for event in train(spec, arm, seed, data, device=device, checkpoints=checkpoints):
            if isinstance(event, Saved):
                break
            if isinstance(event, Started):
                assert event.step == sum(isinstance(e, StepDone) for e in events)
            events.append(event)
        else:
            return events


def tiny_data_with_given(rows: int = 400, seed: int = 0) -> RunData:
    """As `tiny_data`, with none to three given negatives for the anchors on either side: questions
    of rows of the same part that are no duplicates."""
    data, draw = tiny_data(rows, seed), np.random.default_rng(seed + 1)
    tables = []
    for part, duplicates in (
        (np.arange(rows // 2), data.train),
        (data.validation, data.validation_duplicates),
    ):
        others = part[data.labels[part] != 1]
        anchors = np.sort(np.concatenate((2 * duplicates, 2 * duplicates + 1)))
        keys = np.repeat(anchors, draw.integers(0, 4, size=len(anchors))).astype(np.int32)
        questions = 2 * draw.choice(others, len(keys)) + draw.integers(0, 2, size=len(keys))
        tables.append(NegativeTable(keys, questions))
    own = np.arange(2 * rows, dtype=np.int32)
    return dataclasses.replace(data, given=GivenNegatives(own, *tables))
