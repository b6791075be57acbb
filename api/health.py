"""Liveness and readiness: whether this process answers, and whether the parts it needs do."""

import logging
import tempfile
from collections.abc import Callable

from fastapi import APIRouter, Response, status
from sqlalchemy.exc import DBAPIError

from api.dependencies import Service, ServiceDep
from api.http.views import Readiness
from models.broker import ping
from models.errors import ServiceUnavailable
from models.store import clock
from models.store.migrating import check_schema
from models.store.tables import Worker
from models.store.workers import live_workers

router = APIRouter(tags=["health"])
log = logging.getLogger(__name__)

DATABASE_AWAY = "the database does not answer"


@router.get("/healthz")
async def check_liveness() -> dict[str, str]:
    """Reply while this process runs.

    It uses no other part, so that a slow database never causes a restart.
    """
    return {"status": "ok"}


@router.get(
    "/readyz",
    responses={503: {"model": Readiness, "description": "A required part does not answer."}},
)
async def check_readiness(response: Response, service: ServiceDep) -> Readiness:
    """Return the state of each part that this process needs, and how many workers are alive."""
    # it needs no key, so anybody may ask a hundred times at once
    found = await service.single_flight.once("readiness", lambda: _readiness(service))
    if not found.ready:
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    return found


def _readiness(service: Service) -> Readiness:
    parts, alive = _in_database(service)
    parts["broker"] = _state(lambda: _ping(service), "the broker does not answer")
    parts["disk"] = _state(lambda: _write(service), "the data folder cannot be written")
    if service.settings.files_url:
        parts["bucket"] = _state(service.files.check, "the bucket does not answer")
    return Readiness(
        ready=all(state == "ok" for state in parts.values()),
        parts=parts,
        live_workers=len(alive),
        cuda_workers=sum(1 for worker in alive if worker.cuda_devices),
    )


def _in_database(service: Service) -> tuple[dict[str, str], list[Worker]]:
    """The states of the database and its schema, and the live workers.

    All over one connection: while threads compute, each statement waits for its turn.
    """
    parts: dict[str, str] = {}
    alive: list[Worker] = []
    try:
        with service.database.reading() as session:
            connection = session.connection()
            parts["database"] = "ok"
            parts["migrations"] = _state(lambda: check_schema(connection), DATABASE_AWAY)
            if parts["migrations"] == "ok":
                now = clock.now(session)
                alive = live_workers(session, now, service.settings.lease_seconds)
    except DBAPIError as error:
        log.warning("not ready: the database does not answer: %s", error.orig)
        parts = {"database": DATABASE_AWAY, "migrations": DATABASE_AWAY}
    return parts, alive


def _state(check_part: Callable[[], None], away: str) -> str:
    try:
        check_part()
    except ServiceUnavailable as error:
        if error.__cause__ is None:
            return str(error)
        # a driver's message names hosts and users, and this reply needs no key
        log.warning("not ready: %s", error)
        return away
    return "ok"


def _write(service: Service) -> None:
    """Fill one block of the disk, as the next upload or run will do."""
    try:
        with tempfile.TemporaryFile(dir=service.settings.data_dir, buffering=0) as file:
            file.write(b"x" * 4096)
    except OSError as error:
        raise ServiceUnavailable(f"the data folder cannot be written: {error.strerror}") from None


def _ping(service: Service) -> None:
    if service.broker is None:
        raise ServiceUnavailable("no broker URL is set")
    ping(service.broker)
