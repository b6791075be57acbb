"""`/metrics` for Prometheus: the queue, runs, workers, and how long replies take.

What the database knows is asked at each scrape, so every API process tells the same and a restart
loses nothing; only the replies' histogram is this process's own.
"""

import time
from collections.abc import Iterator

from fastapi import APIRouter, FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.dependencies import ServiceDep
from models.store import clock
from models.store.overview import Overview, overview

router = APIRouter(tags=["health"])

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 60.0)
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}  # anyone may invent more
FIGURES = (
    ("tripletlab_queue_oldest_seconds", "Since the longest waiting run was submitted."),
    ("tripletlab_heartbeat_age_seconds", "Of the running run that was silent longest."),
    ("tripletlab_attempts", "Starts of all runs that are there."),
    ("tripletlab_workers", "Workers alive."),
    ("tripletlab_cuda_workers", "Workers alive that have a CUDA device."),
    ("tripletlab_slots", "Runs that the live workers can train side by side."),
)


class OverviewCollector(Collector):
    """One look at the database as metric families."""

    def __init__(self, seen: Overview) -> None:
        self._seen = seen

    def collect(self) -> Iterator[GaugeMetricFamily]:
        seen = self._seen
        runs = GaugeMetricFamily("tripletlab_runs", "Runs in each state.", labels=["state"])
        for state, count in seen.runs.items():
            runs.add_metric([state], count)
        yield runs
        values = (
            seen.oldest_queued,
            seen.oldest_heartbeat,
            seen.attempts,
            seen.workers,
            seen.cuda_workers,
            seen.slots,
        )
        for (name, about), value in zip(FIGURES, values, strict=True):
            yield GaugeMetricFamily(name, about, value=value)
        if seen.seconds_per_step is not None:
            about = "Mean over the running runs, their start included."
            yield GaugeMetricFamily("tripletlab_step_seconds", about, value=seen.seconds_per_step)


class ReplyTimes:
    """Middleware: seconds from a request to the start of its reply, by route and status.

    Until the *start*: a stream of events has no end worth timing. `route` is the path's template,
    so that ids do not make a label each.
    """

    def __init__(self, app: ASGIApp, histogram: Histogram) -> None:
        self._app, self._histogram = app, histogram

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()

        async def timed(message: Message) -> None:
            if message["type"] == "http.response.start":
                method = scope["method"] if scope["method"] in METHODS else "other"
                labels = (method, _template(scope), str(message["status"]))
                self._histogram.labels(*labels).observe(time.perf_counter() - begun)
            await send(message)

        await self._app(scope, receive, timed)


def _template(scope: Scope) -> str:
    """The path with its parameters' names for their values; `none` where no route took it."""
    if "route" not in scope:
        return "none"
    names = {value: f"{{{name}}}" for name, value in scope["path_params"].items()}
    return "/".join(names.get(part, part) for part in scope["path"].split("/"))


def install(app: FastAPI) -> None:
    """Time every reply of `app`, and show the times at `/metrics`."""
    registry = CollectorRegistry()
    histogram = Histogram(
        "tripletlab_http_seconds",
        "From a request to the start of its reply, in this process.",
        ("method", "route", "status"),
        buckets=BUCKETS,
        registry=registry,
    )
    app.state.reply_times = registry
    app.add_middleware(ReplyTimes, histogram=histogram)
    app.include_router(router)


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def get_metrics(request: Request, service: ServiceDep) -> Response:
    """Figures for Prometheus, in its text format."""
    with service.database.reading() as session:
        seen = overview(session, clock.now(session), service.settings.lease_seconds)
    registry = CollectorRegistry()
    registry.register(OverviewCollector(seen))
    content = generate_latest(registry) + generate_latest(request.app.state.reply_times)
    return Response(content, media_type=CONTENT_TYPE_LATEST)
