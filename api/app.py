"""The application: `create_app(settings)` assembles errors, routes, middleware and documents.

The database engine and the broker client are made when the application starts and closed when it
stops, never at import, so that one process can have several applications, as tests do.
"""

import gc
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

from anyio import to_thread
from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute

from api import health, prometheus
from api.access import audit
from api.access.authentication import Authentication
from api.access.body_limits import BodyLimits
from api.access.callers import must_own
from api.agents import door as agents
from api.datasets import preview
from api.datasets import routes as datasets
from api.datasets.damaged import answer_damaged
from api.datasets.generated import ensure_generated
from api.dependencies import Service
from api.experiments import event_stream, recipes, retries
from api.experiments import routes as experiments
from api.experiments.more_seeds import routes as more_seeds
from api.exports import routes as exports
from api.finding import differences, ids, labels
from api.http import json_bodies, problems, static_files
from api.http.access_log import AccessLog
from api.http.departures import Departures
from api.http.query_parameters import require_known_parameters
from api.http.ranges import Ranges
from api.http.security_headers import SecurityHeaders
from api.openapi import document, swagger
from api.pretrained import routes as pretrained
from api.programmes import routes as programmes
from api.prometheus import ReplyTimes
from api.results import comparisons, declared_comparisons
from api.results import routes as results
from api.runs import (
    checkpoints,
    log,
    metrics,
    misclassified,
    model_folder,
    predictions,
    reproductions,
    weights,
)
from api.runs import routes as runs
from api.studies import routes as studies
from api.vectors import routes as vectors
from api.webhooks import routes as webhooks
from models.broker import celery_app
from models.errors import DamagedDataset
from models.settings import Settings
from models.store.database import Database
from models.store.schema_version import check

ABOUT = """Does this choice in a triplet loss matter? POST an experiment: arms that differ in the
loss, and a number of seeds. Every arm is trained under every seed, and the results say whether the
arms differ, are equivalent, or cannot be told apart yet."""

RESOURCES = (
    *(datasets, preview, pretrained, vectors),
    *(experiments, event_stream, recipes, retries, more_seeds),
    *(labels, differences, ids),
    *(results, comparisons, declared_comparisons, exports),
    *(runs, metrics, log, checkpoints, misclassified, predictions, reproductions),
    *(weights, model_folder),
    *(studies, programmes, webhooks, audit),
)
"""Modules with a router below `/v1`."""

ORDINARY_THREADS = 8
"""For routes without threads of their own. More would not be faster, since one computes at a time,
but each would make the event loop wait for its turn longer."""

SWITCH_SECONDS = 0.0005
"""How long a thread computes before another one gets its turn. A request waits for such a turn at
each piece that it reads or sends; with Python's own 5 ms and a few threads that compute, `/readyz`
took a second."""


COLLECTED_AT = (10_000, 10, 10)
"""How many new objects begin a search for garbage among them, and how many such searches one among
older objects. Nothing else runs meanwhile; at Python's own 700, 10 and 10 large replies made the
API search all it had every second and a half, for up to 0.2 s. Seldomer still, what abandoned
requests leave in cycles stays: 100 MiB more where every fourth of these searches was made."""


def create_app(settings: Settings, *, own_worker: bool = False) -> FastAPI:
    """Return the application for these settings; `own_worker` as in `Service`.

    Starting it raises `ServiceUnavailable` when the database does not answer or is not migrated.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        service = await run_in_threadpool(_open, settings, own_worker)
        app.state.service = service
        app.state.agent_door = agents.AgentDoor()
        to_thread.current_default_thread_limiter().total_tokens = ORDINARY_THREADS
        json_bodies.install(app)
        sys.setswitchinterval(SWITCH_SECONDS)
        gc.set_threshold(*COLLECTED_AT)
        try:
            yield
        finally:
            service.stopping.set()
            await app.state.agent_door.close()
            await run_in_threadpool(_close, service)

    app = FastAPI(
        title="Tripletlab",
        summary="Does this choice in a triplet loss matter?",
        description=ABOUT,
        lifespan=lifespan,
        generate_unique_id_function=_operation_id,
        docs_url=None,
        redoc_url=None,
    )
    problems.install(app)
    app.add_exception_handler(DamagedDataset, answer_damaged)
    static_files.install(app)  # first: a view asks for dozens, and each looks through the routes
    app.router.routes.extend(_routes())
    _add_middleware(app, settings)
    swagger.install(app)
    agents.install(app)
    document.install(app)
    return app


@cache
def _routes() -> tuple[BaseRoute, ...]:
    """The resources below `/v1`, each guarded as all of them are, then the rest.

    They know no settings, so the applications of a process share them: to analyse their signatures
    is most of what an application costs.
    """
    guards = [Depends(must_own), Depends(require_known_parameters)]
    v1 = APIRouter(prefix="/v1", dependencies=guards)
    for resource in RESOURCES:
        v1.include_router(resource.router)
    every = APIRouter(generate_unique_id_function=_operation_id)
    for router in (v1, *(other.router for other in (health, static_files, prometheus))):
        every.include_router(router)
    return tuple(every.routes)


def _operation_id(route: APIRoute) -> str:
    """The name of the function, which becomes the name of a method in generated clients."""
    return route.name


def _add_middleware(app: FastAPI, settings: Settings) -> None:
    """Add the middleware from the inside out: a request passes the last one first."""
    app.add_middleware(Departures)
    app.add_middleware(Ranges)
    app.add_middleware(BodyLimits, settings=settings)
    app.add_middleware(Authentication)
    origins = settings.allowed_origins
    if origins:  # around authentication: a preflight request carries no key
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["Authorization", "Idempotency-Key", "If-None-Match", "Last-Event-ID"],
            expose_headers=["ETag", "Location", "Retry-After", "WWW-Authenticate"],
        )
    app.add_middleware(SecurityHeaders)
    app.add_middleware(ReplyTimes, histogram=prometheus.reply_times(app))
    app.add_middleware(AccessLog)


def _open(settings: Settings, own_worker: bool) -> Service:
    broker = celery_app(settings.broker_url) if settings.broker_url else None
    service = Service(settings, Database(settings.resolved_database_url), broker, own_worker)
    try:
        check(service.database)
        service.files.check()
        ensure_generated(service)
    except BaseException:
        _close(service)
        raise
    return service


def _close(service: Service) -> None:
    service.database.close()
    if service.broker is not None:
        service.broker.close()
