"""Starting attempts from a process that has torch imported already (`worker.pool.forkserver`)."""

import json
import os
import signal
import socket
from collections.abc import Mapping
from multiprocessing.connection import Connection, Pipe
from typing import Any


class Launcher:
    """Starts attempts for one process of the pool, one at a time.

    `requests` is a socket over which the fork server takes connections; what is sent there while
    none runs is read by the next one. Every attempt finds `environment` beside the fork server's.
    """

    def __init__(self, requests: socket.socket, environment: Mapping[str, str] | None = None):
        self._requests = requests
        self._environment = dict(environment or {})
        self._slot: int | None = None
        self._connection: Connection[Any, Any] | None = None

    def set_slot(self, slot: int, environment: Mapping[str, str]) -> None:
        """Give every attempt that is started from now on the number of the worker's slot that it
        is in, and this environment too."""
        self._slot = slot
        self._environment |= environment
        self.close()

    def keep_ready(self) -> None:
        """Ask for a slot where there is none; it is there once the fork server has imported."""
        if self._connection is not None and not _has_ended(self._connection):
            return
        self.close()
        self._connection, theirs = Pipe()
        with theirs:
            environment = json.dumps(self._environment).encode()
            socket.send_fds(self._requests, [environment], [theirs.fileno()])

    def launch(self, run_id: str, *, pretrained: bool = False) -> "LaunchedAttempt":
        """Start an attempt at the run, which may need the libraries of pretrained encoders."""
        self.keep_ready()
        assert self._connection is not None
        try:
            asked = {"run": run_id, "pretrained": pretrained, "slot": self._slot}
            self._connection.send_bytes(json.dumps(asked).encode())
        except BrokenPipeError:  # the slot has just died; `wait` reports that
            pass
        return LaunchedAttempt(self._connection)

    def close(self) -> None:
        """Give the slot back; its attempt ends with it."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None


def _has_ended(connection: "Connection[Any, Any]") -> bool:
    """Whether the other end has gone, of a connection over which nothing is sent now."""
    return connection.closed or connection.poll()


class LaunchedAttempt:
    """An attempt that was started, as the process that started it sees it."""

    def __init__(self, connection: "Connection[Any, Any]") -> None:
        self._connection = connection
        self._pid: int | None = None
        self.companions: list[tuple[str, int]] = []
        """The runs, with their attempts, that it has claimed beside the one it was launched for."""

    def wait(self, seconds: float) -> int | None:
        """The attempt's exit status, negative for a signal; None where it does not end in time."""
        try:
            while not self._connection.closed and self._connection.poll(seconds):
                message = json.loads(self._connection.recv_bytes())
                if "status" in message:
                    return int(message["status"])
                self._take(message)
        except (EOFError, ConnectionResetError):  # the slot died, and the attempt with it
            return -signal.SIGKILL
        return -signal.SIGKILL if self._connection.closed else None

    def _take(self, message: dict[str, Any]) -> None:
        self._pid = message.get("pid", self._pid)
        self.companions += [(run_id, attempt) for run_id, attempt in message.get("companions", ())]

    def kill(self) -> None:
        """Kill the attempt."""
        if self._pid is None:  # the fork server imports, or the slot has not answered yet
            self._connection.close()
        else:
            os.kill(self._pid, signal.SIGKILL)  # its pid is not reused before its status has come
