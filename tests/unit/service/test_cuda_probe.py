"""A worker learns of CUDA devices without importing torch where torch was built for the CPU."""

import subprocess
import sys

import pytest
import torch

from worker.pool import cuda_probe

from support.project import ROOT


def test_what_the_file_of_its_version_says_is_what_torch_was_built_for() -> None:
    built = torch.version.cuda is not None or torch.version.hip is not None
    assert cuda_probe.built_for_gpus() == built


def test_the_devices_are_those_that_torch_sees() -> None:
    assert cuda_probe.count_cuda_devices() == torch.cuda.device_count()


def test_where_torch_could_use_a_gpu_it_is_asked_in_a_process_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cuda_probe, "built_for_gpus", lambda: True)
    assert cuda_probe.count_cuda_devices() == torch.cuda.device_count()


def test_counting_imports_no_torch_into_the_process_that_asks() -> None:
    code = (
        "import sys; from worker.pool.cuda_probe import count_cuda_devices\n"
        "count_cuda_devices(); print('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
