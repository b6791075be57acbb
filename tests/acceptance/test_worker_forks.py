"""Attempts are forked from a process that has torch imported, and only has it imported."""

import os
import signal
from pathlib import Path

from support.process_tree import command_of, parent_of, still_alive
from support.workers import Lab, WorkerForTests, attempt_pids, wait_until

LONG = {"steps": 250, "evaluate_every": 50}


def _forkservers(worker: WorkerForTests) -> set[int]:
    return {pid for pid in worker.family() if "worker.pool.forkserver" in command_of(pid)}


def _forked_from(lab: Lab) -> int:
    """The process that forked the attempt at a run, which then succeeds."""
    run = lab.create_one(**LONG)
    (pid,) = wait_until("an attempt", lambda: attempt_pids(run))
    above = parent_of(pid)
    lab.wait_for_success(run)
    return above


def test_one_process_forks_the_attempts_at_many_runs_and_holds_nothing_that_a_fork_breaks(
    embedded_lab: Lab,
) -> None:
    worker = embedded_lab.worker()
    first = _forked_from(embedded_lab)
    assert _forked_from(embedded_lab) == first
    assert _forkservers(worker) == {first}
    threads = {path.read_text().strip() for path in Path(f"/proc/{first}/task").glob("*/comm")}
    assert threads <= {"python", "python3", "jemalloc_bg_thd"}, "jemalloc's lives through a fork"
    files = [os.readlink(path) for path in Path(f"/proc/{first}/fd").iterdir()]
    sockets = [name for name in files if name.startswith("socket:")]
    assert len(sockets) == 1, "its connection to the pool, and none to a database or a broker"
    assert not [name for name in files if ".db" in name], "no database's file either"


def test_where_that_process_is_killed_its_run_is_attempted_again_from_a_new_one(
    embedded_lab: Lab,
) -> None:
    worker = embedded_lab.worker()
    run = embedded_lab.create_one(**LONG)
    embedded_lab.wait_for_checkpoint(run)
    (pid,) = attempt_pids(run)
    (above,) = _forkservers(worker)
    os.kill(above, signal.SIGKILL)
    (ended,) = embedded_lab.wait_for_success(run)
    assert not still_alive({pid})
    assert ended.attempt == 2
    assert ended.started_step > 0
    assert _forkservers(worker) - {above}
