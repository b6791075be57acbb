"""The files of a finished run: its weights and its test scores, each whole or not there.

Equal runs give equal bytes, so that one hash says whether two trainings were the same. Hence all
metadata is one key: safetensors writes several in an order that changes from process to process.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from models.specs.experiment import ExperimentSpec
from worker.training.data import RunData
from worker.training.durable import write_whole
from worker.training.events import Finished

FORMAT_VERSION = 1
WEIGHTS, SCORES = "weights.safetensors", "scores.safetensors"
METADATA_KEY = "tripletlab"


def write_results(folder: Path, spec: ExperimentSpec, data: RunData, end: Finished) -> str:
    """Write both files into `folder`; returns the SHA-256 (hex) of the file of weights.

    Raises `OSError` when the disk refuses.
    """
    folder.mkdir(parents=True, exist_ok=True)
    about = {"format_version": FORMAT_VERSION, "encoder": spec.encoder.model_dump(mode="json")}
    weights = save(end.weights, metadata={METADATA_KEY: json.dumps(about, sort_keys=True)})
    scores: dict[str, np.ndarray] = {
        "row": np.ascontiguousarray(data.test, dtype=np.int64),
        "label": np.ascontiguousarray(data.labels[data.test], dtype=np.int8),
        "score": np.ascontiguousarray(end.scores, dtype=np.float32),
    }
    form = json.dumps({"format_version": FORMAT_VERSION})
    write_whole(folder / SCORES, save(scores, metadata={METADATA_KEY: form}))
    write_whole(folder / WEIGHTS, weights)
    return hashlib.sha256(weights).hexdigest()
