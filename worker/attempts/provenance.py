"""Provenance: what a run's metrics depend on beside its spec: versions, device, precision, data."""

import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from models.datasets.vocabulary import FIRST_WORD
from worker.training.data import RunData


def provenance_of(
    device: str,
    data_hash: str,
    data: RunData,
    stack_width: int | None = None,
    model_hash: str | None = None,
) -> dict[str, Any]:
    """The provenance of a run that succeeded; `device` is `cpu` or `cuda`, `stack_width` the width
    of the stack that it was trained in, and `model_hash` the content hash of the pretrained model
    that it started from, if there was one."""
    stacked = {} if stack_width is None else {"stack_width": stack_width}
    return {
        **stacked,
        **_pretrained(model_hash),
        **_vectors(data),
        "tripletlab": version("tripletlab"),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "pytorch_metric_learning": version("pytorch-metric-learning"),
        "device_kind": device,
        "device_name": device_name(device),
        "cpu": cpu_name(),
        "platform": platform.platform(),
        "threads": torch.get_num_threads(),
        "dtype": "float32",
        "tf32": torch.backends.cuda.matmul.allow_tf32 or torch.backends.cudnn.allow_tf32,
        "data_sha256": data_hash,
    }


def _pretrained(model_hash: str | None) -> dict[str, Any]:
    if model_hash is None:
        return {}
    libraries = {name: version(name) for name in ("transformers", "tokenizers")}
    return {"model_sha256": model_hash, **libraries}


def _vectors(data: RunData) -> dict[str, Any]:
    """Which token vectors the embedding started from, and how many of the run's words they have."""
    if data.vectors is None:
        return {}
    words = data.vocabulary_size - FIRST_WORD
    found = {"vectors_words": words, "vectors_found": len(data.vectors.ids)}
    return {"vectors_sha256": data.vectors.identity, **found}


def device_name(device: str) -> str:
    """The name of the GPU or of the processor; `device` is `cpu` or `cuda`."""
    return torch.cuda.get_device_name() if device == "cuda" else cpu_name()


def cpu_name() -> str:
    """The processor's name from the system; its architecture where there is none."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
