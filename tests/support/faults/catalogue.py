"""All faults by name, where each can be met, and how a harness strikes one at a good moment."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from models.states import RunState

import support.faults.process_faults as processes
import support.faults.run_faults as runs
import support.faults.server_faults as servers
import support.faults.tuning_faults as tuning
from support.faults.hurt_service import HurtService, SeparateService
from support.faults.hurt_specs import HEALTHY
from support.faults.ledger import Ledger
from support.workers import PATIENCE, wait_until

Strike = Callable[[Ledger, random.Random], str | None]


@dataclass(frozen=True)
class Fault:
    name: str  # as it stands in the table of results
    strike: Strike
    separate_only: bool = False
    weight: float = 1.0  # how often it is drawn
    asks: bool = False  # it brings an experiment of its own and needs none under way


OF_TUNING = (
    *(
        Fault(f"SIGKILL in a phase: {phase}", partial(tuning.kill_in_phase, phase=phase), asks=True)
        for phase in tuning.PHASES
    ),
    Fault(
        "SIGKILL of all workers at the stop, before settings are left out",
        partial(tuning.kill_before_choice, at_stop=True),
        asks=True,
    ),
    Fault(
        "SIGKILL of all workers between tuning and choice",
        partial(tuning.kill_before_choice, at_stop=False),
        asks=True,
    ),
    Fault(
        "SIGKILL inside the leaving out of settings",
        partial(tuning.kill_in_choice, at_stop=True),
        asks=True,
    ),
    Fault(
        "SIGKILL inside the choice of settings",
        partial(tuning.kill_in_choice, at_stop=False),
        asks=True,
    ),
)
"""Each brings an experiment that tunes its arms, with halving, and strikes it in another moment."""
FAULTS = (
    Fault("SIGKILL of an attempt", processes.kill_attempt, weight=3),
    Fault("SIGKILL of the process that forked it", processes.kill_forkserver, weight=2),
    Fault("SIGKILL of its pool process", processes.kill_pool_child, weight=2),
    Fault("SIGKILL of the pool's parent", processes.kill_pool_parent, weight=2),
    Fault("SIGKILL of a worker (and reaper)", processes.kill_worker, weight=2),
    Fault("SIGKILL inside a checkpoint write", processes.kill_in_checkpoint, weight=2),
    Fault("SIGKILL between last step and final commit", processes.kill_before_commit, weight=2),
    Fault("SIGTERM of a worker", processes.stop_worker, weight=2),
    Fault("a worker hangs, then wakes up", processes.hang_worker, True, weight=2),
    Fault("an attempt hangs for good", processes.hang_attempt),
    Fault("SIGKILL of the API (embedded: of all)", processes.kill_api),
    Fault(
        "SIGKILL of the API between COMMIT and submit",
        servers.kill_api_before_submit,
        True,
        asks=True,
    ),
    Fault("newest checkpoint corrupt", runs.corrupt_checkpoint, weight=2),
    Fault("newest checkpoint truncated", runs.truncate_checkpoint, weight=2),
    Fault("CUDA out of memory (its exception)", runs.out_of_memory),
    Fault("infinite loss", runs.infinite_loss),
    Fault("loss not a number", runs.nan_loss, asks=True, weight=0.5),
    Fault("a spec that makes the worker raise", runs.raising_spec, asks=True, weight=0.5),
    Fault("a run past its time_limit", runs.time_limit, asks=True, weight=0.5),
    Fault("the data set's files gone", runs.data_gone, asks=True, weight=0.2),
    Fault("five messages more for each run", runs.deliver_five_times, asks=True),
    Fault("two claims of one run", runs.claim_twice, True, asks=True),
    *OF_TUNING,
    Fault("FLUSHALL of Redis", servers.flush_redis, True, weight=2),
    Fault("restart of Redis", servers.restart_redis, True),
    Fault("Redis away for seconds", servers.redis_away, True),
    Fault("restart of PostgreSQL", servers.restart_postgres, True, weight=2),
    Fault("PostgreSQL away for seconds", servers.postgres_away, True),
    Fault("clock moved on a worker", servers.move_clock, True),
    Fault("disk full (embedded: SQLite's too)", servers.disk_full, weight=1.5),
)
MINUTES = (
    Fault("Redis away for a minute", servers.redis_away_for_a_minute, True),
    Fault("PostgreSQL away for a minute", servers.postgres_away_for_a_minute, True),
)


def possible(service: HurtService) -> list[Fault]:
    separate = isinstance(service, SeparateService)
    return [fault for fault in FAULTS if separate or not fault.separate_only]


def strike(fault: Strike, ledger: Ledger, draw: random.Random, *, asks: bool = False) -> str:
    """Strike while a run trains and has been saved; ask for another experiment where none is left.

    Afterwards everything runs again that ran before. Returns what was seen.
    """
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if not asks:
            _have_one_training(ledger, draw)
        seen = fault(ledger, draw)
        ledger.service.mend()
        if seen is not None:
            return seen
    raise AssertionError(f"there was never a moment for {fault}")


def _have_one_training(ledger: Ledger, draw: random.Random) -> None:
    def training() -> bool:
        if not ledger.open():
            known = sorted({spec for spec, *_ in ledger.undisturbed} & HEALTHY.keys())
            ledger.ask(draw.choice(known), f"key-{draw.getrandbits(64):x}")
        return bool(_training(ledger))

    wait_until("a run that trains", training)


def _training(ledger: Ledger) -> list[str]:
    """Runs with a living attempt that has begun, and with a checkpoint."""
    service = ledger.service
    living = set(service.attempts().values())
    found = [run for one in ledger.open() for run in service.runs_of(one.id) if run.id in living]
    return [
        run.id
        for run in found
        if run.state == RunState.RUNNING
        and run.step > run.started_step
        and any((service.settings.run_dir(run.id) / "checkpoints").glob("step-*.json"))
    ]
