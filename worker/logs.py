"""One form of log line for every process of a worker, on standard error."""

import logging


def log_to_stderr(who: str) -> None:
    """Send records from INFO on to standard error; `who` names the process in each line."""
    logging.basicConfig(
        level=logging.INFO,
        format=f"%(asctime)s %(levelname)s {who}[%(process)d] %(name)s: %(message)s",
        force=True,
    )
    # Celery reports every message that it takes; what happens to a run is in the event table
    for chatty in ("celery.worker.strategy", "celery.app.trace", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
