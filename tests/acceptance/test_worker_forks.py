"""Attempts are forked from a process that has torch imported, and only has it imported."""

import os
import re
import signal
from pathlib import Path

import pytest

from support.faults.processes import pool_children_in
from support.process_tree import command_of, parent_of, still_alive
from support.workers import Lab, WorkerForTests, attempt_pids, wait_until

LONG = {"steps": 250, "evaluate_every": 50}


def _forkserver(worker: WorkerForTests) -> int:
    family = {pid: " ".join(command_of(pid)) for pid in worker.family()}
    (one,) = [pid for pid, said in family.items() if "worker.pool.forkserver" in said]
    return one


def _forked_from(lab: Lab) -> int:
    """The process that forked the attempt at a run, which then succeeds."""
    run = lab.create_one(**LONG)
    (pid,) = wait_until("an attempt", lambda: attempt_pids(run))
    above = parent_of(pid)
    lab.wait_for_success(run)
    return above


def test_one_process_forks_the_slots_and_neither_holds_what_a_fork_breaks(
    embedded_lab: Lab,
) -> None:
    worker = embedded_lab.worker()
    slot = _forked_from(embedded_lab)
    assert _forked_from(embedded_lab) == slot
    assert parent_of(slot) == _forkserver(worker)
    for process in (slot, parent_of(slot)):
        comms = Path(f"/proc/{process}/task").glob("*/comm")
        threads = {path.read_text().strip() for path in comms}
        assert threads <= {
            "python",
            "python3",
            "python -m worke",
            "tripletlab slot",
            "jemalloc_bg_thd",
        }, "jemalloc's lives through a fork"
        files = [os.readlink(path) for path in Path(f"/proc/{process}/fd").iterdir()]
        sockets = [name for name in files if name.startswith("socket:")]
        assert len(sockets) == 1, "its connection to the pool, and none to a database or a broker"
        assert not [name for name in files if ".db" in name], "no database's file either"


def test_the_supervisor_forks_what_it_starts_first_and_its_libraries_have_one_thread(
    embedded_lab: Lab,
) -> None:
    embedded_lab.stop_worker()
    worker = embedded_lab.worker()
    _forked_from(embedded_lab)
    said = " ".join(command_of(_forkserver(worker)))
    assert said.split()[:3] == ["python", "-m", "worker.pool.forkserver"], (
        "the title of a fork; OpenBLAS with threads would have been in its way"
    )


def test_the_slots_share_the_memory_of_what_is_imported(embedded_lab: Lab) -> None:
    slot = _forked_from(embedded_lab)
    sizes = {
        name: int(re.search(rf"^{name}:\s+(\d+) kB", _rollup(slot), re.M)[1])  # type: ignore[index]
        for name in ("Rss", "Private_Dirty")
    }
    assert sizes["Rss"] > 100_000, "torch is in it"
    assert sizes["Private_Dirty"] < sizes["Rss"] / 5


def _rollup(pid: int) -> str:
    return Path(f"/proc/{pid}/smaps_rollup").read_text()


@pytest.mark.parametrize("killed", ["the fork server", "the slot", "the process of the pool"])
def test_where_one_above_an_attempt_is_killed_its_run_is_attempted_again(
    embedded_lab: Lab, killed: str
) -> None:
    worker = embedded_lab.worker()
    run = embedded_lab.create_one(**LONG)
    embedded_lab.wait_for_checkpoint(run)
    (pid,) = attempt_pids(run)
    slot = parent_of(pid)
    (child,) = pool_children_in(worker.family())
    above = {"the fork server": parent_of(slot), "the slot": slot, "the process of the pool": child}
    os.kill(above[killed], signal.SIGKILL)
    (ended,) = embedded_lab.wait_for_success(run)
    assert not still_alive({pid, slot})
    assert ended.attempt == 2
    assert ended.started_step > 0
