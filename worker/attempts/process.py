"""What an attempt's process does, from the claim of a run to its end.

The process is forked by `worker.pool.forkserver`.
"""

import logging
import os
import socket
from collections.abc import Callable, Sequence

from setproctitle import setproctitle

from models.logs import log_to_stderr
from models.settings import Settings
from models.store.database import Database
from worker.attempts.claiming import Claimed, claim, claim_companions
from worker.attempts.heartbeat import Heartbeat, RunHeartbeat
from worker.attempts.run_log import warnings_into
from worker.attempts.runner import Attempt
from worker.attempts.stacking import companions_of, is_to_be_stacked, train_as_stack
from worker.attempts.usage import UsageSampler

_log = logging.getLogger(__name__)

TellCompanions = Callable[[Sequence[tuple[str, int]]], None]
"""Takes the other runs, each with its attempt, that this process has claimed beside its own."""


def attempt(
    run_id: str,
    tell_companions: TellCompanions = lambda _claims: None,
    slot: int | None = None,
) -> None:
    """Claim the run and train it, with the settings of the environment, in this slot of the worker
    (0, 1, …)."""
    settings = Settings()
    setproctitle(f"tripletlab attempt {run_id}")  # for those who look at processes
    log_to_stderr("attempt", settings.log_format, run=run_id)
    database = Database(settings.resolved_database_url)
    try:
        place = _place(slot)
        claimed = claim(database, run_id, settings.worker_id, place)
        if claimed is None:
            _log.info("run %s cannot be claimed here; nothing is done", run_id)
        elif is_to_be_stacked(settings, claimed):
            _train_in_stack(database, settings, claimed, tell_companions, place)
        else:
            _train_alone(database, settings, claimed)
    finally:
        database.close()


def _place(slot: int | None) -> str:
    """Where this process is, in words, for a person who looks for it."""
    where = "" if slot is None else f"slot {slot + 1}, "
    return f"{socket.gethostname()} ({where}process {os.getpid()})"


def _train_alone(database: Database, settings: Settings, claimed: Claimed) -> None:
    run = claimed.run
    log_to_stderr(
        "attempt",
        settings.log_format,
        run=run.id,
        attempt=run.attempt,
        experiment=run.experiment_id,
    )
    heartbeat = RunHeartbeat(run.id, run.attempt)
    with (
        Heartbeat(database, [heartbeat], settings.worker_id, settings.heartbeat_seconds),
        UsageSampler() as usage,
    ):
        own = Attempt(database, settings, claimed, heartbeat, usage)
        with warnings_into([own.log]):
            own.carry_out()


def _train_in_stack(
    database: Database,
    settings: Settings,
    first: Claimed,
    tell_companions: TellCompanions,
    place: str,
) -> None:
    log_to_stderr("attempt", settings.log_format, experiment=first.run.experiment_id)
    others = claim_companions(
        database, first, settings.worker_id, companions_of(first), settings.stack - 1, place
    )
    members = [first, *others]
    tell_companions([(other.run.id, other.run.attempt) for other in others])
    heartbeats = [RunHeartbeat(member.run.id, member.run.attempt) for member in members]
    with (
        Heartbeat(database, heartbeats, settings.worker_id, settings.heartbeat_seconds),
        UsageSampler() as usage,
    ):
        attempts = [
            Attempt(database, settings, member, heartbeat, usage, stack_width=settings.stack)
            for member, heartbeat in zip(members, heartbeats, strict=True)
        ]
        if others:
            for one in attempts:
                one.log.add(f"shares its process with {len(others)} other runs, as one stack")
        with warnings_into([one.log for one in attempts]):
            train_as_stack(attempts, width=settings.stack)
