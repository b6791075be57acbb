"""What caused an exception of an attempt, and what a person should know about it.

**A training is a pure function of its spec, arm, seed and data**, so an exception of the training
itself would come again, at the same step: it is a fault of the spec (or of this service) and is not
tried again. What can be different next time is a fault of the machine: of its files, memory,
devices or database.
"""

import errno

import torch
from sqlalchemy.exc import DBAPIError

from models.errors import DamagedDataset, FilesAway
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
        "The GPU, its driver or its libraries raised an error that a working GPU does not.",
        "Look at the worker's log and at that machine's GPU; device 'cpu' needs none.",
    ),
    "disk-full": (
        "The disk is full",
        "The data folder has no space for a checkpoint or for the results.",
        "Free space in TRIPLETLAB_DATA_DIR: delete experiments that are not needed.",
    ),
    "files": (
        "A file could not be read or written",
        "The worker cannot use the data folder, or its disk has a fault.",
        "Check that TRIPLETLAB_DATA_DIR is the same folder, on a shared disk, for every process.",
    ),
    "damaged-data-set": (
        "The data set is damaged",
        "A crash of the machine or a full disk left half of the file, or something else wrote it.",
        "Upload the same file again (where it is questions-generated, start the service again), "
        "then retry the run.",
    ),
    "bucket": (
        "The bucket did not answer",
        "The store in which hosts share their files was away for longer than a worker retries, or "
        "refused these keys.",
        "Check whether TRIPLETLAB_FILES_URL can be reached from that machine, and whether its keys "
        "may read and write there.",
    ),
    "database": (
        "The database did not answer",
        "The database was away for longer than a worker retries, or refused a write.",
        "Look at the database's log and at its disk.",
    ),
}


def machine_kind(error: Exception, device: str) -> str | None:
    """The kind of a fault of the machine; None for an exception that would come again."""
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
        case DamagedDataset():
            return "damaged-data-set"
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
        detail=_in_words(error, step),
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
        detail=_in_words(error, step),
        attempt=attempt,
        step=step,
        cause="This spec causes the error on these data, and would cause it again, so no retry is "
        "made.",
        advice=advice,
    )


def _in_words(error: Exception, step: int) -> str:
    """The error in words, without the SQL of a database's error, which is for the log."""
    words = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    return f"{type(error).__name__} at step {step}: {words}".rstrip(": .\n")
