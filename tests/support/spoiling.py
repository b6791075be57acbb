"""Exceptions and long steps in the training of a real worker's process, at a step that is chosen.

What no test can have for real (a GPU that runs out of memory) is raised where it would be raised;
the worker is the product's own otherwise. Python imports `sitecustomize` at its start, and the one
written here changes `Training.advance` once a process has imported it.
"""

from pathlib import Path

from support.project import ROOT

NEVER = "3600"  # seconds that a step takes; no test waits so long

_SITE = """
import errno, importlib.util, pathlib, sys, time

FOLDER = pathlib.Path(__file__).parent

def raised(kind):
    import torch
    if kind == "oom":
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")
    if kind == "full":
        raise OSError(errno.ENOSPC, "No space left on device")
    if kind == "broken":
        raise IndexError("index 7 is out of bounds")
    time.sleep(float(kind))

def spoil(module):
    advance = module.Training.advance
    def spoiled(self):
        for path in sorted(FOLDER.glob(f"{self.step + 1}-*.fault")):
            path.unlink(missing_ok=True)
            kind = path.stem.split("-")[1]
            if kind == "nan":
                self.encoder.embedding.data.fill_(float("nan"))
            else:
                raised(kind)
        return advance(self)
    module.Training.advance = spoiled

class Finder:
    def find_spec(self, name, path, target=None):
        if name != "worker.training.loop":
            return None
        sys.meta_path.remove(self)
        found = importlib.util.find_spec(name)
        execute = found.loader.exec_module
        def executed(module):
            execute(module)
            spoil(module)
        found.loader.exec_module = executed
        return found

sys.meta_path.insert(0, Finder())
"""


class SpoiledTraining:
    """A folder of faults to come; each happens once, to whichever run reaches its step first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True)
        (folder / "sitecustomize.py").write_text(_SITE)
        self._count = 0

    @property
    def environment(self) -> dict[str, str]:
        return {"PYTHONPATH": f"{self._folder}:{ROOT}"}

    def at(self, step: int, kind: str) -> None:
        """At `step`: `oom`, `full`, `broken`, `nan` (weights), or the seconds that it takes."""
        self._count += 1
        (self._folder / f"{step}-{kind}-{self._count}.fault").touch()

    def save_early(self) -> None:
        """Have the next training that begins save a checkpoint after its third step."""
        self.at(3, "0.3")  # longer than the lab waits between two

    def stand_still(self, step: int) -> None:
        """Have the next training that begins save a checkpoint, and then stay in `step` until its
        process is ended. So it can be hurt in the middle, however fast the machine is."""
        self.save_early()
        self.at(step, NEVER)

    def is_used_up(self) -> bool:
        """Whether every fault has happened, or has begun to."""
        return not any(self._folder.glob("*.fault"))
