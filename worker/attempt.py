"""One attempt at a run: what its process does, from the claim to the end (see `preloaded`)."""

import logging

from setproctitle import setproctitle

from models.database import Database
from models.logs import log_to_stderr
from models.settings import Settings
from worker.claiming import claim
from worker.heart import Heart
from worker.runner import Attempt

_log = logging.getLogger(__name__)


def attempt(run_id: str) -> None:
    """Claim the run and carry it out, with the settings of the environment."""
    settings = Settings()
    setproctitle(f"tripletlab attempt {run_id}")  # for those who look at processes
    log_to_stderr("attempt", settings.log_format, run=run_id)
    database = Database(settings.resolved_database_url)
    try:
        _carry_out(database, settings, run_id)
    finally:
        database.close()


def _carry_out(database: Database, settings: Settings, run_id: str) -> None:
    claimed = claim(database, run_id, settings.worker_id)
    if claimed is None:
        _log.info("run %s is not to be had; stepping aside", run_id)
        return
    number, every = claimed.run.attempt, settings.heartbeat_seconds
    experiment = claimed.run.experiment_id
    log_to_stderr("attempt", settings.log_format, run=run_id, attempt=number, experiment=experiment)
    with Heart(database, run_id, number, settings.worker_id, every) as heart:
        Attempt(database, settings, claimed, heart).carry_out()
