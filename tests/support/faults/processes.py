"""The service's processes as the harness finds them: by who started whom, never by a name alone.

The search begins at the processes that the harness started, so no other process of the machine
can be hit.
"""

import os
import signal
from collections.abc import Iterable

from worker.pool.forkserver import SLOT

from support.process_tree import attempted_run, command_of, descendants, parent_of, still_alive


def family_of(roots: Iterable[int]) -> set[int]:
    """The living processes at and under `roots`."""
    return still_alive({pid for root in roots for pid in descendants(root)})


def attempts_in(family: Iterable[int]) -> dict[int, str]:
    """The run of each attempt's process."""
    runs = {pid: attempted_run(pid) for pid in family}
    return {pid: run for pid, run in runs.items() if run is not None}


def forkservers_in(family: Iterable[int]) -> list[int]:
    """The process from which all are forked, and the slots, of which each forks attempts; a fork is
    one too until it says what it is."""
    return [pid for pid in family if _forks(command_of(pid))]


def _forks(command: list[str]) -> bool:
    said = " ".join(command)
    return "worker.pool.forkserver" in said or said.startswith(SLOT)


def pool_parents_in(family: Iterable[int]) -> list[int]:
    """Celery's main processes."""
    return [pid for pid in family if _is_pool(pid) and not _is_pool(parent_of(pid))]


def pool_children_in(family: Iterable[int]) -> list[int]:
    """Celery's pool processes: each waits for the attempt that it started."""
    return [pid for pid in family if _is_pool(pid) and _is_pool(parent_of(pid))]


def supervisors_in(family: Iterable[int]) -> list[int]:
    """The top processes of workers; what one has just forked has its command until it runs another
    program, and is none."""
    named = [pid for pid in family if " ".join(command_of(pid)).split()[-2:] == ["-m", "worker"]]
    return [pid for pid in named if parent_of(pid) not in named]


def send(pids: Iterable[int], number: signal.Signals) -> None:
    """Processes that have ended meanwhile are passed over."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def _is_pool(pid: int) -> bool:
    said = " ".join(command_of(pid))
    return "worker.pool.tasks" in said or said.startswith("[celeryd: ")  # Celery's own title
