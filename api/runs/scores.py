"""The similarities of a run's test pairs, from the file that the run left."""

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from api.dependencies import Service
from models.errors import Conflict, NotFound
from models.files.run_files import SCORES
from models.states import RunState
from models.store.run_life.runs import refuse_tuning_run
from models.store.run_life.runs import run as find_run


def scores_of_run(service: Service, run_id: str) -> Mapping[str, NDArray[Any]]:
    """Return `row`, `label` and `score` of each test pair: (P,).

    Raises `Conflict` until the run has succeeded, `NotFound` where the file is missing, and
    `OSError` where it cannot be read.
    """
    with service.database.reading() as session:
        run = find_run(session, run_id)
    refuse_tuning_run(run)
    state = run.state
    if state != RunState.SUCCEEDED:
        raise Conflict(f"run {run_id} is {state}; scores are written when it succeeds")
    path = service.run_file(run_id, SCORES)
    if not path.exists():
        raise NotFound(f"the scores of run {run_id} are not in this service's data folder")
    try:
        columns: Mapping[str, NDArray[Any]] = load_file(path)
    except SafetensorError as error:
        raise OSError(f"the file {path} is damaged: {error}") from error
    return columns
