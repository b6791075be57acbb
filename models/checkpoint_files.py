"""The checkpoints that lie in a run's folder, for whoever lists or fetches them.

`worker.training.checkpoints` writes them: `step-N.safetensors` and, after it, `step-N.json` with
its hash. So what has no such document was never whole, and is not listed.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

FOLDER = "checkpoints"


@dataclass(frozen=True)
class CheckpointFile:
    """A checkpoint on disk: weights, the optimiser's moments, and what evaluations left."""

    step: int
    size: int  # bytes
    sha256: str
    saved_at: datetime
    path: Path


def checkpoints_in(run_folder: Path) -> list[CheckpointFile]:
    """The whole checkpoints of a run, newest first; none where the folder is absent."""
    found = [_read(manifest) for manifest in (run_folder / FOLDER).glob("step-*.json")]
    return sorted((one for one in found if one), key=lambda one: one.step, reverse=True)


def _read(manifest: Path) -> CheckpointFile | None:
    path = manifest.with_suffix(".safetensors")
    try:
        about = json.loads(manifest.read_bytes())
        stat = path.stat()
        return CheckpointFile(
            step=int(about["step"]),
            size=stat.st_size,
            sha256=str(about["sha256"]),
            saved_at=datetime.fromtimestamp(stat.st_mtime, UTC),
            path=path,
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None  # a worker has just removed it, or it is damaged
