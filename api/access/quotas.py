"""What one caller may store and have waiting, so that no one fills a disk or a queue for all.

Seeds that a planned look adds are not refused, since the experiment was accepted with them; they
count when its owner asks for more. Folders of data sets are measured anew each time: tokens are
added to them later, and no column can go stale.
"""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from api.access.callers import Caller
from api.dependencies import Service
from models.errors import TooMany
from models.store.access import quotas

QUEUE_RETRY = 60  # seconds after which some of the queued runs may have begun
PREDICTION_RETRY = 5  # seconds after which a worker may have answered some
ROOM_RETRY = 3600  # seconds; only deleting something makes room

Sizes = Mapping[str, int]
"""Bytes of data sets, by their content hash."""


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


def sizes_of(service: Service, digest: str, caller: Caller | None) -> Sizes:
    """Of these rows and the caller's data sets: measured before the write that needs them, since a
    bucket takes its time. Raises `FilesAway`."""
    if caller is None:
        return {}
    with service.database.reading() as session:
        digests = {digest} | quotas.contents_of(session, caller.key_id)
    return {one: _bytes_of(service, one) for one in digests}


def require_room(
    service: Service, session: Session, digest: str, caller: Caller, sizes: Sizes
) -> None:
    """Raise `TooMany` when these rows and the caller's other data sets are too much together.

    `sizes` are those of a moment ago; what has come since is measured here.
    """
    most = service.settings.max_stored_bytes
    quotas.take_turn(session, caller.key_id)
    digests = {digest} | quotas.contents_of(session, caller.key_id)
    taken = sum(sizes[one] if one in sizes else _bytes_of(service, one) for one in digests)
    if taken > most:
        raise TooMany(
            f"with this one your data sets would take {taken:,} bytes of disk, and {most:,} are "
            "allowed; delete one that is not needed",
            ROOM_RETRY,
        )


def _bytes_of(service: Service, digest: str) -> int:
    return sum(one.size for one in service.files.entries(service.settings.datasets_dir / digest))
