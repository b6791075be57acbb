"""All SQL of predictions: pairs of questions for a run to compare, and a worker's answer.

A row is both the request and the reply. A worker claims it with one conditional UPDATE that raises
the attempt number, and an answer under an older number is refused; so a process that dies during a
request costs only time, and a request at which processes always die is given up.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Update, and_, delete, or_, select, update
from sqlalchemy.orm import Session

from models.errors import Conflict, NotFound
from models.states import RunState
from models.store import workers
from models.store.database import changed
from models.store.ids import new_id
from models.store.run_life.runs import refuse_tuning_run
from models.store.run_life.runs import run as find_run
from models.store.tables import Prediction, Run, Worker

TextPair = tuple[str, str]


def create_prediction(
    session: Session,
    run_id: str,
    pairs: Sequence[TextPair],
    now: datetime,
    owner: str | None = None,
) -> Prediction:
    """Store the request. Raises `NotFound`, and `Conflict` when the run has not succeeded, or
    served to choose a setting."""
    run = find_run(session, run_id)
    refuse_tuning_run(run)
    if run.state != RunState.SUCCEEDED:
        raise Conflict(f"run {run_id} is {run.state}; only a run that succeeded can predict")
    row = Prediction(
        id=new_id("prd"),
        run_id=run_id,
        created_at=now,
        owner=owner,
        pairs=[list(pair) for pair in pairs],
    )
    session.add(row)
    session.flush()
    return row


def prediction(session: Session, prediction_id: str) -> Prediction:
    """The request as the database has it now. Raises `NotFound`."""
    row = session.get(Prediction, prediction_id, populate_existing=True)
    if row is None:
        raise _not_found(prediction_id)
    return row


def _not_found(prediction_id: str) -> NotFound:
    return NotFound(f"there is no prediction '{prediction_id}'; they are removed after an hour")


def is_answered(session: Session, prediction_id: str) -> bool:
    """Whether there is an answer, or a reason why there is none. It does not read the pairs, of
    which there may be a mebibyte. Raises `NotFound`."""
    query = select(Prediction.answered_at).where(Prediction.id == prediction_id)
    found = session.execute(query).first()
    if found is None:
        raise _not_found(prediction_id)
    return found[0] is not None


def next_request(
    session: Session, worker_id: str, now: datetime, lease_seconds: float
) -> Prediction | None:
    """The oldest request that this worker may claim: an unclaimed one, one of its own, or one of a
    dead worker. A worker has one process for predictions, so a request that it holds already was
    left by a process that died."""
    query = select(Prediction).where(_free(worker_id, now, lease_seconds))
    if not workers.abilities(session, worker_id).pretrained:
        query = query.join(Run, Run.id == Prediction.run_id).where(~Run.pretrained)
    return session.scalar(query.order_by(Prediction.id).limit(1))


def claim(
    session: Session,
    seen: Prediction,
    *,
    worker_id: str,
    max_attempts: int,
    now: datetime,
    lease_seconds: float,
) -> Prediction | None:
    """Claim the request that `next_request` returned, as its next attempt; None when another worker
    was faster.

    A request that was claimed `max_attempts` times already ends with a reason instead.
    """
    unchanged = and_(
        Prediction.id == seen.id,
        Prediction.attempt == seen.attempt,
        _free(worker_id, now, lease_seconds),
    )
    change = update(Prediction).where(unchanged)
    if seen.attempt >= max_attempts:
        reason = f"given up: the process that should answer it died {seen.attempt} times"
        changed(session, change.values(answered_at=now, reason=reason))
        return None
    if not changed(session, change.values(attempt=seen.attempt + 1, worker_id=worker_id)):
        return None
    return prediction(session, seen.id)


def answer(
    session: Session,
    taken: Prediction,
    *,
    similarities: Sequence[float],
    unknown_words: Sequence[Sequence[str]],
    threshold: float,
    now: datetime,
) -> bool:
    """Store the answer, a similarity and a list of words for each pair; False when another attempt
    has the request now, or it was removed."""
    values = {
        "similarities": list(similarities),
        "unknown_words": [list(words) for words in unknown_words],
        "threshold": threshold,
    }
    return changed(session, _held(taken).values(answered_at=now, **values))


def fail(session: Session, taken: Prediction, reason: str, now: datetime) -> bool:
    """Store why there is no answer; False when another attempt has the request now, or it was
    removed."""
    return changed(session, _held(taken).values(answered_at=now, reason=reason))


def release(session: Session, worker_id: str) -> None:
    """Release the requests that this worker has claimed and not answered; the attempt does not
    count."""
    taken = (Prediction.worker_id == worker_id, Prediction.answered_at.is_(None))
    back = {"worker_id": None, "attempt": Prediction.attempt - 1}
    session.execute(
        update(Prediction).where(*taken).values(back),
        execution_options={"synchronize_session": False},
    )


def remove_old(session: Session, now: datetime, seconds: float) -> None:
    """Remove requests older than `seconds`, answered or not."""
    session.execute(
        delete(Prediction).where(Prediction.created_at < now - timedelta(seconds=seconds))
    )


def _free(worker_id: str, now: datetime, lease_seconds: float) -> ColumnElement[bool]:
    alive = select(Worker.id).where(Worker.heartbeat_at >= now - timedelta(seconds=lease_seconds))
    return and_(
        Prediction.answered_at.is_(None),
        or_(
            Prediction.worker_id.is_(None),
            Prediction.worker_id == worker_id,
            Prediction.worker_id.not_in(alive),
        ),
    )


def _held(taken: Prediction) -> Update:
    return update(Prediction).where(
        Prediction.id == taken.id,
        Prediction.attempt == taken.attempt,
        Prediction.answered_at.is_(None),
    )
