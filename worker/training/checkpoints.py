"""Checkpoints on disk: whole or absent, verified before use, enough for a bit-exact resume.

A checkpoint is `step-N.safetensors` (weights and Adam's moments) and, written after it,
`step-N.json` with the hash of the first and the identity of the training. A file appears by
rename only after its bytes are synced, so a crash at any moment leaves the one before usable.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from models.durable import write_whole
from models.file_store import FileStore, SharedDisk

FORMAT = 1
KEPT = 2  # the newest, and the one before in case the newest turns out to be damaged


@dataclass(frozen=True)
class Checkpoint:
    step: int
    tensors: dict[str, Tensor]


class Checkpoints:
    """The checkpoints of one run in `folder`. `due` is asked after every step; `files` is where
    another host looks for them."""

    def __init__(
        self, folder: Path, due: Callable[[int], bool], files: FileStore | None = None
    ) -> None:
        self.folder = folder
        self.due = due
        self.files = files or SharedDisk()

    def save(self, step: int, tensors: Mapping[str, Tensor], identity: str) -> None:
        """Write the checkpoint of `step` and remove all but the newest `KEPT`.

        Raises `OSError` when the disk refuses, `FilesAway` when the bucket does; what was there
        before stays.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        content = save({name: tensor.detach().cpu() for name, tensor in tensors.items()})
        write_whole(self._tensors_path(step), content)
        manifest = {
            "format": FORMAT,
            "step": step,
            "identity": identity,
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        write_whole(self._manifest_path(step), json.dumps(manifest).encode())
        self.files.give(self._tensors_path(step), self._manifest_path(step))
        for old in self._steps()[KEPT:]:
            self.files.remove(self._manifest_path(old), self._tensors_path(old))

    def newest(self, identity: str) -> Checkpoint | None:
        """The newest checkpoint that is whole and of this very training; None without one.

        Raises `FilesAway`.
        """
        self.files.mirror(self.folder)
        for step in self._steps():
            found = self._read(step, identity)
            if found is not None:
                return found
        return None

    def _read(self, step: int, identity: str) -> Checkpoint | None:
        try:
            manifest = json.loads(self._manifest_path(step).read_bytes())
            content = self._tensors_path(step).read_bytes()
            about = (manifest["format"], manifest["step"], manifest["identity"])
            if about != (FORMAT, step, identity):
                return None
            if hashlib.sha256(content).hexdigest() != manifest["sha256"]:
                return None
            return Checkpoint(step, load(content))
        except (OSError, ValueError, KeyError, TypeError, SafetensorError):
            return None  # damaged or half there: the one before serves

    def _steps(self) -> list[int]:
        found = (path.stem.removeprefix("step-") for path in self.folder.glob("step-*.json"))
        return sorted((int(step) for step in found if step.isdigit()), reverse=True)

    def _tensors_path(self, step: int) -> Path:
        return self.folder / f"step-{step}.safetensors"

    def _manifest_path(self, step: int) -> Path:
        return self.folder / f"step-{step}.json"
