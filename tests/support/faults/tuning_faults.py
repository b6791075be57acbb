"""Faults of an experiment that tunes its arms: in each phase, and of the steps between them, where
settings are left out (`at_stop`) and where they are chosen."""

import os
import random
import signal
import time
from collections.abc import Callable
from functools import partial

from models.states import TERMINAL, RunState, TuningState
from models.store.tables import Run
from models.store.tuning.plan import tuning_of

from support.faults.hurt_specs import STOP
from support.faults.ledger import Accepted, Ledger
from support.faults.processes import family_of, send, supervisors_in
from support.process_tree import still_alive
from support.workers import PATIENCE, wait_until

_LOOK = 0.002  # seconds; from the end of an attempt to the choice it takes ten times that

Phase = Callable[[Run], bool]
PHASES: dict[str, Phase] = {
    "tuning, up to the stop": lambda run: run.tuning and run.steps == STOP,
    "tuning, after the stop": lambda run: run.tuning and run.steps > STOP,
    "the comparison": lambda run: not run.tuning,
}


def kill_in_phase(ledger: Ledger, draw: random.Random, *, phase: str) -> str | None:
    """An attempt dies while it trains in this phase; or, drawn as often, every worker does."""
    one = ledger.ask("tuned", f"key-{draw.getrandbits(64):x}")
    struck: int = wait_until(phase, partial(_trains_in, ledger, one, PHASES[phase]), every=_LOOK)
    workers = family_of(supervisors_in(ledger.service.family()))
    killed = {struck} if draw.random() < 0.5 else workers
    send(killed, signal.SIGKILL)
    wait_until("their end", lambda: not still_alive(killed))
    return one.id


def kill_before_choice(ledger: Ledger, draw: random.Random, *, at_stop: bool) -> str | None:
    """All workers die after the last tuning run has ended, and before anybody has chosen; or the
    last has stopped, and nobody has left any out."""
    one = ledger.ask("tuned", f"key-{draw.getrandbits(64):x}")
    wait_until("the end of tuning", lambda: _is_due(ledger, one, at_stop), every=_LOOK)
    workers = family_of(supervisors_in(ledger.service.family()))
    send(workers, signal.SIGSTOP)
    if not _is_due(ledger, one, at_stop):  # the choice was faster
        send(workers, signal.SIGCONT)
        return None
    send(workers, signal.SIGKILL)
    wait_until("the end of the workers", lambda: not still_alive(workers))
    return one.id


def kill_in_choice(ledger: Ledger, draw: random.Random, *, at_stop: bool) -> str | None:
    """Whoever chooses, or leaves settings out, dies when everything is written and nothing
    committed."""
    shim = ledger.service.shim
    if at_stop:
        (shim / "choice").touch()
    one = ledger.ask("tuned", f"key-{draw.getrandbits(64):x}")
    if not at_stop:
        wait_until("the stop", lambda: _is_past_the_stop(ledger, one), every=_LOOK)
        (shim / "choice").touch()
    held = shim / "choice.held"
    wait_until("a choice under way", held.exists, PATIENCE, every=_LOOK)
    time.sleep(0.05)  # until the number is in it
    pid = int(held.read_text())
    held.unlink()
    os.kill(pid, signal.SIGKILL)
    wait_until("its end", lambda: not still_alive({pid}))
    return one.id


def _trains_in(ledger: Ledger, one: Accepted, phase: Phase) -> int | None:
    """An attempt at one of its runs that is in the phase and has begun its steps."""
    living = {run: pid for pid, run in ledger.service.attempts().items()}
    for run in ledger.service.runs_of(one.id):
        begun = run.state == RunState.RUNNING and run.step > run.started_step
        if run.id in living and begun and phase(run):
            return living[run.id]
    return None


def _is_past_the_stop(ledger: Ledger, one: Accepted) -> bool:
    return any(run.tuning and run.steps > STOP for run in ledger.service.runs_of(one.id))


def _is_due(ledger: Ledger, one: Accepted, at_stop: bool) -> bool:
    """Whether every tuning run has ended, or stopped, and nothing is done about it yet."""
    with ledger.service.database.reading() as session:
        row = tuning_of(session, one.id)
    assert row is not None
    if row.state != TuningState.PLANNED or _is_past_the_stop(ledger, one) == at_stop:
        return False
    return all(run.state in TERMINAL for run in ledger.service.runs_of(one.id))
