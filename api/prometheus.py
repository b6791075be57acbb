"""`/metrics` for Prometheus: the queue, runs, workers, and how long replies take.

Each scrape reads the database, so every API process shows the same values and a restart loses
none; only the histogram of replies belongs to this process.
"""

import shutil
import time
from collections.abc import Iterator
from contextlib import suppress

from fastapi import APIRouter, FastAPI, Request, Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.dependencies import ServiceDep
from api.http.departures import CLIENT_LEFT
from models.store import clock
from models.store.overview import Overview, overview

router = APIRouter(tags=["health"])

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 60.0)
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}  # a client can invent others
GAUGES = (
    (
        "tripletlab_queue_oldest_seconds",
        "Seconds that the oldest queued run has waited.",
    ),
    ("tripletlab_heartbeat_age_seconds", "Seconds since the oldest heartbeat of a running run."),
    ("tripletlab_attempts", "Attempts of all stored runs."),
    ("tripletlab_workers", "Live workers."),
    ("tripletlab_cuda_workers", "Live workers that have a CUDA device."),
    ("tripletlab_slots", "Runs that the live workers can train at the same time."),
)
DISK = ("tripletlab_disk_free_bytes", "Bytes that are free on the disk of the data folder.")


class OverviewCollector(Collector):
    """An overview of the database as metric families."""

    def __init__(self, values: Overview) -> None:
        self._values = values

    def collect(self) -> Iterator[GaugeMetricFamily]:
        now = self._values
        runs = GaugeMetricFamily("tripletlab_runs", "Runs in each state.", labels=["state"])
        for state, count in now.runs.items():
            runs.add_metric([state], count)
        yield runs
        values = (
            now.oldest_queued,
            now.oldest_heartbeat,
            now.attempts,
            now.workers,
            now.cuda_workers,
            now.slots,
        )
        for (name, about), value in zip(GAUGES, values, strict=True):
            yield GaugeMetricFamily(name, about, value=value)
        if now.seconds_per_step is not None:
            about = "Seconds a step, the mean over the running runs, their start included."
            yield GaugeMetricFamily("tripletlab_step_seconds", about, value=now.seconds_per_step)


class ReplyTimes:
    """Middleware that times each reply from the request to its start, by route and status.

    It stops at the start, because a stream of events may take hours to end. `route` is the template
    of the path, so that ids do not become labels. A request that got no reply counts when it ends:
    as 500 where it failed, and as `CLIENT_LEFT` where its client had gone.
    """

    def __init__(self, app: ASGIApp, histogram: Histogram) -> None:
        self._app, self._histogram = app, histogram

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, replied = time.perf_counter(), False

        def observe(status: int) -> None:
            nonlocal replied
            replied = True
            method = scope["method"] if scope["method"] in METHODS else "other"
            labels = (method, _template(scope), str(status))
            self._histogram.labels(*labels).observe(time.perf_counter() - begun)

        async def timed(message: Message) -> None:
            if message["type"] == "http.response.start":
                observe(message["status"])
            await send(message)

        status = CLIENT_LEFT
        try:
            await self._app(scope, receive, timed)
        except Exception:
            status = 500  # which is answered further out
            raise
        finally:
            if not replied:
                observe(status)


def _template(scope: Scope) -> str:
    """Return the path with names in place of the values of parameters; `none` without a route."""
    if "route" not in scope:
        return "none"
    names = {value: f"{{{name}}}" for name, value in scope["path_params"].items()}
    return "/".join(names.get(part, part) for part in scope["path"].split("/"))


def reply_times(app: FastAPI) -> Histogram:
    """Return a new histogram for the replies of `app`, which `/metrics` shows."""
    registry = CollectorRegistry()
    histogram = Histogram(
        "tripletlab_http_seconds",
        "Seconds from a request to the start of its reply, in this process.",
        ("method", "route", "status"),
        buckets=BUCKETS,
        registry=registry,
    )
    app.state.reply_times = registry
    return histogram


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def get_metrics(request: Request, service: ServiceDep) -> Response:
    """Return the metrics of the service in the text format of Prometheus."""
    with service.database.reading() as session:
        values = overview(session, clock.now(session), service.settings.lease_seconds)
    registry = CollectorRegistry()
    registry.register(OverviewCollector(values))
    with suppress(OSError):  # where the folder is gone /readyz says so, and the rest is still told
        free = shutil.disk_usage(service.settings.data_dir).free
        Gauge(*DISK, registry=registry).set(free)
    content = generate_latest(registry) + generate_latest(request.app.state.reply_times)
    return Response(content, media_type=CONTENT_TYPE_LATEST)
