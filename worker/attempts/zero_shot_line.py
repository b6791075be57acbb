"""The line of token vectors: what their mean measures without any network, once for each arm.

As with TF-IDF, the first run of an arm works it out where the data are, and all others find it.
"""

from pathlib import Path
from typing import Any

from models.datasets import cache
from models.errors import DamagedDataset
from models.metrics import RESULT_METRICS
from models.specs.experiment import ExperimentSpec
from models.store.database import Database
from models.store.metrics.lines import keep_zero_shot, zero_shot_of
from models.vectors.stored import open_stored
from worker.attempts.claiming import Claimed
from worker.attempts.database_retry import retry_while_away
from worker.attempts.loading import StartFolders
from worker.training.data import RunData
from worker.training.encoders.vector_means import VectorMeans
from worker.training.evaluation import (
    decision_threshold,
    evaluate_test,
    evaluate_validation,
    score_test,
)


def measure_zero_shot(
    database: Database, claimed: Claimed, folder: Path, starts: StartFolders, data: RunData
) -> None:
    """Measure and store the line of the run's arm, unless it starts from no vectors or has the
    line. A tuning run, which must not read the test pairs, leaves that to the others.

    Raises `DamagedDataset` with the data set's name.
    """
    arm, experiment_id = claimed.run.arm, claimed.run.experiment_id

    def lacks() -> bool:
        with database.reading() as session:
            return arm not in zero_shot_of(session, [experiment_id]).get(experiment_id, {arm: {}})

    if claimed.run.tuning or starts.vectors is None or not retry_while_away(lacks):
        return
    try:
        metrics = zero_shot_metrics(claimed.spec, arm, folder, starts.vectors, data)
    except DamagedDataset as error:
        raise error.of([claimed.experiment.dataset]) from error

    def keep() -> None:
        with database.transaction() as session:
            keep_zero_shot(session, experiment_id, arm, metrics)

    retry_while_away(keep)


def zero_shot_metrics(
    spec: ExperimentSpec, arm: str, folder: Path, vectors: Path, data: RunData
) -> dict[str, Any]:
    """`test.accuracy`, `validation.loss`, … of the mean of token vectors.

    The tokens are those of the arm's tokenizer, cut as the arm cuts; those count that the file has,
    whether the vocabulary of a run has them or not. The threshold is fixed, or chosen on
    validation, as the arm says.
    """
    stored = open_stored(vectors)
    own = spec.for_arm(arm)
    words = cache.open_tokens(folder, own.tokenizer).vocabulary
    encoder = VectorMeans(stored.find(words), stored.vectors)
    validation = evaluate_validation(encoder, spec, arm, data, 0)
    scores, retrieved = score_test(encoder, data)
    threshold = decision_threshold(own, encoder, data)
    test = evaluate_test(data, scores, retrieved, 0, threshold)
    return {
        f"{one.split}.{name}": getattr(one, name)
        for one in (validation, test)
        for name in RESULT_METRICS
        if getattr(one, name) is not None
    }
