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
from models.store.readiness import LiveWorkers, ready_workers

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
        live_workers=alive.all,
        cuda_workers=alive.with_cuda,
    )


def _in_database(service: Service) -> tuple[dict[str, str], LiveWorkers]:
    """The states of the database and its schema, and how many workers are alive."""
    alive = LiveWorkers(0, 0)
    try:
        with service.database.asking() as session:
            alive = ready_workers(session, service.settings.lease_seconds)
            schema = "ok"
    except ServiceUnavailable as error:
        schema = str(error)
    except DBAPIError as error:
        log.warning("not ready: the database does not answer: %s", error.orig)
        return {"database": DATABASE_AWAY, "migrations": DATABASE_AWAY}, alive
    return {"database": "ok", "migrations": schema}, alive


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
