"""What becomes of a run whose attempt cannot go on: another attempt, or the end."""

from models import clock, runs
from models.database import Database
from models.states import RunState
from worker.patience import patiently


def give_back(database: Database, run_id: str, attempt: int, reason: str) -> None:
    """Queue the run again, whatever its number of attempts: nothing went wrong with the run.

    Raises `StaleAttempt`.
    """

    def queue() -> None:
        with database.transaction() as session:
            runs.give_back(session, run_id, attempt, reason=reason, now=clock.now(session))

    patiently(queue)


def give_back_or_up(
    database: Database, run_id: str, attempt: int, reason: str, max_attempts: int
) -> None:
    """After a fault: queue the run again, or fail it when this was the last attempt it may have.

    Raises `StaleAttempt`.
    """
    if attempt < max_attempts:
        give_back(database, run_id, attempt, reason)
        return

    def fail() -> None:
        with database.transaction() as session:
            runs.finish(
                session,
                run_id,
                attempt,
                RunState.FAILED,
                reason=f"{reason} (given up after {attempt} attempts)",
                now=clock.now(session),
            )

    patiently(fail)
