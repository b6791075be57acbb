"""How many runs one caller may have waiting, so that no one fills the queue for all."""

from sqlalchemy.orm import Session

from api.callers import Caller
from models import quotas
from models.errors import TooMany

QUEUE_RETRY = 60  # seconds after which some of the queued runs may have begun


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
