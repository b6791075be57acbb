"""Faults of the service's processes: killed, asked to stop, held still until others moved on.

Each is `strike(ledger, draw) -> what was seen`, or None when this moment offers nothing to hit.
"""

import os
import random
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from models.states import TERMINAL, RunState
from models.store.metrics.rows import steps_series
from models.store.run_life.runs import run as run_of
from models.store.tables import Run

from support.faults.ledger import Ledger
from support.faults.moments import hold_when, writes_a_checkpoint, writes_results
from support.faults.processes import (
    attempts_in,
    family_of,
    forkservers_in,
    pool_children_in,
    pool_parents_in,
    send,
    supervisors_in,
)
from support.process_tree import still_alive
from support.workers import wait_until

Strike = Callable[[Ledger, random.Random], str | None]
STOP_SECONDS = 10.0  # the promise from SIGTERM to the end
WINDOW_SECONDS = 20.0  # to wait for a moment of milliseconds


def kill_attempt(ledger: Ledger, draw: random.Random) -> str | None:
    return _kill_one(ledger.service.attempts(), draw)


def kill_forkserver(ledger: Ledger, draw: random.Random) -> str | None:
    """The process that forks attempts; the one that it has forked ends with it."""
    return _kill_one(forkservers_in(ledger.service.family()), draw)


def kill_pool_child(ledger: Ledger, draw: random.Random) -> str | None:
    return _kill_one(pool_children_in(ledger.service.family()), draw)


def kill_pool_parent(ledger: Ledger, draw: random.Random) -> str | None:
    return _kill_one(pool_parents_in(ledger.service.family()), draw)


def kill_worker(ledger: Ledger, draw: random.Random) -> str | None:
    """The supervisor, which is also a reaper: another worker's takes its runs back."""
    return _kill_one(supervisors_in(ledger.service.family()), draw)


def kill_api(ledger: Ledger, draw: random.Random) -> str | None:  # noqa: ARG001
    """With the embedded default that is all of the service: broker and worker end with it."""
    api = ledger.service.api
    assert api is not None
    api.kill()
    api.wait()
    return ""


def stop_worker(ledger: Ledger, draw: random.Random) -> str | None:
    """SIGTERM: it has its attempts save and give back, and ends."""
    pid = _one(supervisors_in(ledger.service.family()), draw)
    if pid is None:
        return None
    family = family_of([pid])
    begun = time.monotonic()
    send([pid], signal.SIGTERM)
    wait_until("the end of the worker", lambda: not family_of(family))
    return f"ended in {time.monotonic() - begun:.1f} s"


def hang_worker(ledger: Ledger, draw: random.Random) -> str | None:
    """All of a worker stands still until its run is another attempt's; then it wakes up, while its
    successor stands still: whatever changes then, the stale attempt has written."""
    pid = _one(_busy_workers(ledger), draw)
    if pid is None:
        return None
    still = family_of([pid])
    stale, run_id = draw.choice(sorted(attempts_in(still).items()))
    before = _look(ledger, run_id)
    send(still, signal.SIGSTOP)
    successors: list[int] = []
    try:
        wait_until("its run taken", lambda: _moved_on(ledger, before))
        successors = _successors(ledger, run_id, still)
        if not successors:
            return None
        send(successors, signal.SIGSTOP)
        found = _written(ledger, run_id)
        send(still, signal.SIGCONT)
        wait_until("the end of the stale attempt", lambda: not family_of([stale]))
        if found[0] == RunState.RUNNING:
            again = _written(ledger, run_id)
            # a reaper may find the successor silent meanwhile, and rightly so
            assert again == found or again[0] == RunState.QUEUED, (found, again)
    finally:
        send(still, signal.SIGCONT)
        send(successors, signal.SIGCONT)
    return "its successor stood still meanwhile"


def hang_attempt(ledger: Ledger, draw: random.Random) -> str | None:
    """An attempt stands still for good, as in a driver that never returns. Its worker lives."""
    attempts = ledger.service.attempts()
    pid = _one(attempts, draw)
    if pid is None:
        return None
    before = _look(ledger, attempts[pid])
    send([pid], signal.SIGSTOP)
    wait_until("the run taken back", lambda: _moved_on(ledger, before))
    wait_until("its slot free again", lambda: not family_of([pid]))
    return ""


def kill_in_checkpoint(ledger: Ledger, draw: random.Random) -> str | None:
    return _kill_in_moment(ledger, draw, writes_a_checkpoint)


def kill_before_commit(ledger: Ledger, draw: random.Random) -> str | None:
    return _kill_in_moment(ledger, draw, writes_results)


def _kill_in_moment(
    ledger: Ledger,
    draw: random.Random,
    moment: Callable[[Path, int], Callable[[], bool]],
) -> str | None:
    attempts = ledger.service.attempts()
    pid = _one(attempts, draw)
    if pid is None:
        return None
    inside = moment(ledger.service.settings.run_dir(attempts[pid]), pid)
    if not hold_when(pid, inside, WINDOW_SECONDS):
        return None
    if _look(ledger, attempts[pid]).state != RunState.RUNNING:  # the commit was faster
        send([pid], signal.SIGCONT)
        return None
    send([pid], signal.SIGKILL)
    return ""


def _kill_one(pids: Iterable[int], draw: random.Random) -> str | None:
    pid = _one(pids, draw)
    if pid is None:
        return None
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return None
    # it takes a moment, and whoever starts again what has fallen must find it so
    wait_until("its end", lambda: not still_alive({pid}))
    return ""


def _one(pids: Iterable[int], draw: random.Random) -> int | None:
    found = sorted(pids)
    return draw.choice(found) if found else None


def _busy_workers(ledger: Ledger) -> list[int]:
    workers = supervisors_in(ledger.service.family())
    return [pid for pid in workers if attempts_in(family_of([pid]))]


def _look(ledger: Ledger, run_id: str) -> Run:
    with ledger.service.database.reading() as session:
        return run_of(session, run_id)


def _successors(ledger: Ledger, run_id: str, still: set[int]) -> list[int]:
    """Other attempts at the run than those that stand still, once they train; none if it ends."""

    def training() -> list[int]:
        now = _look(ledger, run_id)
        others = ledger.service.attempts().items()
        found = [pid for pid, run in others if run == run_id and pid not in still]
        return found if now.state == RunState.RUNNING and now.step > now.started_step else []

    wait_until(
        "a successor that trains, or the end",
        lambda: training() or _look(ledger, run_id).state in TERMINAL,
    )
    return training()


def _written(ledger: Ledger, run_id: str) -> tuple[str, int, int, object, int]:
    """All of a run that an attempt's writes change."""
    now = _look(ledger, run_id)
    with ledger.service.database.reading() as session:
        rows = len(steps_series(session, run_id)["step"])
    return now.state, now.attempt, now.step, now.heartbeat_at, rows


def _moved_on(ledger: Ledger, before: Run) -> bool:
    now = _look(ledger, before.id)
    return (now.state, now.attempt) != (before.state, before.attempt)
