"""A worker's supervisor: it registers the worker, writes its heartbeat, reaps, and keeps the Celery
pool, the prediction server and the webhooks going.

It imports no torch and does no training, so a training that crashes does not take it along. Each
process under it is bound to the one above (`models.processes.parent_death`): where the supervisor
is killed, the pool, its processes and their attempts end too, and the lease brings the runs back.
"""

import logging
import os
import platform
import signal
from queue import Empty, SimpleQueue
from types import FrameType

from sqlalchemy.exc import DBAPIError

from models.broker import celery_app
from models.errors import NotFound, ServiceUnavailable, StaleAttempt
from models.settings import Settings
from models.store import clock, workers
from models.store.database import Database
from models.store.ids import new_id
from models.store.schema_version import check
from worker.attempts.claiming import release
from worker.housekeeping.orphans import OrphanCollector
from worker.housekeeping.reaper import reap
from worker.pool.cuda_probe import count_cuda_devices
from worker.pool.pool import Pool
from worker.predictions.process import PredictionProcess
from worker.training.encoders.compiled import kernels
from worker.training.pretrained_extra import has_extra
from worker.webhooks.sender import WebhookSender

_STOP_SECONDS = 6.5  # for attempts to save a checkpoint; the whole end stays below ten

_log = logging.getLogger(__name__)


class Supervisor:
    """One worker. `run` returns after SIGTERM or SIGINT, when the worker has ended in order."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings.model_copy(update={"worker_id": new_id("wrk")})
        self._id = self._settings.worker_id
        self._app = celery_app(settings.broker_url)
        self._database = Database(settings.resolved_database_url)
        self._predictions = PredictionProcess(self._database, self._settings)
        self._orphans = OrphanCollector(self._database, self._settings)
        self._webhooks = WebhookSender(self._database, self._settings)
        self._cuda_devices = 0
        # SimpleQueue.put is safe in a signal handler, where Event.set can deadlock
        self._signals: SimpleQueue[int] = SimpleQueue()

    def run(self) -> None:
        """Work until asked to stop. Raises `ServiceUnavailable` when the database is not ready."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        check(self._database)
        self._settings.file_store().check()
        self._cuda_devices = count_cuda_devices()
        self._register()
        pool = Pool(self._settings, cuda_devices=self._cuda_devices)
        if not self._settings.files_url:  # what Arrow has open for a bucket lives through no fork
            self._database.close()  # connections neither
            pool.fork()
        self._webhooks.start()
        try:
            while not self._asked_to_stop():
                pool.keep_alive()
                self._round()
        finally:
            self._wind_up(pool)
            self._database.close()

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self._signals.put(number)

    def _asked_to_stop(self) -> bool:
        """Wait until the next round or a signal; whether there was a signal."""
        try:
            number = self._signals.get(timeout=self._settings.heartbeat_seconds)
        except Empty:
            return False
        _log.info("%s: worker %s stops", signal.Signals(number).name, self._id)
        return True

    def _register(self) -> None:
        with self._database.transaction() as session:
            workers.register(
                session,
                worker_id=self._id,
                host=platform.node(),
                pid=os.getpid(),
                slots=self._settings.slots,
                cuda_devices=self._cuda_devices,
                pretrained=has_extra(),
                now=clock.now(session),
            )
        _log.info(
            "worker %s: %d runs side by side, %d CUDA devices, kernels %s",
            self._id,
            self._settings.slots,
            self._cuda_devices,
            "not compiled" if kernels() is None else "compiled",
        )
        if self._settings.slots < self._cuda_devices:
            _log.warning(
                "only %d of %d CUDA devices are used: a slot uses one (TRIPLETLAB_WORKERS)",
                self._settings.slots,
                self._cuda_devices,
            )

    def _round(self) -> None:
        """One heartbeat and one round of the reaper. A database or broker that is away ends the
        round, but not the worker."""
        try:
            self._beat()
            self._predictions.keep_alive()
            reap(self._database, self._app, self._settings)
            self._orphans.collect_when_due()
        except (DBAPIError, ServiceUnavailable) as error:
            _log.warning("this round was not finished: %s", error)

    def _beat(self) -> None:
        try:
            with self._database.transaction() as session:
                workers.beat(session, self._id, clock.now(session))
        except NotFound:  # the row was removed because it was silent for long
            self._register()

    def _wind_up(self, pool: Pool) -> None:
        """Have attempts save and release their runs, end the pool, and leave no run behind."""
        try:
            with self._database.transaction() as session:
                workers.drain(session, self._id)
        except DBAPIError as error:
            _log.warning("the attempts cannot be asked to stop: %s", error)
        if not pool.stop(_STOP_SECONDS):
            _log.warning("not all attempts ended in %g s; they were killed", _STOP_SECONDS)
        self._webhooks.stop()
        try:
            self._predictions.end()
            self._leave()
        except DBAPIError as error:
            _log.warning("the lease will bring back this worker's runs: %s", error)

    def _leave(self) -> None:
        with self._database.reading() as session:
            left = workers.runs_held(session, self._id)
        for run in left:
            try:
                release(self._database, run.id, run.attempt, "its worker was asked to stop")
            except (StaleAttempt, NotFound):
                continue
        with self._database.transaction() as session:
            workers.retire(session, self._id)
