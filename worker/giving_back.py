"""What becomes of a run whose attempt cannot go on: another attempt, or the end."""

from models import clock, runs
from models.database import Database
from models.faults import RetryPolicy
from models.run_problems import RunProblem
from models.states import RunState
from worker.patience import patiently


def give_back(database: Database, run_id: str, attempt: int, reason: str) -> None:
    """Queue the run again, at once and without counting a fault: nothing went wrong with it.

    Raises `StaleAttempt`.
    """

    def queue() -> None:
        with database.transaction() as session:
            runs.give_back(session, run_id, attempt, reason=reason, now=clock.now(session))

    patiently(queue)


def hand_on(
    database: Database, run_id: str, attempt: int, problem: RunProblem, policy: RetryPolicy
) -> RunState:
    """After a fault of the machine: queue the run again, to begin after a wait, or fail it when
    this was the last attempt it may have; how it stands now.

    Raises `StaleAttempt`.
    """

    def change() -> RunState:
        with database.transaction() as session:
            return runs.fault(
                session, run_id, attempt, problem=problem, policy=policy, now=clock.now(session)
            )

    return patiently(change)
