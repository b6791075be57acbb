"""What an attempt's process does, from the claim of a run to the end (see `preloaded`)."""

import logging
from collections.abc import Callable, Sequence

from setproctitle import setproctitle

from models.logs import log_to_stderr
from models.settings import Settings
from models.store.database import Database
from worker.attempts.claiming import Claimed, claim, claim_companions
from worker.attempts.heartbeat import Heart, Pulse
from worker.attempts.runner import Attempt
from worker.attempts.stacking import carry_out_as_stack, companions_of, is_to_be_stacked

_log = logging.getLogger(__name__)

Told = Callable[[Sequence[tuple[str, int]]], None]
"""Hears of the runs, with their attempts, that this process holds beside the one it was for."""


def attempt(run_id: str, told: Told = lambda _held: None) -> None:
    """Claim the run and carry it out, with the settings of the environment."""
    settings = Settings()
    setproctitle(f"tripletlab attempt {run_id}")  # for those who look at processes
    log_to_stderr("attempt", settings.log_format, run=run_id)
    database = Database(settings.resolved_database_url)
    try:
        claimed = claim(database, run_id, settings.worker_id)
        if claimed is None:
            _log.info("run %s is not to be had; stepping aside", run_id)
        elif is_to_be_stacked(settings, claimed):
            _carry_out_stack(database, settings, claimed, told)
        else:
            _carry_out(database, settings, claimed)
    finally:
        database.close()


def _carry_out(database: Database, settings: Settings, claimed: Claimed) -> None:
    run = claimed.run
    log_to_stderr(
        "attempt",
        settings.log_format,
        run=run.id,
        attempt=run.attempt,
        experiment=run.experiment_id,
    )
    pulse = Pulse(run.id, run.attempt)
    with Heart(database, [pulse], settings.worker_id, settings.heartbeat_seconds):
        Attempt(database, settings, claimed, pulse).carry_out()


def _carry_out_stack(database: Database, settings: Settings, first: Claimed, told: Told) -> None:
    log_to_stderr("attempt", settings.log_format, experiment=first.run.experiment_id)
    others = claim_companions(
        database, first, settings.worker_id, companions_of(first), settings.stack - 1
    )
    members = [first, *others]
    told([(one.run.id, one.run.attempt) for one in others])
    pulses = [Pulse(one.run.id, one.run.attempt) for one in members]
    with Heart(database, pulses, settings.worker_id, settings.heartbeat_seconds):
        attempts = [
            Attempt(database, settings, one, pulse, stack_width=settings.stack)
            for one, pulse in zip(members, pulses, strict=True)
        ]
        carry_out_as_stack(attempts, width=settings.stack)
