"""The checkpoints in a run's folder, to be listed and fetched.

`worker.training.checkpoints` writes them: `step-N.safetensors` and, after it, `step-N.json` with
its hash. A checkpoint without that document is incomplete, and is not listed.
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from models.files.file_store import Entry, FileStore

FOLDER = "checkpoints"
HASH = re.compile("[0-9a-f]{64}")
MANIFEST = re.compile(r"step-(\d+)\.json")


@dataclass(frozen=True)
class CheckpointFile:
    """A checkpoint: weights, the optimiser's moments, and state from evaluations."""

    step: int
    size: int  # bytes
    sha256: str
    saved_at: datetime
    path: Path
    """The file of its tensors, which may still have to be fetched from the store."""


def checkpoints_in(files: FileStore, run_folder: Path) -> list[CheckpointFile]:
    """The complete checkpoints of a run, newest first; none where the folder is absent."""
    folder = run_folder / FOLDER
    entries = {entry.name: entry for entry in files.entries(folder)}
    manifests = [name for name in entries if MANIFEST.fullmatch(name)]
    checkpoints = (_read(files, folder / name, entries) for name in manifests)
    return sorted(filter(None, checkpoints), key=lambda one: one.step, reverse=True)


def _read(files: FileStore, manifest: Path, entries: dict[str, Entry]) -> CheckpointFile | None:
    path = manifest.with_suffix(".safetensors")
    try:
        about, entry = json.loads(files.read(manifest)), entries[path.name]
        step, sha256 = about["step"], about["sha256"]
        if f"step-{step}.json" != manifest.name or not HASH.fullmatch(sha256):
            return None  # torn, or another's
        return CheckpointFile(
            step=int(step),
            size=entry.size,
            sha256=sha256,
            saved_at=entry.modified,
            path=path,
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None  # a worker has just removed it, or it is damaged
