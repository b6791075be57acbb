"""Whose fault an exception is: the machine's is tried again, the spec's would come again."""

import errno

import pytest
import torch
from sqlalchemy.exc import OperationalError

from models.datasets.errors import SplitError
from models.errors import DamagedDataset, FilesAway
from worker.attempts.fault_causes import machine_kind, machine_problem, spec_problem
from worker.training.devices import NoDevice

OOM = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")


@pytest.mark.parametrize(
    ("error", "device", "kind"),
    [
        (OOM, "cuda", "cuda-out-of-memory"),
        (MemoryError(), "cpu", "out-of-memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "cpu", "out-of-memory"),
        (NoDevice("none"), "cuda", "device"),
        (RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"), "cuda", "device"),
        (OSError(errno.ENOSPC, "No space left on device"), "cpu", "disk-full"),
        (FileNotFoundError("the data set's files are not at /data"), "cpu", "files"),
        (OperationalError("SELECT 1", {}, Exception("away")), "cpu", "database"),
        (FilesAway("the bucket does not answer"), "cuda", "bucket"),
        (DamagedDataset("0123", "pairs.parquet"), "cuda", "damaged-data-set"),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), "cpu", None),
        (IndexError("index 7 is out of bounds"), "cuda", None),
        (SplitError("/split/kind", "no column says the split"), "cpu", None),
        (KeyError("embedding"), "cpu", None),
    ],
)
def test_what_may_be_otherwise_next_time_is_the_machines(
    error: Exception, device: str, kind: str | None
) -> None:
    assert machine_kind(error, device) == kind


def test_memory_of_a_gpu_comes_with_what_to_do() -> None:
    problem = machine_problem("cuda-out-of-memory", OOM, attempt=1, step=30)
    assert problem.type == "urn:tripletlab:problem:cuda-out-of-memory"
    assert problem.detail.startswith("OutOfMemoryError at step 30: CUDA out of memory")
    for word in ("smaller batch_size", "device 'cpu'"):
        assert word in problem.advice
    assert problem.sentence().endswith(problem.advice)


def test_sql_is_not_told() -> None:
    error = OperationalError("SELECT secret", {"key": "hidden"}, Exception("server closed"))
    problem = machine_problem("database", error, attempt=1, step=3)
    assert problem.detail == "OperationalError at step 3: server closed"


def test_an_error_of_the_spec_says_that_it_is_not_tried_again() -> None:
    problem = spec_problem(IndexError("index 7 is out of bounds"), attempt=1, step=4)
    assert problem.detail == "IndexError at step 4: index 7 is out of bounds"
    assert "would cause it again, so no retry is made" in problem.cause
    assert "Change the spec" in problem.advice
