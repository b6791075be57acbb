"""`python -m worker.attempt RUN_ID`: one attempt in a process of its own, where torch is imported.

A process for each attempt: its memory goes back to the system, a crash in native code costs one
run, and CUDA is never touched in a process that forks.
"""

import logging
import sys
from collections.abc import Sequence

from models.database import Database
from models.logs import log_to_stderr
from models.settings import Settings
from worker.claiming import claim
from worker.heart import Heart

_log = logging.getLogger(__name__)


def main(arguments: Sequence[str]) -> None:
    if len(arguments) != 1:
        sys.exit("usage: python -m worker.attempt RUN_ID")
    settings = Settings()
    log_to_stderr("attempt", settings.log_format, run=arguments[0])
    database = Database(settings.resolved_database_url)
    try:
        _carry_out(database, settings, arguments[0])
    finally:
        database.close()


def _carry_out(database: Database, settings: Settings, run_id: str) -> None:
    claimed = claim(database, run_id, settings.worker_id)
    if claimed is None:
        _log.info("run %s is not to be had; stepping aside", run_id)
        return
    attempt, every = claimed.run.attempt, settings.heartbeat_seconds
    experiment = claimed.run.experiment_id
    log_to_stderr(
        "attempt", settings.log_format, run=run_id, attempt=attempt, experiment=experiment
    )
    with Heart(database, run_id, attempt, settings.worker_id, every) as heart:
        # Importing torch takes seconds, on a busy machine half a minute. It comes after the claim,
        # so that a second message finds the run taken, and while the heart beats.
        from worker.runner import Attempt

        Attempt(database, settings, claimed, heart).carry_out()


if __name__ == "__main__":
    main(sys.argv[1:])
