"""The problem document of an attempt that an exception of its training ended for good."""

from models.specs.experiment import ExperimentSpec
from models.store.database import Database
from models.store.metrics import rows
from models.store.run_life.run_problems import RunProblem
from models.store.tables import Run
from worker.attempts.divergence_report import WINDOW, diverged_problem
from worker.attempts.fault_causes import spec_problem
from worker.attempts.time_limit import TimeLimitReached, time_problem
from worker.training.divergence import Diverged


def problem_of_spec(
    error: Exception, database: Database, run: Run, own: ExperimentSpec, step: int
) -> RunProblem:
    """The document of an exception at `step`, which would come again; `own` is the arm's own spec.

    Of a training that diverged it reads the recorded steps, so these are written before.
    """
    match error:
        case Diverged():
            with database.reading() as session:
                series = rows.steps_series(session, run.id, after=step - WINDOW)
            return diverged_problem(error, own, series, run.attempt)
        case TimeLimitReached():
            return time_problem(error, attempt=run.attempt, step=step)
        case _:
            return spec_problem(error, attempt=run.attempt, step=step)
