"""Faults around the processes: broker, database, disk, clock."""

import random
import signal
import threading
import time

import httpx

from support.faults.hurt_service import SeparateService
from support.faults.hurt_specs import ALL, document
from support.faults.ledger import Ledger
from support.workers import wait_until


def flush_redis(ledger: Ledger, draw: random.Random) -> str | None:  # noqa: ARG001
    _separate(ledger).redis.flush()
    return ""


def restart_redis(ledger: Ledger, draw: random.Random) -> str | None:
    redis = _separate(ledger).redis
    redis.end(draw.choice((signal.SIGTERM, signal.SIGKILL)))
    redis.start()
    return ""


def redis_away(ledger: Ledger, draw: random.Random) -> str | None:
    """Seconds without a broker: refused connections, or a server that answers nothing."""
    redis, seconds = _separate(ledger).redis, draw.uniform(2, 6)
    if draw.random() < 0.5:
        redis.hold()
        time.sleep(seconds)
        redis.go_on()
        return f"silent for {seconds:.0f} s"
    redis.end(signal.SIGKILL)
    time.sleep(seconds)
    redis.start()
    return f"gone for {seconds:.0f} s"


def redis_away_for_a_minute(ledger: Ledger, draw: random.Random) -> str | None:  # noqa: ARG001
    redis = _separate(ledger).redis
    redis.end(signal.SIGKILL)
    time.sleep(60)
    redis.start()
    return ""


def restart_postgres(ledger: Ledger, draw: random.Random) -> str | None:
    """In order, or as after a crash."""
    postgres = _separate(ledger).postgres
    postgres.end(draw.choice((signal.SIGINT, signal.SIGQUIT)))
    postgres.start()
    return ""


def postgres_away(ledger: Ledger, draw: random.Random) -> str | None:
    return _postgres_away(ledger, draw.uniform(2, 6))


def postgres_away_for_a_minute(ledger: Ledger, draw: random.Random) -> str | None:  # noqa: ARG001
    return _postgres_away(ledger, 60)


def kill_api_before_submit(ledger: Ledger, draw: random.Random) -> str | None:
    """The API dies after COMMIT, while its message waits for a broker that answers nothing.

    A client that was not told sends the same request again, under the same key.
    """
    service, key = _separate(ledger), f"key-{draw.getrandbits(64):x}"
    assert service.api is not None
    spec = draw.choice(("lstm", "bag"))
    sending = threading.Thread(target=_send, args=(service, spec, key))
    service.redis.hold()
    try:
        sending.start()
        stored = wait_until("COMMIT", lambda: service.stored(key))
        service.api.kill()
        service.api.wait()
    finally:
        service.redis.go_on()
    sending.join()
    service.mend()
    one = ledger.ask(spec, key)
    assert one.id == stored.id, "the client's second try made a second experiment"
    return one.id


def move_clock(ledger: Ledger, draw: random.Random) -> str | None:
    """The second worker's clock goes wrong by seconds, minutes or hours, in either direction, and
    is set right after a while."""
    seconds = draw.choice((-7200.0, -90.0, -10.0, 10.0, 90.0, 7200.0))
    return clock_off(ledger, seconds, lasting=draw.uniform(4, 10))


def clock_off(ledger: Ledger, seconds: float, lasting: float) -> str:
    ledger.service.set_clock(seconds)
    time.sleep(lasting)
    ledger.service.set_clock(0)
    return f"{seconds:+.0f} s"


def disk_full(ledger: Ledger, draw: random.Random) -> str | None:
    """The disk of the runs' files (embedded: of everything) has no room for seconds."""
    with ledger.service.disk.full() as means:
        time.sleep(draw.uniform(2, 6))
    return means


def _postgres_away(ledger: Ledger, seconds: float) -> str:
    postgres = _separate(ledger).postgres
    postgres.end(signal.SIGQUIT)
    time.sleep(seconds)
    postgres.start()
    return f"gone for {seconds:.0f} s"


def _send(service: SeparateService, spec: str, key: str) -> None:
    """A client that is cut off hears no answer."""
    try:
        headers = {"Idempotency-Key": key}
        service.http.post("/v1/experiments", json=document(ALL[spec]), headers=headers)
    except httpx.TransportError:
        pass


def _separate(ledger: Ledger) -> SeparateService:
    assert isinstance(ledger.service, SeparateService)
    return ledger.service
