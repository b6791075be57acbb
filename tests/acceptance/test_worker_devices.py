"""On a host with several GPUs each slot's attempts are told of one, also after a process died.

There is no GPU here: what an attempt is told is what CUDA would read.
"""

import os
import signal

import pytest

from models.store.ids import new_id
from worker.pool.forkserver import SLOT
from worker.pool.pool import Pool

from support.faults.processes import pool_children_in
from support.process_tree import command_of, descendants, parent_of, still_alive
from support.workers import Lab, attempt_pids, wait_until

SLOTS = 3


def _device(slot: int) -> str | None:
    """What the environment of a slot's attempts says, as the slot shows it."""
    told = dict(word.partition("=")[::2] for word in " ".join(command_of(slot)).split())
    return told.get("CUDA_VISIBLE_DEVICES")


def _slots() -> list[int]:
    return [pid for pid in descendants(os.getpid()) if " ".join(command_of(pid)).startswith(SLOT)]


def test_the_attempts_of_each_slot_see_one_device_in_turn(
    embedded_lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,7")
    embedded_lab.stop_worker()
    own = {"workers": SLOTS, "worker_id": new_id("wrk")}
    pool = Pool(embedded_lab.settings.model_copy(update=own), cuda_devices=2)
    pool.keep_alive()
    try:
        runs = [embedded_lab.create_one(steps=3000, evaluate_every=3000) for _ in range(SLOTS)]

        def attempts() -> list[int]:
            pids = [pid for run in runs for pid in attempt_pids(run)]
            return pids if len(pids) == SLOTS else []

        begun = wait_until("an attempt in each slot", attempts)
        slots = set(map(parent_of, begun))
        assert sorted(str(_device(slot)) for slot in slots) == ["5", "5", "7"]
        for child in pool_children_in(descendants(os.getpid())):
            os.kill(child, signal.SIGKILL)

        def replaced() -> bool:
            devices = sorted(str(_device(slot)) for slot in set(_slots()) - slots)
            return not still_alive(slots | set(begun)) and devices == ["5", "5", "7"]

        wait_until("others in their slots", replaced)
    finally:
        pool.stop(0)
