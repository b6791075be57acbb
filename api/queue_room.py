"""How many runs and questions one caller may have waiting, so that no one fills a queue for all.

Seeds that a planned look adds are not refused, since the experiment was accepted with them; they
count when its owner asks for more.
"""

from sqlalchemy.orm import Session

from api.callers import Caller
from models import quotas
from models.errors import TooMany

QUEUE_RETRY = 60  # seconds after which some of the queued runs may have begun
PREDICTION_RETRY = 5  # seconds after which a worker may have answered some


def require_queue_room(session: Session, caller: Caller, wanted: int, most: int) -> None:
    """Raise `TooMany` when so many further runs would be too many.

    To be called before they are added, in their transaction: until its end no other request of
    this caller is counted.
    """
    quotas.take_turn(session, caller.key_id)
    waiting = quotas.queued_runs(session, caller.key_id)
    if waiting + wanted > most:
        raise TooMany(
            f"{waiting:,} of your runs wait already, and with these {wanted:,} they would be more "
            f"than the {most:,} allowed; ask again when some have begun, or cancel some",
            QUEUE_RETRY,
        )


def require_prediction_room(session: Session, caller: Caller, most: int) -> None:
    """Raise `TooMany` when one further question would be too many; to be called like the above."""
    quotas.take_turn(session, caller.key_id)
    if quotas.waiting_predictions(session, caller.key_id) >= most:
        raise TooMany(
            f"{most:,} of your questions wait for a worker already; ask again when some have been "
            "answered, or put more pairs into one",
            PREDICTION_RETRY,
        )
