"""Questions of a programme whose runs end as a test says and train nothing."""

from typing import Any

from models.states import RunState
from models.store import experiments
from models.store.database import Database
from models.store.metrics import rows
from models.store.programmes.programmes import questions_of
from models.store.run_life import runs
from models.store.tables import ProgrammeQuestion

from support.interim_looks import Accuracy, clearly, unclear
from support.stored import at, evaluation_row, stored_experiment

NAME = "my search"
DECISION = {"equivalence_margin": 0.001}
MANY = {"count": 11}
"""Seeds with which any of the levels here can be reached."""


def ask(database: Database, dataset: str, **changes: Any) -> str:
    """A new question of the programme; its id."""
    wanted: dict[str, Any] = {"seeds": MANY, "decision": DECISION, "programme": NAME, **changes}
    with database.transaction() as session:
        return stored_experiment(session, dataset=dataset, **wanted).id


def find(database: Database, experiment_id: str) -> None:
    _end(database, experiment_id, clearly)


def find_nothing(database: Database, experiment_id: str) -> None:
    _end(database, experiment_id, unclear)


def _end(database: Database, experiment_id: str, accuracy: Accuracy) -> None:
    """End every run that waits, with this test accuracy, in one transaction."""
    with database.transaction() as session:
        for run in experiments.runs_of(session, experiment_id):
            held = runs.claim(session, run.id, worker_id="w", cuda=True, now=at(1))
            if held is None:
                continue
            value = accuracy(run)
            assert value is not None
            row = evaluation_row(run.steps, "test", accuracy=value)
            rows.append_evaluation(session, run.id, row)
            runs.finish(session, run.id, held.attempt, RunState.SUCCEEDED, now=at(3))


def questions(database: Database) -> list[ProgrammeQuestion]:
    with database.reading() as session:
        return questions_of(session, NAME)


def outcomes(database: Database) -> list[tuple[str, int | None]]:
    """Of each question in order, its outcome and after how many questions it was known."""
    return [(one.outcome, one.known_after) for one in questions(database)]


def levels(database: Database) -> list[float]:
    return [one.level for one in questions(database)]


def delete(database: Database, experiment_id: str) -> None:
    with database.transaction() as session:
        experiments.delete_experiment(session, experiment_id)
