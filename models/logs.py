"""Log lines of every process, on standard error: for people as text, for collectors as JSON.

Modules log with the standard library, whichever format is set. What the lines of a process are
about (a request, a run and its attempt) is bound here once, and every later line has it.
"""

import logging
import os
import sys
from typing import Any, Literal

from models.absent_modules import absent

with absent("rich"):  # it would only write tracebacks in colour
    import structlog
    from structlog.typing import EventDict, Processor

Format = Literal["text", "json"]

# Celery logs every message that it takes; what happens to a run is in the event table.
# uvicorn's access lines lack the request's id; `api.http.access_log` writes them.
CHATTY = ("celery.worker.strategy", "celery.app.trace", "alembic", "httpx", "uvicorn.access")


def log_to_stderr(who: str, form: Format = "text", **about: Any) -> None:
    """Send records from INFO on to standard error, each with the process name and `about`.

    May be called again when more is known about the work of this process.
    """
    fixed = {"process": who, "pid": os.getpid(), **about}

    def add_fixed(_logger: Any, _method: str, event: EventDict) -> EventDict:
        return {**fixed, **event}

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.contextvars.merge_contextvars,
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.stdlib.ExtraAdder(),
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                add_fixed,
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_written(form),
            ],
        )
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for chatty in CHATTY:
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _written(form: Format) -> list[Processor]:
    # tracebacks without the values of variables, which include keys, passwords and people's texts
    if form == "json":
        traces = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        return [
            structlog.processors.ExceptionRenderer(traces),
            structlog.processors.JSONRenderer(),
        ]
    return [
        structlog.dev.ConsoleRenderer(
            colors=False, pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
        )
    ]
