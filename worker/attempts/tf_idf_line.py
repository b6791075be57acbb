"""The line that TF-IDF draws beside the results of an experiment: measured by its first run.

It needs the tokens of the whole data set and takes a second for a hundred thousand rows, so it is
worked out here, where the data are, and neither in the process that answers requests nor for each
of its readers. The similarities are kept with the data set, the metrics with the experiment.
"""

from pathlib import Path
from typing import Any

import numpy as np

from models.datasets.tf_idf import kept_scores
from models.errors import DamagedDataset
from models.metrics import RESULT_METRICS
from models.specs.experiment import ExperimentSpec
from models.specs.training import FixedThreshold
from models.store.database import Database
from models.store.metrics.lines import keep_tf_idf, lacks_tf_idf
from worker.attempts.claiming import Claimed
from worker.attempts.database_retry import retry_while_away
from worker.training.data import RunData
from worker.training.evaluation import grades_of, pair_metrics, validation_rows
from worker.training.thresholds import best_threshold


def measure_tf_idf(database: Database, claimed: Claimed, folder: Path, data: RunData) -> None:
    """Measure and store the line, unless the run's experiment has it. A tuning run, which must not
    read the test pairs, leaves that to the others.

    Raises `DamagedDataset` with the data set's name.
    """
    spec, experiment_id = claimed.experiment, claimed.run.experiment_id

    def lacks() -> bool:
        with database.reading() as session:
            return lacks_tf_idf(session, experiment_id)

    if claimed.run.tuning or not retry_while_away(lacks):
        return
    try:
        metrics = tf_idf_metrics(spec.for_arm(spec.decision.baseline), folder, data)
    except DamagedDataset as error:
        raise error.of([spec.dataset]) from error

    def keep() -> None:
        with database.transaction() as session:
            keep_tf_idf(session, experiment_id, metrics)

    retry_while_away(keep)


def tf_idf_metrics(spec: ExperimentSpec, folder: Path, data: RunData) -> dict[str, Any]:
    """`test.accuracy`, `validation.roc_auc`, … of the cosine of TF-IDF vectors.

    `spec` is that of the baseline arm: its tokenizer gives the words, and the threshold is fixed,
    or chosen on the same validation pairs, as it says. The vectors know the questions that the
    vocabulary of a run is made of.
    """
    known = np.sort(np.concatenate((data.train, data.validation_duplicates)))
    validated = validation_rows(data, spec.validation_pairs)
    both = np.concatenate((validated, data.test))
    scores = kept_scores(folder, spec.tokenizer, known, both)
    parts = {"validation": slice(None, len(validated)), "test": slice(len(validated), None)}
    labels, chosen_on = data.labels[both], parts["validation"]
    if isinstance(spec.threshold, FixedThreshold):
        threshold = spec.threshold.value
    else:
        threshold = best_threshold(scores[chosen_on], labels[chosen_on])
    measured = {
        split: pair_metrics(scores[part], labels[part], threshold, grades_of(data, both[part]))
        for split, part in parts.items()
    }
    return {
        f"{split}.{name}": value
        for split, metrics in measured.items()
        for name, value in vars(metrics).items()
        if name in RESULT_METRICS and value is not None
    }
