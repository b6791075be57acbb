"""`python -m worker.predictions.server PREDICTION_ID`: answers questions with the networks of past
runs.

A process of its own, since torch stays out of the supervisor, and beside the pool, whose slots may
all be training for hours. It is started by the first question, keeps the networks it has read,
so that the next answer takes milliseconds, and ends after minutes without a question, so that
nobody pays for it who does not ask.
"""

import logging
import sys
import time
from collections.abc import Sequence
from functools import lru_cache

from safetensors import SafetensorError

from models.errors import NotFound
from models.files.run_files import WEIGHTS
from models.logs import log_to_stderr
from models.settings import Settings
from models.store import clock, predictions
from models.store.database import Database
from models.store.run_life import runs
from models.store.tables import Prediction
from worker.attempts.database_retry import patiently
from worker.predictions.model import Model, NotUsable
from worker.predictions.process import take_next

KEPT = 4  # networks; of Quora's vocabulary each has about 60 MB
LOOK_SECONDS = 0.1  # between looks for another question

_log = logging.getLogger(__name__)


class Answering:
    """Answers one request after the other."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._settings = database, settings
        self._files = settings.file_store()
        self._model = lru_cache(KEPT)(self._read)

    def run(self, first: Prediction) -> None:
        """Answer `first`, which is this worker's already, and go on until nobody asks."""
        self.answer(first)
        idle_since = time.monotonic()
        while time.monotonic() - idle_since < self._settings.predict_idle_seconds:
            taken = patiently(lambda: take_next(self._database, self._settings))
            if taken is None:
                time.sleep(LOOK_SECONDS)
                continue
            self.answer(taken)
            idle_since = time.monotonic()
        _log.info("nobody asked for %g s", self._settings.predict_idle_seconds)

    def answer(self, taken: Prediction) -> None:
        """Answer a request, or store why there is no answer."""
        try:
            model = self._model(taken.run_id)
            similarities = model.similarities(taken.pairs)
        except Exception as error:
            _log.warning("no answer to %s", taken.id, exc_info=True)
            self._fail(taken, self._reason(taken.run_id, error))
            return

        def store() -> None:
            with self._database.transaction() as session:
                predictions.answer(
                    session,
                    taken,
                    similarities=similarities,
                    threshold=model.threshold,
                    now=clock.now(session),
                )

        patiently(store)

    def _read(self, run_id: str) -> Model:
        with self._database.reading() as session:
            sha256 = runs.run(session, run_id).weights_sha256
        return Model.read(self._files.bring(self._settings.run_dir(run_id) / WEIGHTS, sha256))

    def _reason(self, run_id: str, error: Exception) -> str:
        path = self._settings.run_dir(run_id) / WEIGHTS
        match error:
            case FileNotFoundError():
                return (
                    f"the weights of run {run_id} are not at {path}: a worker needs the same data "
                    "folder as the one that trained it (TRIPLETLAB_DATA_DIR on a shared disk), or "
                    "the same bucket (TRIPLETLAB_FILES_URL)"
                )
            case SafetensorError():
                return f"the weights of run {run_id} at {path} are damaged: {error}"
            case NotUsable():
                return f"run {run_id} cannot be asked: {error}"
            case _:
                return f"{type(error).__name__}: {error}"

    def _fail(self, taken: Prediction, reason: str) -> None:
        def store() -> None:
            with self._database.transaction() as session:
                predictions.fail(session, taken, reason, clock.now(session))

        patiently(store)


def main(arguments: Sequence[str]) -> None:
    if len(arguments) != 1:
        sys.exit("usage: python -m worker.predictions.server PREDICTION_ID")
    settings = Settings()
    log_to_stderr("answering", settings.log_format)
    database = Database(settings.resolved_database_url)
    try:
        with database.reading() as session:
            first = predictions.prediction(session, arguments[0])
        Answering(database, settings).run(first)
    except NotFound as error:
        _log.info("%s", error)
    finally:
        database.close()


if __name__ == "__main__":
    main(sys.argv[1:])
