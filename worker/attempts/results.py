"""The files of a finished run: its weights, its test scores and their sums, each whole or absent.

Equal runs give equal bytes, so that one hash says whether two trainings were the same.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from models.comparison.resampled.pair_sums import pair_sums, resamples_of
from models.comparison.resampled.stored_sums import sums_content
from models.comparison.scores import scores_of
from models.datasets.tokenizer import PATTERNS
from models.files.file_store import FileStore
from models.files.run_files import (
    FORMAT_VERSION,
    GRADE,
    GROUP,
    METADATA_KEY,
    QUERY,
    RESAMPLED,
    SCORES,
    TRIPLET,
    VOCABULARY,
    WEIGHTS,
)
from models.pretrained.folder import CONFIG, TOKENIZER
from models.specs.base import IDENTITY
from models.specs.experiment import ExperimentSpec
from worker.training.data import RunData
from worker.training.events import Finished
from worker.training.retrieval import OF_A_QUERY

MOST_SUMMED = 2**15
"""Test pairs of which the sums take half a second; those of more are left to who compares first."""


def write_results(
    files: FileStore | None,
    folder: Path,
    spec: ExperimentSpec,
    data: RunData,
    words: Sequence[str],
    end: Finished,
) -> str:
    """Write the files into `folder`; returns the SHA-256 (hex) of the whole file of weights.

    Without a store of `files` nothing is written, and the hash is that of the file that would be.
    `words` are the run's vocabulary, by id from 2 on. Raises `OSError` when the disk refuses,
    `FilesAway` when the bucket does.
    """
    weights = _weights_file(spec, data, words, end)
    if files is not None:
        scores = _scores_file(data, end)
        files.write(folder / SCORES, scores)
        if len(data.test) <= MOST_SUMMED:  # after the scores, so that they are known by their dates
            files.write(folder / RESAMPLED, _sums_file(data, end, scores))
        files.write(folder / WEIGHTS, weights)
    return hashlib.sha256(weights).hexdigest()


def _weights_file(
    spec: ExperimentSpec, data: RunData, words: Sequence[str], end: Finished
) -> bytes:
    texts = {VOCABULARY: "\n".join(words).encode()}
    read_by = {"tokenizer": spec.tokenizer, "token_pattern": PATTERNS[spec.tokenizer]}
    if data.pretrained is not None:
        texts, read_by = {CONFIG: data.pretrained.config, TOKENIZER: data.pretrained.tokenizer}, {}
    about = {
        "format_version": FORMAT_VERSION,
        # without later fields that say nothing: a reproduction has the hash of before
        "encoder": spec.encoder.model_dump(mode="json", context=IDENTITY),
        **read_by,
        # in the precision of the scores, so that no reader decides differently on the last bit
        "threshold": float(np.float32(end.threshold)),
    }
    arrays = {name: np.frombuffer(text, dtype=np.uint8) for name, text in texts.items()}
    return _file({**end.weights, **arrays}, about)


def _scores_file(data: RunData, end: Finished) -> bytes:
    scores: dict[str, np.ndarray] = {
        "row": data.test.astype(np.int64),
        "label": data.labels[data.test].astype(np.int8),
        "score": end.scores.astype(np.float32),
        **_known(data),
    }
    if end.retrieved is not None:
        found = end.retrieved
        scores |= {QUERY: found.query, GROUP: found.group}
        scores |= {name: getattr(found, name).astype(np.float32) for name in OF_A_QUERY}
    return _file(scores, {"format_version": FORMAT_VERSION})


def _known(data: RunData) -> dict[str, np.ndarray]:
    """What the data say of the test pairs beside their labels."""
    known: dict[str, np.ndarray] = {}
    if data.scores is not None:
        known[GRADE] = data.scores[data.test].astype(np.float32)
    if data.triplets is not None:
        known[TRIPLET] = data.triplets[data.test].astype(np.int32)
    return known


def _sums_file(data: RunData, end: Finished, scores: bytes) -> bytes:
    """What comparisons need of the scores: worked out here, once, and not by each who compares."""
    score = end.scores.astype(np.float32)
    called = float((score > np.float32(end.threshold)).mean())
    rows, duplicate, known = data.test.astype(np.int64), data.labels[data.test] == 1, _known(data)
    run = scores_of(rows, duplicate, score, called, known.get(GRADE), known.get(TRIPLET))
    (sums,) = pair_sums([run], resamples_of(run.label.tobytes()))
    return sums_content(sums, hashlib.sha256(scores).hexdigest(), called)


def _file(tensors: dict[str, np.ndarray], about: dict[str, Any]) -> bytes:
    # safetensors 0.8 saves other values of an array that is transposed or a slice with steps
    whole = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    content: bytes = save(whole, metadata={METADATA_KEY: json.dumps(about, sort_keys=True)})
    return content
