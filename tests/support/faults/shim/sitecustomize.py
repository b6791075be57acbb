"""Put on the PYTHONPATH of workers under test, and of nothing else: faults that no signal makes.

`TRIPLETLAB_FAULT_FOLDER` names a folder. A step of a run that finds `RUN.out-of-memory` there
takes the file away and raises what torch raises on a full CUDA device (there is none to fill); with
`RUN.infinite-loss` its loss is infinite, and with `RUN.raises` it meets an error of its spec. In a
process whose `TRIPLETLAB_FAULT_CLOCK` names a file, the worker's modules see a clock that is off by
the seconds that stand in it. Where the file `choice` is there, the
next choice of settings stands still before its commit, and says in `choice.held` which process it
is in. (libfaketime moves the clock below Python, but even unmoved it breaks
`time.sleep` and the waiting of threads.)
"""

import importlib.abc
import importlib.machinery
import os
import sys
import time
from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from types import ModuleType
from typing import Any

LOOP = "worker.training.loop"
CHOICE = "models.store.setting_choices"
MODULES = ("worker.", "models.store.clock", CHOICE)


class _Loader(importlib.machinery.SourceFileLoader):
    """Loads a module of the worker, and puts the faults into it."""

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        if module.__name__ == LOOP:
            module.reduce_terms = _faulty(module.reduce_terms)  # type: ignore[attr-defined]
        if module.__name__ == CHOICE:
            module.add_runs = _held(module.add_runs)  # type: ignore[attr-defined]
        if "TRIPLETLAB_FAULT_CLOCK" in os.environ and hasattr(module, "datetime"):
            module.datetime = MovedClock  # type: ignore[attr-defined]


def _faulty(honest: Any) -> Any:
    def reduce_terms(*arguments: Any, **named: Any) -> Any:
        from setproctitle import getproctitle

        place = Path(os.environ["TRIPLETLAB_FAULT_FOLDER"]) / getproctitle().split()[-1]
        loss = honest(*arguments, **named)
        if _took(place.with_suffix(".out-of-memory")):
            import torch

            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")
        if _took(place.with_suffix(".raises")):
            raise IndexError("index 7 is out of bounds")
        return loss + float("inf") if _took(place.with_suffix(".infinite-loss")) else loss

    return reduce_terms


def _held(honest: Any) -> Any:
    def add_runs(*arguments: Any, **named: Any) -> Any:
        added = honest(*arguments, **named)
        folder = Path(os.environ["TRIPLETLAB_FAULT_FOLDER"])
        if _took(folder / "choice"):  # all of it is written, and nothing is committed
            (folder / "choice.held").write_text(str(os.getpid()))
            time.sleep(600)
        return added

    return add_runs


def _took(path: Path) -> bool:
    if not path.exists():
        return False
    path.unlink()
    return True


class MovedClock:
    """As much of `datetime` as the worker's modules use."""

    @staticmethod
    def now(zone: tzinfo | None = None) -> datetime:
        off = float(Path(os.environ["TRIPLETLAB_FAULT_CLOCK"]).read_text())
        return datetime.now(zone) + timedelta(seconds=off)


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not fullname.startswith(MODULES):
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            spec.loader = _Loader(fullname, spec.loader.path)
        return spec


if "TRIPLETLAB_FAULT_FOLDER" in os.environ:
    sys.meta_path.insert(0, _Finder())
