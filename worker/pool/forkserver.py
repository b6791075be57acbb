"""`python -m worker.pool.forkserver FD`: a process with torch imported, from which every attempt of
a worker is forked.

Importing torch and what builds on it takes seconds of a processor, more than the first hundred
steps of a small run, and 200 MiB; a fork takes milliseconds, and shares the memory. Over the socket
FD each process of the pool sends one end of a connection of its own. For each of them **the fork
server** forks *a slot*, which forks an attempt for each run that comes over that connection, one
after the other. The libraries of pretrained encoders take three seconds more, and 240 MB, so a slot
imports them when the first run comes that needs them.

**Fork server and slots only import**: they open no database, start no thread of their own and never
initialise CUDA, since none of these survives a fork. Each attempt is a process of its own: its
memory goes back to the system, and a crash in native code costs one run. Whoever is killed takes
those along that it forked; a slot also ends, with its attempt, when the process of the pool ends
that it belongs to.
"""

import gc
import json
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib import import_module
from multiprocessing.connection import Connection, wait
from typing import NoReturn

from setproctitle import setproctitle
from sqlalchemy.orm import configure_mappers

from models.processes.parent_death import end_with_parent
from models.processes.quick_imports import garbage_uncollected
from worker.training.pretrained_extra import import_libraries

SLOT = "tripletlab slot"
"""How the command of a slot begins, for those who look at processes."""

LONGEST_REQUEST = 1 << 16  # bytes of an environment


def main(arguments: Sequence[str]) -> None:
    requests = socket.socket(fileno=int(arguments[0]))
    import_once(import_all)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for a slot
    here = os.getpid()
    while True:
        environment, files, _, _ = socket.recv_fds(requests, LONGEST_REQUEST, 1)
        if os.fork() == 0:
            requests.close()
            _become_slot(here, files[0], json.loads(environment))
        os.close(files[0])


def import_once(imports: Callable[[], None]) -> None:
    """Import what is then shared by all that are forked."""
    with garbage_uncollected():
        imports()
    gc.collect()
    gc.freeze()  # a collection in an attempt would write to, and so copy, all these pages


def import_all() -> None:
    """Import what every attempt needs, also what it would import at its first use."""
    import_module("worker.attempts.process")
    import_module("numpy.ma")  # at the first `np.unique`
    from models.settings import Settings
    from models.store.database import Database

    Database(Settings().resolved_database_url).close()  # the driver; nothing connects
    configure_mappers()


def _become_slot(parent: int, file: int, environment: dict[str, str]) -> NoReturn:
    """Fork attempts until the other end of the connection has gone."""
    try:
        end_with_parent(signal.SIGKILL, parent)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.environ.update(environment)
        setproctitle(" ".join([SLOT, *map("=".join, environment.items())]))
        connection = Connection(file)
        pretrained = False
        while True:
            asked = json.loads(connection.recv_bytes())
            if asked["pretrained"] and not pretrained:
                import_once(import_libraries)
                pretrained = True
            _fork_attempt(connection, asked["run"], asked["slot"])
    except (EOFError, ConnectionError):
        pass  # the process of the pool has ended
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(0)  # not by `sys.exit`: the handlers at exit are the fork server's


def _fork_attempt(connection: Connection, run_id: str, slot: int | None) -> None:
    """Fork an attempt, send its pid, wait for its end, send its exit status."""
    here = os.getpid()
    pid = os.fork()
    if pid == 0:
        _become_attempt(run_id, slot, here, connection)
    connection.send_bytes(json.dumps({"pid": pid}).encode())
    _wait_for_end(pid, connection)
    _, status = os.waitpid(pid, 0)
    connection.send_bytes(json.dumps({"status": os.waitstatus_to_exitcode(status)}).encode())


def _wait_for_end(pid: int, connection: Connection) -> None:
    """Return when the process has ended. Raises `EOFError` when the other end of the connection,
    which is silent meanwhile, has gone before."""
    if not hasattr(os, "pidfd_open"):  # not Linux
        return
    ended = os.pidfd_open(pid)
    try:
        ready = wait([ended, connection])
    finally:
        os.close(ended)
    if ended not in ready:
        raise EOFError


def _become_attempt(run_id: str, slot: int | None, parent: int, connection: Connection) -> None:
    """Attempt the run and exit; never returns."""
    status = 1

    def tell_companions(claims: Sequence[tuple[str, int]]) -> None:
        connection.send_bytes(json.dumps({"companions": claims}).encode())

    try:
        end_with_parent(signal.SIGKILL, parent)
        from worker.attempts.process import attempt  # imported long ago, before the fork

        attempt(run_id, tell_companions, slot)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main(sys.argv[1:])
