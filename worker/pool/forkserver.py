"""`python -m worker.pool.forkserver FD`: a process with torch imported, which forks an attempt for
each run whose id comes over the connection FD, one after the other.

Importing torch and what builds on it takes seconds of a processor, more than the first hundred
steps of a small run; a fork takes milliseconds. **The fork server only imports**: it opens no
database, starts no thread of its own and never initialises CUDA, since none of these survives a
fork. Each attempt is a process of its own: its memory goes back to the system, and a crash in
native code costs one run.
"""

import gc
import json
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from multiprocessing.connection import Connection

from models.processes.parent_death import end_with_parent
from models.processes.quick_imports import garbage_uncollected


def main(arguments: Sequence[str]) -> None:
    connection = Connection(int(arguments[0]))
    with garbage_uncollected():
        _import_all()
    gc.collect()
    gc.freeze()  # a collection in an attempt would write to, and so copy, all these pages
    while True:
        try:
            run_id = connection.recv_bytes().decode()
        except EOFError:  # the pool's process has ended
            return
        _fork_attempt(connection, run_id)


def _import_all() -> None:
    """Import what every attempt needs, also what it would import at its first use."""
    import_module("worker.attempts.process")
    from models.settings import Settings
    from models.store.database import Database

    Database(Settings().resolved_database_url).close()  # the driver; nothing connects


def _fork_attempt(connection: Connection, run_id: str) -> None:
    """Fork an attempt, send its pid, wait for its end, send its exit status."""
    here = os.getpid()
    pid = os.fork()
    if pid == 0:
        _become_attempt(run_id, here, connection)
    connection.send_bytes(json.dumps({"pid": pid}).encode())
    _, status = os.waitpid(pid, 0)
    connection.send_bytes(json.dumps({"status": os.waitstatus_to_exitcode(status)}).encode())


def _become_attempt(run_id: str, parent: int, connection: Connection) -> None:
    """Attempt the run and exit; never returns."""
    status = 1

    def tell_companions(claims: Sequence[tuple[str, int]]) -> None:
        connection.send_bytes(json.dumps({"companions": claims}).encode())

    try:
        end_with_parent(signal.SIGKILL, parent)
        from worker.attempts.process import attempt  # imported long ago, before the fork

        attempt(run_id, tell_companions)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)  # not by `sys.exit`: the handlers at exit are the parent's


if __name__ == "__main__":
    main(sys.argv[1:])
