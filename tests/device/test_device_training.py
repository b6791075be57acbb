"""What training promises, on the device that `TRIPLETLAB_TEST_DEVICE` names: `cpu`, or `cuda`.

`benchmarks/device_check.py` runs these on a machine with a GPU. Without one they run on the CPU, so
that they do not rot; what only a GPU can answer is skipped there.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from models.specs.experiment import ExperimentSpec
from worker.attempts.fault_causes import machine_kind
from worker.training.divergence import Diverged
from worker.training.events import Event, Finished, StepDone
from worker.training.loop import train
from worker.training.stack.loop import Failed

from support.device import DEVICE, needs_cuda
from support.expect import expect
from support.stack import dropping, stack_spec, trained, wild_data
from support.training import figures, killed_after_every_step, tiny_data, tiny_spec

pytestmark = pytest.mark.device

STEPS = 50
DATA = wild_data()
SPEC = tiny_spec(steps=STEPS, evaluate_every=25)
ARMS = [arm.name for arm in SPEC.arms]
WIDTH = 4


def alone(spec: ExperimentSpec, arm: str, device: str = DEVICE) -> list[Event]:
    return list(train(spec, arm, 0, DATA, device=device))


def losses(events: Sequence[object]) -> list[float]:
    return [event.loss_per_row for event in events if isinstance(event, StepDone)]


@pytest.mark.parametrize("arm", ARMS)
def test_fifty_steps_alone_and_in_a_stack_follow_those_of_a_cpu(arm: str) -> None:
    expected = losses(alone(SPEC, arm, "cpu"))
    assert len(expected) == STEPS
    stack = trained(SPEC, [(arm, 0), (arm, 1)], DATA, width=WIDTH, device=DEVICE)
    for found in (losses(alone(SPEC, arm)), losses(stack[0])):
        np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_the_same_training_gives_the_same_bits_twice() -> None:
    for arm in ARMS:
        assert figures(alone(SPEC, arm)) == figures(alone(SPEC, arm))
    members = [(arm, seed) for arm in ARMS for seed in (0, 1)]
    first, second = (trained(SPEC, members, DATA, width=WIDTH, device=DEVICE) for _ in range(2))
    assert [figures(first[n]) for n in first] == [figures(second[n]) for n in second]


def test_a_training_that_is_killed_after_every_step_has_the_bits_of_one_that_is_not(
    tmp_path: Path,
) -> None:
    spec = tiny_spec()
    killed = killed_after_every_step(spec, "modified", 0, DATA, tmp_path, device=DEVICE)
    assert figures(killed) == figures(alone(spec, "modified"))


def test_a_member_of_a_stack_has_the_same_bits_beside_any_others() -> None:
    members = [("vanilla", 0), ("modified", 3), ("vanilla", 7), ("modified", 0)]
    among = trained(SPEC, members, DATA, width=WIDTH, device=DEVICE)
    by_itself = trained(SPEC, [("modified", 0)], DATA, width=WIDTH, device=DEVICE)
    assert figures(among[3]) == figures(by_itself[0])


def test_a_member_that_diverges_or_is_cancelled_leaves_the_others_their_bits() -> None:
    eps = {"eps": 1e-60, "schedule": {"kind": "constant"}}
    arms = [*SPEC.model_dump(mode="json")["arms"]]
    spec = tiny_spec(arms=[*arms, {**arms[0], "name": "broken", "optimizer": eps}])
    sound = trained(spec, [("vanilla", 0)], DATA, width=WIDTH, device=DEVICE)
    told = trained(
        spec,
        [("broken", 0), ("vanilla", 0), ("modified", 1)],
        DATA,
        width=WIDTH,
        device=DEVICE,
        until=dropping(2, step=3),
    )
    assert isinstance(expect(Failed, told[0][-1]).error, Diverged)
    assert expect(StepDone, told[2][-1]).step == 3
    assert figures(told[1]) == figures(sound[0])


BESIDE = """
import sys
from support.device import DEVICE
from support.training import tiny_data, tiny_spec
from worker.training.loop import train
spec = tiny_spec(steps=50, evaluate_every=25)
*_, last = train(spec, sys.argv[1], 0, tiny_data(), device=DEVICE)
print(last.scores.tobytes().hex())
"""


def test_two_processes_on_one_device_have_the_bits_of_one_alone() -> None:
    paths = os.pathsep.join(path for path in sys.path if path)
    environment = {
        **os.environ,
        "PYTHONPATH": paths,
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
        "OMP_NUM_THREADS": "1",
    }
    both = [
        subprocess.Popen(
            [sys.executable, "-c", BESIDE, arm], env=environment, stdout=subprocess.PIPE, text=True
        )
        for arm in ARMS
    ]
    for arm, process in zip(ARMS, both, strict=True):
        told, _ = process.communicate(timeout=240)
        assert process.returncode == 0
        *_, last = train(SPEC, arm, 0, tiny_data(), device=DEVICE)
        assert told.strip() == expect(Finished, last).scores.tobytes().hex()


@needs_cuda
def test_replayed_cuda_graphs_have_the_bits_of_kernels_that_are_started_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    members = [("vanilla", 0), ("modified", 1)]
    recorded = trained(SPEC, members, DATA, width=WIDTH, device=DEVICE)
    monkeypatch.setattr("worker.training.stack.encoder.recorder", lambda _device: None)
    eager = trained(SPEC, members, DATA, width=WIDTH, device=DEVICE)
    for member in (0, 1):
        assert figures(recorded[member]) == figures(eager[member])


@needs_cuda
def test_a_full_gpu_is_a_fault_of_the_machine_and_the_next_training_goes_on() -> None:
    before = figures(alone(SPEC, "vanilla"))
    large = {"kind": "lstm", "embedding_dim": 1024, "hidden_dim": 1024}
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(1e-4)
    try:
        with pytest.raises(torch.OutOfMemoryError) as caught:
            trained(stack_spec(encoder=large), [("vanilla", 0)], DATA, device=DEVICE)
        assert machine_kind(caught.value, DEVICE) == "cuda-out-of-memory"
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert figures(alone(SPEC, "vanilla")) == before
