"""Faults of the step between the two phases of an experiment that tunes its arms."""

import os
import random
import signal
import time

from models.states import TERMINAL, TuningState
from models.store.tuning.plan import tuning_of

from support.faults.ledger import Accepted, Ledger
from support.faults.processes import family_of, send, supervisors_in
from support.process_tree import still_alive
from support.workers import PATIENCE, wait_until

_LOOK = 0.002  # seconds; from the end of an attempt to the choice it takes ten times that


def kill_before_choice(ledger: Ledger, draw: random.Random) -> str | None:
    """All workers die after the last tuning run has ended, and before anybody has chosen."""
    one = ledger.ask("tuned", f"key-{draw.getrandbits(64):x}")
    wait_until("the end of tuning", lambda: _is_due(ledger, one), every=_LOOK)
    workers = family_of(supervisors_in(ledger.service.family()))
    send(workers, signal.SIGSTOP)
    if not _is_due(ledger, one):  # the choice was faster
        send(workers, signal.SIGCONT)
        return None
    send(workers, signal.SIGKILL)
    wait_until("the end of the workers", lambda: not still_alive(workers))
    return one.id


def kill_in_choice(ledger: Ledger, draw: random.Random) -> str | None:
    """Whoever chooses dies when everything is written and nothing committed."""
    shim = ledger.service.shim
    (shim / "choice").touch()
    one = ledger.ask("tuned", f"key-{draw.getrandbits(64):x}")
    held = shim / "choice.held"
    wait_until("a choice under way", held.exists, PATIENCE, every=_LOOK)
    time.sleep(0.05)  # until the number is in it
    pid = int(held.read_text())
    held.unlink()
    os.kill(pid, signal.SIGKILL)
    wait_until("its end", lambda: not still_alive({pid}))
    return one.id


def _is_due(ledger: Ledger, one: Accepted) -> bool:
    """Whether every tuning run has ended and no setting is chosen; fails where that is over."""
    with ledger.service.database.reading() as session:
        row = tuning_of(session, one.id)
    assert row is not None
    if row.state != TuningState.PLANNED:
        return False
    return all(run.state in TERMINAL for run in ledger.service.runs_of(one.id))
