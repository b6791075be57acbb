"""A Redis and a PostgreSQL of the harness alone: on free ports, in temporary folders, to be hurt.

Each is the real server as a child process, bound to this one, so that nothing is left behind and
nothing else is ever stopped. The port stays the same across restarts, as in life.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import redis

from models.processes.parent_death import bound

UP_SECONDS = 60.0


class Absent(Exception):
    """A program that the harness needs is not on this machine; the text says which."""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


class OwnServer:
    """One server process: start, stop in order, kill, hold still."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        _wait_for(self._answers, self)

    def end(self, number: signal.Signals) -> None:
        """End it by a signal, and return once it is gone."""
        if self.process is None:
            return
        self.process.send_signal(number)
        self.process.send_signal(signal.SIGCONT)
        self.process.wait(UP_SECONDS)
        self.process = None

    def hold(self) -> None:
        """It keeps its connections and answers nothing."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def _command(self) -> list[str]:
        raise NotImplementedError

    def _answers(self) -> bool:
        raise NotImplementedError


class OwnRedis(OwnServer):
    """`redis-server` with an append-only file."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._program = shutil.which("redis-server") or shutil.which("valkey-server")
        if self._program is None:
            raise Absent("there is no redis-server on PATH for the faults' own broker")
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def flush(self) -> None:
        """Forget everything: every message, taken or not."""
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def _command(self) -> list[str]:
        options = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "dir": str(self.folder),
            "appendonly": "yes",
            "save": "",
            "daemonize": "no",
        }
        flags = [part for name, value in options.items() for part in (f"--{name}", value)]
        return bound([str(self._program), *flags], signal.SIGKILL)

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=1.0) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


class OwnPostgres(OwnServer):
    """A cluster of its own. It refuses to run as root, so root runs it as another user."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.programs = _postgres_programs()
        self._as_user = _other_user()
        self._data = folder / "data"
        if self._as_user:
            shutil.chown(folder, self._as_user)
        self.url = f"postgresql://tripletlab@127.0.0.1:{self.port}/postgres"
        subprocess.run(
            [
                *self._bound(signal.SIGKILL),
                *(str(self.programs / "initdb"), "-D", str(self._data), "-U", "tripletlab"),
                *("--auth=trust", "--no-sync", "--no-instructions", "-E", "UTF8", "--locale=C"),
            ],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            cwd=folder,
        )

    def _bound(self, sent: signal.Signals) -> list[str]:
        """`setpriv` keeps the bond to this process that a change of user would end."""
        bond = ["setpriv", f"--pdeathsig={sent.name.removeprefix('SIG')}"]
        if self._as_user:
            group = pwd.getpwnam(self._as_user).pw_gid
            bond += [f"--reuid={self._as_user}", f"--regid={group}", "--clear-groups"]
        return bond

    def _command(self) -> list[str]:
        # processes die here, the machine does not: commits are safe without waiting for the disk
        options = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",
            "shared_buffers": "32MB",
            "max_connections": "100",
        }
        flags = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        program = str(self.programs / "postgres")
        return [
            *self._bound(signal.SIGQUIT),
            *(program, "-D", str(self._data), "-p", str(self.port), *flags),
        ]

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
            return True
        except psycopg.OperationalError:
            return False


def _postgres_programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    on_path = shutil.which("postgres")
    if on_path:
        found.append(Path(on_path).resolve())
    found = [path for path in found if (path.parent / "initdb").exists()]
    if not found or shutil.which("setpriv") is None:
        raise Absent("there is no PostgreSQL server (postgres, initdb, setpriv) for the faults")
    return found[-1].parent


def _other_user() -> str:
    """Empty where this process is not root and so may run the server itself."""
    if os.geteuid() != 0:
        return ""
    known = {entry.pw_name for entry in pwd.getpwall()}
    for name in ("postgres", "nobody"):
        if name in known:
            return name
    raise Absent("PostgreSQL refuses to run as root, and there is no user to run it as")


def _wait_for(answers: Callable[[], bool], server: OwnServer) -> None:
    end = time.monotonic() + UP_SECONDS
    while not answers():
        gone = server.process is not None and server.process.poll() is not None
        if gone or time.monotonic() > end:
            words = (server.folder / "server.log").read_text()[-2000:]
            raise AssertionError(f"{type(server).__name__} did not come up: {words}")
        time.sleep(0.05)
