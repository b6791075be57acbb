"""Whose fault an exception of an attempt is, and what a person should know of it.

**A training is a pure function of its spec, arm, seed and data**, so an exception that comes from
it would come again, at the same step: that is the spec's fault (or ours), and it is not tried
again. What can be otherwise next time is the machine's: its files, memory, devices and database.
"""

import errno

import torch
from sqlalchemy.exc import DBAPIError

from models.errors import FilesAway
from models.store.run_life.run_problems import PREFIX, RunProblem
from worker.training.devices import NoDevice

_FULL = {errno.ENOSPC, errno.EDQUOT}
# kind -> title, likely cause, what to do
_MACHINE: dict[str, tuple[str, str, str]] = {
    "cuda-out-of-memory": (
        "The GPU ran out of memory",
        "The batch, the network and what else runs on that GPU need more memory than it has.",
        "A smaller batch_size helps, or a GPU with more memory, or device 'cpu'; or fewer runs "
        "side by side on one GPU (TRIPLETLAB_WORKERS), or in one stack (TRIPLETLAB_STACK).",
    ),
    "out-of-memory": (
        "The machine ran out of memory",
        "The runs side by side on that machine need more memory than it has.",
        "Fewer runs side by side (TRIPLETLAB_WORKERS) or a smaller batch_size help.",
    ),
    "device": (
        "The GPU failed",
        "The GPU, its driver or its libraries gave an error that a working one does not.",
        "Look at the worker's log and at that machine's GPU; device 'cpu' goes without one.",
    ),
    "disk-full": (
        "The disk is full",
        "The data folder has no room for a checkpoint or for the results.",
        "Free room in TRIPLETLAB_DATA_DIR: delete experiments that are not needed.",
    ),
    "files": (
        "A file could not be read or written",
        "The worker does not see the data folder as it should, or its disk has a fault.",
        "See that TRIPLETLAB_DATA_DIR is the same folder, on a shared disk, for every process.",
    ),
    "bucket": (
        "The bucket did not answer",
        "The store that hosts share their files in was away for longer than a worker waits, or "
        "refused these keys.",
        "See whether TRIPLETLAB_FILES_URL can be reached from that machine, and whether its keys "
        "may read and write there.",
    ),
    "database": (
        "The database did not answer",
        "The database was away for longer than a worker waits, or refused a write.",
        "Look at the database's log and at its disk.",
    ),
}


def machine_kind(error: Exception, device: str) -> str | None:
    """Which fault of the machine this is; None for one that the same attempt would meet again."""
    match error:
        case torch.OutOfMemoryError():
            return "cuda-out-of-memory"
        case MemoryError():
            return "out-of-memory"
        case RuntimeError() if "can't allocate memory" in str(error):  # torch's, on a CPU
            return "out-of-memory"
        case NoDevice() | torch.AcceleratorError():
            return "device"
        case RuntimeError() if device == "cuda":  # cuDNN's and cuBLAS's have no type of their own
            return "device"
        case OSError():
            return "disk-full" if error.errno in _FULL else "files"
        case FilesAway():
            return "bucket"
        case DBAPIError():
            return "database"
        case _:
            return None


def machine_problem(kind: str, error: Exception, *, attempt: int, step: int) -> RunProblem:
    """The document of a fault of this kind."""
    title, cause, advice = _MACHINE[kind]
    return RunProblem(
        type=f"{PREFIX}{kind}",
        title=title,
        detail=_said(error, step),
        attempt=attempt,
        step=step,
        cause=cause,
        advice=advice,
    )


def spec_problem(error: Exception, *, attempt: int, step: int) -> RunProblem:
    """The document of an exception that the same spec would raise again."""
    advice = (
        "Change the spec; where nothing in it explains this, it is a fault of the service: report "
        "it, with the traceback in the worker's log."
    )
    return RunProblem(
        type=f"{PREFIX}training-error",
        title="The training cannot be carried out",
        detail=_said(error, step),
        attempt=attempt,
        step=step,
        cause="This spec on these data leads to the error; it would again, so it is not tried.",
        advice=advice,
    )


def _said(error: Exception, step: int) -> str:
    """The error without the SQL of a database's one, which is for the log."""
    words = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    return f"{type(error).__name__} at step {step}: {words}".rstrip(": .\n")
