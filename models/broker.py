"""The Celery client: how the API and the workers announce queued runs.

**The broker only announces; the database decides.** A message holds a run's id and nothing else;
the truth is the run's row. A message that is lost, late or delivered twice changes nothing: the
reaper announces the run again, and the claim in the database lets one attempt through.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit, urlunsplit

from celery import Celery
from kombu import Producer
from kombu.exceptions import ChannelError, OperationalError
from redis.exceptions import OutOfMemoryError, ReadOnlyError, RedisError

from models.errors import ServiceUnavailable

RUN_TASK = "tripletlab.run"
ANY_QUEUE = "tripletlab.any"
CUDA_QUEUE = "tripletlab.cuda"
_PRETRAINED = ".pretrained"  # added to the queue of runs that need the extra `pretrained`

_SCHEMES = frozenset({"redis", "rediss", "redis+socket"})
# Longer than any run: with late acknowledgement Redis hands a message out again after this time,
# and recovering a lost run is the task of its lease, not of the broker.
_VISIBILITY_SECONDS = 30 * 24 * 3600
_CONNECT_SECONDS = 2.0
# kombu wraps errors while it connects, but not those of later commands
_AWAY = (OperationalError, RedisError, OSError)
_PROBE, _PROBE_SECONDS = "tripletlab.probe", 60
_REFUSALS: dict[type, str] = {
    OutOfMemoryError: "the broker has no memory left for messages (maxmemory)",
    ReadOnlyError: "the broker takes no writes; it is the replica of another",
}
_ANSWER_SECONDS = 3.0  # above the 1 s for which a worker's blocking read waits on the server

_log = logging.getLogger(__name__)


class QueuedRun(Protocol):
    """The part of a run that is needed to announce it; a row and a view of a run have it."""

    @property
    def id(self) -> str: ...

    @property
    def device(self) -> str: ...

    @property
    def pretrained(self) -> bool: ...


def celery_app(broker_url: str) -> Celery:
    """A Celery client with the settings that hours-long tasks need.

    Raises `ValueError` for a broker other than Redis or Valkey: Celery's file and SQL transports
    lose the task of a worker that is killed.
    """
    scheme = _scheme(broker_url)
    if scheme not in _SCHEMES:
        raise ValueError(
            f"broker URL of kind '{scheme}': this service needs Redis or Valkey, with a URL such "
            "as redis://host:6379/0; leave it empty to have `tripletlab serve` start one"
        )
    app = Celery("tripletlab", broker=_verified(broker_url), set_as_current=False)
    app.conf.update(_settings())
    return app


def _scheme(broker_url: str) -> str:
    """Raises `ValueError` without the URL's text in it, since that may hold a password."""
    try:
        # Celery notices a bad port much later, and its message quotes the password
        parts = urlsplit(broker_url)
        _ = parts.port
        return parts.scheme
    except ValueError:
        raise ValueError(
            "the broker URL cannot be read; it looks like redis://:password@host:6379/0, with "
            "%2F, %3A and %40 for / : and @ in the password"
        ) from None


def _verified(broker_url: str) -> str:
    """The URL with the demand that a server's certificate is verified; with `rediss` alone Celery
    would accept any certificate, and with it any server in the middle."""
    parts = urlsplit(broker_url)
    if parts.scheme != "rediss" or "ssl_cert_reqs" in parse_qs(parts.query):
        return broker_url
    query = "&".join(
        part
        for part in (parts.query, "ssl_cert_reqs=CERT_REQUIRED", "ssl_check_hostname=true")
        if part
    )
    return urlunsplit(parts._replace(query=query))


