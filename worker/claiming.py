"""Taking a run: the conditional claim, and what an attempt then needs to know."""

from dataclasses import dataclass

from models import clock, experiments, runs, workers
from models.database import Database
from models.specs.experiment import ExperimentSpec
from models.specs.parse import parse_spec
from models.tables import Run
from worker.patience import patiently


@dataclass(frozen=True)
class Claimed:
    """A run that this process holds under `run.attempt`, and what it has to do."""

    run: Run
    spec: ExperimentSpec
    content_hash: str


def claim(database: Database, run_id: str, worker_id: str) -> Claimed | None:
    """Take the run, or None where another has it or it needs a device that this worker lacks."""

    def take() -> Claimed | None:
        with database.transaction() as session:
            run = runs.claim(
                session,
                run_id,
                worker_id=worker_id,
                cuda=workers.has_cuda(session, worker_id),
                now=clock.now(session),
            )
            if run is None:
                return None
            experiment = experiments.experiment(session, run.experiment_id)
            return Claimed(run, parse_spec(experiment.spec), experiment.content_hash)

    return patiently(take)
