"""The Celery side of a worker: a task announces a run, a process of its own carries it out.

`python -m worker.pool.tasks CUDA_DEVICES FD` is the pool that the supervisor keeps alive; the fork
server takes connections from the other end of the socket FD. The task claims nothing: it reads
whether the run is still queued (messages come twice, or late), starts the attempt, and requeues a
run whose attempt died, so that nobody has to wait for the lease to end.
"""

import gc
import logging
import os
import platform
import signal
import socket
import sys
import warnings
from typing import Any

from models.absent_modules import absent

with absent("cffi"):  # each process of the pool would parse C with it; ctypes does the same
    from billiard import current_process
    from celery import Celery
    from celery.exceptions import SecurityWarning
    from celery.signals import worker_before_create_process, worker_process_init

from models import broker
from models.errors import NotFound, StaleAttempt
from models.logs import log_to_stderr
from models.processes.parent_death import end_with_parent
from models.settings import Settings
from models.states import RunState
from models.store import clock
from models.store.database import Database
from models.store.run_life import runs
from models.store.run_life.run_problems import PREFIX, RunProblem
from models.store.tables import Run
from worker.attempts.claiming import requeue
from worker.attempts.database_retry import DATABASE_AWAY
from worker.housekeeping.planned_steps import take_planned_steps
from worker.housekeeping.reaper import announce_again
from worker.pool.celery_ack import SlotFreeingRequest
from worker.pool.launcher import Launcher
from worker.pool.slot_devices import slot_environment
from worker.training.pretrained_extra import has_extra

Claim = tuple[str, int]  # a run and the number of its attempt

_log = logging.getLogger("worker.pool.tasks")  # not "__main__", as which this module runs


def build_app(settings: Settings, launcher: Launcher) -> Celery:
    """The Celery app of a worker, with its one task."""
    app = broker.celery_app(settings.broker_url)
    app.conf.update(worker_hijack_root_logger=False, worker_redirect_stdouts=False)

    @app.task(name=broker.RUN_TASK, Request=SlotFreeingRequest)
    def run(run_id: str) -> None:
        carry_out(settings, app, launcher, run_id)

    return app


def carry_out(settings: Settings, app: Celery, launcher: Launcher, announced: str) -> None:
    """Start an attempt at the announced run, if it is queued, and return when it has ended."""
    database = Database(settings.resolved_database_url)
    try:
        run = _find(database, announced)
        if run is None or run.state != RunState.QUEUED or _is_pausing(database, run):
            return
        status, claims = _attempt(database, settings, launcher, run)
        for run_id, attempt in claims:
            if status != 0:
                _clean_up_after(database, settings, run_id, attempt, status)
            _announce_if_queued_again(database, app, run_id, attempt)
        take_planned_steps(database, app)
    finally:
        database.close()


def _is_pausing(database: Database, run: Run) -> bool:
    """Whether the run must still pause after a fault before it is tried again."""
    if run.not_before is None:
        return False
    with database.reading() as session:
        return run.not_before > clock.now(session)


def _attempt(
    database: Database, settings: Settings, launcher: Launcher, run: Run
) -> tuple[int, list[Claim]]:
    """Run the attempt's process; its exit status, negative for a signal, and the runs that it had.

    A process that hangs cannot read that its runs were taken back, and would keep its slot for
    ever, so it is killed when its attempts are all over and it has not ended by itself.
    """
    launched, over = launcher.launch(run.id, pretrained=run.pretrained), False
    while True:
        status = launched.wait(settings.lease_seconds)
        claims = [(run.id, run.attempt + 1), *launched.companions]
        if status is not None:
            return status, claims
        was_over, over = over, all(_is_over(database, *claim) for claim in claims)
        if was_over and over:
            _log.error("run %s went on without this attempt, which hangs; ending it", run.id)
            launched.kill()


def _is_over(database: Database, run_id: str, attempt: int) -> bool:
    """Whether the attempt has ended, whoever ended it."""
    try:
        run = _find(database, run_id)
    except DATABASE_AWAY:
        return False
    if run is None:
        return True
    return run.attempt > attempt or (run.attempt == attempt and run.state != RunState.RUNNING)


def _clean_up_after(
    database: Database, settings: Settings, run_id: str, attempt: int, status: int
) -> None:
    """Requeue the run of a process that died, now and not when the lease ends."""
    run = _find(database, run_id)
    if run is None or (run.attempt, run.worker_id) != (attempt, settings.worker_id):
        return  # the run is not this attempt's any more
    problem = _death(attempt, run.step, status)
    _log.warning("run %s: %s", run_id, problem.detail)
    try:
        requeue(database, run_id, attempt, problem, settings.retry_policy)
    except (StaleAttempt, NotFound):
        return  # the run had ended, or the reaper was faster


def _death(attempt: int, step: int, status: int) -> RunProblem:
    if status >= 0:
        how = f"ended with exit status {status}; its traceback is in the worker's log"
        cause = "The worker's program failed outside of the training."
        advice = "Read that traceback; see that the worker is installed as it should be."
    else:
        name = signal.Signals(-status).name
        how = f"was ended by {name}" + (
            " (often: the machine ran out of memory)" if name == "SIGKILL" else ""
        )
        cause = "The system or a person ended the process, or native code in it crashed."
        advice = "Look at the machine's memory; fewer runs side by side (TRIPLETLAB_WORKERS) help."
    return RunProblem(
        type=f"{PREFIX}process-died",
        title="The training's process died",
        detail=f"attempt {attempt} {how}, after step {step}",
        attempt=attempt,
        step=step,
        cause=cause,
        advice=advice,
    )


def _find(database: Database, run_id: str) -> Run | None:
    """The run as it is now; None where its experiment was deleted."""
    try:
        with database.reading() as session:
            return runs.run(session, run_id)
    except NotFound:
        return None


def _announce_if_queued_again(database: Database, app: Celery, run_id: str, attempt: int) -> None:
    """Where the run is queued again, tell the workers at once; the reaper announces one that has to
    pause before its next attempt."""
    run = _find(database, run_id)
    if run is None or run.state != RunState.QUEUED or run.attempt < attempt:
        return
    if not _is_pausing(database, run):
        announce_again(database, app, [run])


def main(cuda_devices: int, requests: socket.socket) -> None:
    settings = Settings()
    queues = broker.queues_of(cuda=cuda_devices > 0, pretrained=has_extra())
    log_to_stderr("pool", settings.log_format)
    pool, launcher = os.getpid(), Launcher(requests)

    def begin(**_: Any) -> None:
        end_with_parent(signal.SIGKILL, pool)
        # a process that replaces another has its index
        slot: int = current_process().index  # type: ignore[attr-defined]
        launcher.set_slot(slot, slot_environment(slot, cuda_devices, os.environ))
        launcher.keep_ready()

    worker_process_init.connect(begin, weak=False)
    # a collection in a process of the pool would write to, and so copy, what there was at its fork
    worker_before_create_process.connect(lambda **_: gc.freeze(), weak=False)
    # Celery warns whoever runs it as root, because of pickle, which this app refuses
    warnings.simplefilter("ignore", SecurityWarning)
    # not by `worker_main`, which loads all of Celery's command line, 12 MiB with its prompt
    build_app(settings, launcher).Worker(
        quiet=True,  # no banner
        pool_cls="prefork",
        concurrency=settings.slots,
        queues=queues,
        hostname=f"{settings.worker_id}@{platform.node()}",
        loglevel=logging.INFO,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,  # nobody reads it, and without Redis it would block all else
    ).start()


if __name__ == "__main__":
    main(int(sys.argv[1]), socket.socket(fileno=int(sys.argv[2])))