def _settings() -> dict[str, Any]:
    return {
        # JSON only: no message can make a worker run code
        "task_serializer": "json",
        "accept_content": ["json"],
        # the run's row is the result
        "result_backend": None,
        "task_ignore_result": True,
        # a message is removed when its attempt has ended; a killed pool process returns it
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        # a failure is a state in the database, not a reason for another delivery
        "task_acks_on_failure_or_timeout": True,
        # a worker takes no more than it runs, so that the next free worker gets the next run
        "worker_prefetch_multiplier": 1,
        # A pool process only waits for its attempts. Its fork server, with torch imported, ends
        # with it, so it serves more than one task; but not for ever, in case its memory grows.
        "worker_max_tasks_per_child": 100,
        # a short outage of the broker must not end hours of training; the claim makes that safe
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        # no remote control, events or gossip: cancelling is a flag in the database, and fewer
        # subscriptions are lost when Redis restarts
        "worker_enable_remote_control": False,
        "worker_send_task_events": False,
        "task_default_queue": ANY_QUEUE,
        "task_create_missing_queues": True,
        # in all three places that Celery's page on Redis names; the shortest would hold
        "visibility_timeout": _VISIBILITY_SECONDS,
        "result_backend_transport_options": {"visibility_timeout": _VISIBILITY_SECONDS},
        "broker_transport_options": {
            "visibility_timeout": _VISIBILITY_SECONDS,
            # submitting to a broker that does not answer fails in seconds instead of blocking
            "socket_connect_timeout": _CONNECT_SECONDS,
            "socket_timeout": _ANSWER_SECONDS,
            "socket_keepalive": True,
            "health_check_interval": 25,
            "max_retries": 1,
            "interval_start": 0,
            "interval_step": 0.2,
            "interval_max": 0.5,
            "connect_retries_timeout": _CONNECT_SECONDS,
        },
    }


def queue_for(device: str, pretrained: bool = False) -> str:
    """The queue of runs for this device, and of those that start from a pretrained model: only
    workers that have CUDA, and the extra `pretrained`, read theirs."""
    queue = CUDA_QUEUE if device == "cuda" else ANY_QUEUE
    return queue + _PRETRAINED if pretrained else queue


def queues_of(*, cuda: bool, pretrained: bool) -> list[str]:
    """The queues that a worker reads which has, or has not, each of these."""
    return [
        queue_for(device, extra)
        for extra in ((False, True) if pretrained else (False,))
        for device in (("auto", "cuda") if cuda else ("auto",))
    ]


def announce(app: Celery | None, runs: Sequence[QueuedRun]) -> list[str]:
    """Tell the workers of queued runs, after the COMMIT that queued them; the ids that were sent.

    While the broker is away, or where `app` is None because no broker is set, this costs a warning
    and at most about three seconds: the runs stay queued, and a worker's reaper announces them.
    """
    announced: list[str] = []
    if not runs:
        return announced
    try:
        if app is None:
            raise ServiceUnavailable("no broker URL is set")
        with _unavailable_where_away(), app.producer_or_acquire() as producer:
            for run in runs:
                submit(app, run.id, run.device, producer, pretrained=run.pretrained)
                announced.append(run.id)
    except ServiceUnavailable as error:
        left, first = len(runs) - len(announced), runs[0].id
        _log.warning(
            "%d runs wait for a worker's reaper (of those with %s): %s", left, first, error
        )
    return announced


def submit(
    app: Celery,
    run_id: str,
    device: str,
    producer: Producer | None = None,
    *,
    pretrained: bool = False,
) -> None:
    """Send the message for a queued run; the message's id is the run's.

    Raises `ServiceUnavailable` within about three seconds when the broker is away.
    """
    with _unavailable_where_away():
        app.send_task(
            RUN_TASK,
            args=[run_id],
            task_id=run_id,
            queue=queue_for(device, pretrained),
            retry=False,
            producer=producer,
        )


@contextmanager
def _unavailable_where_away() -> Iterator[None]:
    """Raises `ServiceUnavailable` for what Celery raises when the broker does not answer."""
    try:
        yield
    except _AWAY as error:
        raise ServiceUnavailable(f"the broker does not answer: {error}") from error


def waiting_messages(app: Celery, queue: str) -> int:
    """Messages in `queue` that no worker has taken. Raises `ServiceUnavailable`."""
    try:
        with _unavailable_where_away(), app.connection_for_write() as connection:
            channel: Any = connection.default_channel
            return int(channel.queue_declare(queue, passive=True).message_count)
    except ChannelError:  # Redis has no such queue: nothing was ever sent to it, or all was taken
        return 0


def ping(app: Celery) -> None:
    """Return when the broker answers and takes a write, as it must for a message.

    Raises `ServiceUnavailable` within about three seconds.
    """
    try:
        # a connection that is open already: opening one costs a dozen answers of the broker
        connections: Any = app.pool  # its type has no channels, since not every broker has clients
        with _unavailable_where_away(), connections.acquire(block=True) as connection:
            connection.default_channel.client.set(_PROBE, "1", ex=_PROBE_SECONDS)
    except ServiceUnavailable as error:
        refusal = _REFUSALS.get(type(error.__cause__))
        if refusal is None:
            raise
        raise ServiceUnavailable(refusal) from None
