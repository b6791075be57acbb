"""`python -m worker.predictions.server PREDICTION_ID`: answers prediction requests with past runs.

It is a process of its own, since torch stays out of the supervisor, and it stands beside the pool,
whose slots may all be training for hours. The first request starts it. It keeps the networks that
it has read, so that the next answer takes milliseconds, and it ends after minutes without a
request, so that its memory is only used while it is needed.
"""

import logging
import sys
import time
from collections.abc import Sequence
from functools import lru_cache

from safetensors import SafetensorError

from models.errors import DamagedRunFile, NotFound
from models.files.run_files import WEIGHTS, require_hash
from models.logs import log_to_stderr
from models.settings import Settings
from models.store import clock, predictions
from models.store.database import Database
from models.store.run_life import runs
from models.store.tables import Prediction
from worker.attempts.database_retry import retry_while_away
from worker.predictions.model import Model, UnusableWeights
from worker.predictions.process import take_next

KEPT = 4  # networks in memory; with Quora's vocabulary each takes about 60 MB
POLL_SECONDS = 0.1  # between two queries for another request

_log = logging.getLogger(__name__)


class PredictionServer:
    """Answers one request after the other."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._settings = database, settings
        self._files = settings.file_store()
        self._model = lru_cache(KEPT)(self._read)

    def run(self, first: Prediction) -> None:
        """Answer `first`, which is this worker's already, then others until none comes for long."""
        self.answer(first)
        idle_since = time.monotonic()
        while time.monotonic() - idle_since < self._settings.predict_idle_seconds:
            request = retry_while_away(lambda: take_next(self._database, self._settings))
            if request is None:
                time.sleep(POLL_SECONDS)
                continue
            self.answer(request)
            idle_since = time.monotonic()
        _log.info("there was no request for %g s", self._settings.predict_idle_seconds)

    def answer(self, request: Prediction) -> None:
        """Answer a request, or store why there is no answer."""
        try:
            model = self._model(request.run_id)
            similarities = model.similarities(request.pairs)
        except Exception as error:
            _log.warning("%s could not be answered", request.id, exc_info=True)
            self._fail(request, self._reason(request.run_id, error))
            return

        def store() -> None:
            with self._database.transaction() as session:
                predictions.answer(
                    session,
                    request,
                    similarities=similarities,
                    unknown_words=[model.unknown_words(pair) for pair in request.pairs],
                    threshold=model.threshold,
                    now=clock.now(session),
                )

        retry_while_away(store)

    def _read(self, run_id: str) -> Model:
        with self._database.reading() as session:
            sha256 = runs.run(session, run_id).weights_sha256
        path = self._files.bring(self._settings.run_dir(run_id) / WEIGHTS, sha256)
        return Model.read(path if sha256 is None else require_hash(path, run_id, sha256))

    def _reason(self, run_id: str, error: Exception) -> str:
        path = self._settings.run_dir(run_id) / WEIGHTS
        match error:
            case FileNotFoundError():
                return (
                    f"the weights of run {run_id} are not at {path}: a worker needs the same data "
                    "folder as the one that trained it (TRIPLETLAB_DATA_DIR on a shared disk), or "
                    "the same bucket (TRIPLETLAB_FILES_URL)"
                )
            case DamagedRunFile():
                return str(error)
            case SafetensorError():
                return f"the weights of run {run_id} at {path} are damaged: {error}"
            case UnusableWeights():
                return f"the network of run {run_id} cannot be used: {error}"
            case _:
                return f"{type(error).__name__}: {error}"

    def _fail(self, request: Prediction, reason: str) -> None:
        def store() -> None:
            with self._database.transaction() as session:
                predictions.fail(session, request, reason, clock.now(session))

        retry_while_away(store)


def main(arguments: Sequence[str]) -> None:
    if len(arguments) != 1:
        sys.exit("usage: python -m worker.predictions.server PREDICTION_ID")
    settings = Settings()
    log_to_stderr("predictions", settings.log_format)
    database = Database(settings.resolved_database_url)
    try:
        with database.reading() as session:
            first = predictions.prediction(session, arguments[0])
        PredictionServer(database, settings).run(first)
    except NotFound as error:
        _log.info("%s", error)
    finally:
        database.close()


if __name__ == "__main__":
    main(sys.argv[1:])
