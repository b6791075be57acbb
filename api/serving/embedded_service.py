"""The whole service in one command: broker, schema, worker, HTTP; and its end, in order.

HTTP runs in a thread of this process and everything else in children, so the main thread is free
to wait for a signal, or to be the demo.
"""

import logging
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import uvicorn

from api.serving.preparation import preparing
from models.errors import ServiceUnavailable
from models.processes.arrow_alone import use_arrow_alone
from models.processes.quick_imports import garbage_uncollected
from models.processes.supervised import Backoff, SupervisedProcess
from models.settings import Settings

STOP_SECONDS = 9.0  # from the signal to the last child's end; the promise is 10
HTTP_STOP_SECONDS = 2  # for replies that are being sent
START_SECONDS = 60.0  # the first start makes the generated data set
WORKER_BACKOFF = Backoff(first=0.5, longest=30.0, healthy=60.0)

log = logging.getLogger(__name__)


class PortTaken(ServiceUnavailable):
    """Something else listens where the service should."""


def listen(host: str, port: int) -> socket.socket:
    """Take the port, before anything is started for a service that could not be reached.

    Port 0 takes a free one. Raises `PortTaken`.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # A reply is two segments, head and body; without this the second waits until the client has
    # acknowledged the first, which takes 40 ms. Accepted connections have it from this socket.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listening.bind((host, port))
        listening.listen(2048)
    except OSError as error:
        listening.close()
        reason = error.strerror or error
        raise PortTaken(f"{host}:{port} cannot be listened on: {reason}; try --port") from None
    return listening


@dataclass(frozen=True)
class Running:
    """A service that answers."""

    address: str
    _http: "HttpThread"

    def read_first_list(self) -> None:
        """See `first_list`; with the connections and queries of the API itself."""
        from api.serving.first_list import read_first_list  # here: with SQLAlchemy, at a start

        read_first_list(self._http.app.state.service.database)


@contextmanager
def embedded_service(
    settings: Settings,
    listening: socket.socket,
    *,
    worker: bool,
    quiet: bool = False,
    worker_log: Path | None = None,
) -> Iterator[Running]:
    """A running service on a socket of `listen`, which it closes.

    Raises `ServiceUnavailable` when a part does not start.
    """
    with listening, preparing(settings) as wait_until_prepared, _broker(settings) as url:
        settings = settings.model_copy(update={"broker_url": url})
        http = HttpThread(settings, listening, quiet, own_worker=worker)
        wait_until_prepared()
        with _running(http, _worker_process(settings, worker_log) if worker else None):
            yield Running(_address(listening), http)


def _address(listening: socket.socket) -> str:
    """Where a browser on this machine finds it."""
    host, port = listening.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextmanager
def _broker(settings: Settings) -> Iterator[str]:
    """The broker's URL, once it answers; while one is started, the API is imported."""
    if settings.broker_url:
        _import_api()
        yield settings.broker_url
        return
    from api.serving.embedded_broker import EmbeddedBroker  # here: `preparing` has begun by then

    broker = EmbeddedBroker(settings.data_dir / "broker")
    try:
        broker.begin()
        _import_api()
        broker.wait_until_up()
        yield broker.url
    finally:
        broker.stop()


def _import_api() -> None:
    # here and not at the top: the commands that only ask need no server, and start faster
    with garbage_uncollected():
        use_arrow_alone()
        import_module("api.app")


@contextmanager
def _running(http: "HttpThread", child: SupervisedProcess | None) -> Iterator[None]:
    """HTTP and the worker, if there is one; at the end both are asked to stop, then waited for."""
    try:
        http.start()
        if child is not None:
            child.start()
        yield
    finally:
        deadline = time.monotonic() + STOP_SECONDS
        if child is not None:
            child.ask_to_stop()
        http.stop()
        if child is not None and not child.stop(deadline - time.monotonic()):
            log.warning("the worker did not stop in time and was killed; its runs are queued again")


def _worker_process(settings: Settings, log_file: Path | None) -> SupervisedProcess:
    """`python -m worker`, in a process of its own even here: the API never imports torch, and a
    training that takes the memory of the machine does not take the API along."""
    return SupervisedProcess(
        "worker",
        lambda: [sys.executable, "-m", "worker"],
        WORKER_BACKOFF,
        environment=settings.environment(),
        at_parent_death=signal.SIGTERM,
        log_file=log_file,
    )


class HttpThread:
    """uvicorn on a socket that is bound already, in a thread."""

    def __init__(
        self,
        settings: Settings,
        listening: socket.socket,
        quiet: bool = False,
        own_worker: bool = False,
    ) -> None:
        from api.app import create_app  # imported before, by `_import_api`

        self.app = create_app(settings, own_worker=own_worker)
        config = uvicorn.Config(
            self.app,
            # it waits for its turn of the interpreter once a round, where asyncio's own waits for
            # it at each piece that it reads or sends
            loop="uvloop",
            log_level="warning" if quiet else "info",
            log_config=None,  # lines of one form, with the others of this process
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=HTTP_STOP_SECONDS,
            # a `Last-Event-ID` of an older version has a place for each of thousands of runs
            h11_max_incomplete_event_size=256 << 10,
        )
        self._server = uvicorn.Server(config)
        self._listening = listening
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)

    def _run(self) -> None:
        try:
            self._server.run(sockets=[self._listening])
        except BaseException as error:  # uvicorn ends a failed start with SystemExit
            self._failure = error

    def start(self) -> None:
        """Return once it answers. `ServiceUnavailable` when it does not come up."""
        self._thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise ServiceUnavailable("the API did not start; its log says why")
            time.sleep(0.02)

    def stop(self) -> None:
        """Let replies that wait for a change go at once, and the others within two seconds."""
        service = getattr(self.app.state, "service", None)
        if service is not None:
            service.stopping.set()
        self._server.should_exit = True
        self._thread.join(HTTP_STOP_SECONDS + 3.0)
