"""The lines that take no training, measured when a run begins, as far as no run before has."""

from pathlib import Path

from models.files.file_store import FileStore
from models.settings import Settings
from models.store.database import Database
from worker.attempts.claiming import Claimed
from worker.attempts.starts import bring_starts
from worker.attempts.tf_idf_line import measure_tf_idf
from worker.attempts.zero_shot_line import measure_zero_shot
from worker.training.data import RunData


def measure_lines(
    database: Database,
    settings: Settings,
    files: FileStore,
    claimed: Claimed,
    folder: Path,
    data: RunData,
) -> None:
    """Measure and store the lines of the run's experiment; `folder` is that of its data set.

    Raises `DamagedDataset` with the data set's name, `FilesAway` when the bucket is away.
    """
    measure_tf_idf(database, claimed, folder, data)
    starts = bring_starts(claimed, settings, files)
    measure_zero_shot(database, claimed, folder, starts, data)
