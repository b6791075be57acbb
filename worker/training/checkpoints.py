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

from models.files.checkpoint_files import MANIFEST
from models.files.file_store import FileStore, SharedDisk

FORMAT = 1
KEPT = 2  # the newest, and the one before in case the newest turns out to be damaged


@dataclass(frozen=True)
class Checkpoint:
    step: int
    tensors: dict[str, Tensor]


class Checkpoints:
    """The checkpoints of one run in `folder`. `due` is called after every step, and says whether
    to save. `files`, if given, stores checkpoints where other hosts can read them too.

    `recorded` is the step up to which metrics are stored: a later checkpoint was written by an
    attempt that had lost the run, and a resume from it would leave a gap.
    """

    def __init__(
        self,
        folder: Path,
        due: Callable[[int], bool],
        files: FileStore | None = None,
        recorded: int | None = None,
    ) -> None:
        self.folder = folder
        self.due = due
        self.files = files or SharedDisk()
        self._recorded = recorded

    def save(self, step: int, tensors: Mapping[str, Tensor], identity: str) -> None:
        """Write the checkpoint of `step` and remove all but the newest `KEPT`.

        Raises `OSError` when the disk refuses, `FilesAway` when the bucket does; what was there
        before stays.
        """
        content = save({name: tensor.detach().cpu() for name, tensor in tensors.items()})
        self.files.write(self._tensors_path(step), content)
        manifest = {
            "format": FORMAT,
            "step": step,
            "identity": identity,
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        self.files.write(self._manifest_path(step), json.dumps(manifest).encode())
        for old in self._steps()[KEPT:]:
            self.files.remove(self._manifest_path(old))
            self.files.remove(self._tensors_path(old))

    def newest(self, identity: Callable[[], str]) -> Checkpoint | None:
        """The newest checkpoint that is whole and of this very training; None without one. The
        `identity` is asked for where there is any, since it takes a hash of all data.

        Raises `FilesAway`.
        """
        for step in self._steps():
            if self._recorded is None or step <= self._recorded:
                checkpoint = self._read(step, identity())
                if checkpoint is not None:
                    return checkpoint
        return None

    def _read(self, step: int, identity: str) -> Checkpoint | None:
        try:
            manifest = json.loads(self.files.read(self._manifest_path(step)))
            content = self.files.read(self._tensors_path(step))
            about = (manifest["format"], manifest["step"], manifest["identity"])
            if about != (FORMAT, step, identity):
                return None
            if hashlib.sha256(content).hexdigest() != manifest["sha256"]:
                return None
            return Checkpoint(step, load(content))
        except (OSError, ValueError, KeyError, TypeError, SafetensorError):
            return None  # damaged or incomplete: the one before is used

    def _steps(self) -> list[int]:
        names = (MANIFEST.fullmatch(entry.name) for entry in self.files.entries(self.folder))
        return sorted((int(name[1]) for name in names if name), reverse=True)

    def _tensors_path(self, step: int) -> Path:
        return self.folder / f"step-{step}.safetensors"

    def _manifest_path(self, step: int) -> Path:
        return self.folder / f"step-{step}.json"
