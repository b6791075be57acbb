"""On a host with several GPUs each slot's attempts are told of one, also after a process died.

There is no GPU here: what an attempt is told is what CUDA would read.
"""

import os
import signal

import pytest

from models.store.ids import new_id
from worker.pool.pool import pool_process

from support.process_tree import command_of, descendants, parent_of, still_alive
from support.workers import Lab, attempt_pids, wait_until

SLOTS = 3


def _device(pid: int) -> str | None:
    """What the environment said with which the program of this process began. An attempt is forked
    from its fork server, and writes its title over what the system would show."""
    with open(f"/proc/{pid}/environ", encoding="utf-8") as file:
        told = dict(entry.partition("=")[::2] for entry in file.read().split("\0"))
    return told.get("CUDA_VISIBLE_DEVICES")


def _shown(pool: int | None) -> bool:
    """Whether the fork servers of the pool show their devices as they did at its start."""
    assert pool is not None
    servers = [pid for pid in descendants(pool) if "worker.pool.forkserver" in command_of(pid)]
    return sorted(map(str, map(_device, servers))) == ["5", "5", "7"]


def test_the_attempts_of_each_slot_see_one_device_in_turn(
    embedded_lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,7")
    embedded_lab.stop_worker()
    own = {"workers": SLOTS, "worker_id": new_id("wrk")}
    pool = pool_process(embedded_lab.settings.model_copy(update=own), cuda_devices=2)
    pool.keep_alive()
    try:
        runs = [embedded_lab.create_one(steps=3000, evaluate_every=3000) for _ in range(SLOTS)]

        def attempts() -> list[int]:
            pids = [pid for run in runs for pid in attempt_pids(run)]
            return pids if len(pids) == SLOTS else []

        begun = wait_until("an attempt in each slot", attempts)
        told = {server: _device(server) for server in map(parent_of, begun)}
        assert sorted(map(str, told.values())) == ["5", "5", "7"]
        (alone,) = [server for server, device in told.items() if device == "7"]
        os.kill(parent_of(alone), signal.SIGKILL)  # the slot's process of the pool
        wait_until("another in its slot", lambda: not still_alive({alone}) and _shown(pool.pid))
    finally:
        pool.stop(0)
