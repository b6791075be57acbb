"""The similarities of a run's test pairs, from the file that the run left."""

from api.dependencies import Service
from models.errors import Conflict, NotFound
from models.files.run_files import SCORES
from models.files.score_files import ScoreColumns, read_score_file
from models.states import RunState
from models.store.run_life.runs import refuse_tuning_run
from models.store.run_life.runs import run as find_run


def scores_of_run(service: Service, run_id: str) -> ScoreColumns:
    """Return the scores of the run's test pairs.

    Raises `Conflict` until the run has succeeded, `NotFound` where the file is missing,
    `DamagedRunFile` where it is not what a worker writes, and `OSError` where it cannot be read.
    """
    with service.database.reading() as session:
        run = find_run(session, run_id)
    refuse_tuning_run(run)
    state = run.state
    if state != RunState.SUCCEEDED:
        raise Conflict(f"run {run_id} is {state}; scores are written when it succeeds")
    try:
        return read_score_file(service.run_file(run_id, SCORES))
    except FileNotFoundError:
        sentence = f"the scores of run {run_id} are not in this service's data folder"
        raise NotFound(sentence) from None
