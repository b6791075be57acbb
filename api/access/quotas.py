"""Quotas: what one caller may store and queue, so that no caller fills a disk or queue for all.

Seeds that a planned look adds are not refused, since the experiment was accepted with them; they
count when its owner submits more. Folders of data sets are measured at each upload, because tokens
are added to them later and a stored size would go stale.
"""

from collections.abc import Mapping, Set
from types import MappingProxyType

from sqlalchemy.orm import Session

from api.access.callers import Caller
from api.dependencies import Service
from models.errors import TooMany
from models.settings import Settings
from models.store.access import quotas

QUEUE_RETRY = 60  # seconds after which some of the queued runs may have begun
PREDICTION_RETRY = 5  # seconds after which a worker may have answered some
ROOM_RETRY = 3600  # seconds; only deleting something makes room

Sizes = Mapping[str, int]
"""Bytes of what is stored, by content hash."""


def require_queue_room(session: Session, caller: Caller, wanted: int, most: int) -> None:
    """Raise `TooMany` when `wanted` further runs would exceed `most` queued runs.

    Call this before the runs are added, in the same transaction: until its end no other request of
    this caller is counted.
    """
    quotas.take_turn(session, caller.key_id)
    queued = quotas.queued_runs(session, caller.key_id)
    if queued + wanted > most:
        raise TooMany(
            f"{queued:,} of your runs are queued already, and with these {wanted:,} they would be "
            f"more than the {most:,} allowed; try again when some have begun, or cancel some",
            QUEUE_RETRY,
        )


def require_prediction_room(session: Session, caller: Caller, settings: Settings) -> None:
    """Raise `TooMany` for one prediction beyond the most that may wait, or beyond their most bytes;
    to be called as `require_queue_room` is."""
    quotas.take_turn(session, caller.key_id)
    waiting, written = quotas.waiting_predictions(session, caller.key_id)
    most, most_bytes = settings.max_waiting_predictions, settings.max_waiting_prediction_bytes
    if waiting >= most:
        raise TooMany(
            f"{most:,} of your predictions wait for a worker already; try again when some have "
            "been answered, or send more pairs in one request",
            PREDICTION_RETRY,
        )
    if written >= most_bytes:
        raise TooMany(
            f"your predictions that wait for a worker have {written:,} bytes of texts already, and "
            f"{most_bytes:,} are allowed; try again when some have been answered",
            PREDICTION_RETRY,
        )


def sizes_of(service: Service, digest: str | None, caller: Caller) -> Sizes:
    """Return the sizes of the rows `digest`, where these are to be stored, and of the caller's
    data sets.

    They are measured before the transaction that needs them, since a bucket is slow. Raises
    `FilesAway`.
    """
    with service.database.reading() as session:
        digests = quotas.contents_of(session, caller.key_id) | ({digest} if digest else set())
    return {one: _bytes_of(service, one) for one in digests}


def require_room(
    service: Service, session: Session, digest: str, caller: Caller, sizes: Sizes
) -> None:
    """Raise `TooMany` when the rows `digest` and all else that the caller stores exceed the limit.

    `sizes` were measured before the transaction; data sets added since are measured here.
    """
    _require(service, session, caller, sizes, datasets={digest})


def require_upload_room(
    service: Service, session: Session, own: Sizes, caller: Caller, sizes: Sizes
) -> None:
    """As `require_room`, for a model or token vectors: `own` is their size in bytes by their
    content hash."""
    _require(service, session, caller, sizes, others=own)


def _require(
    service: Service,
    session: Session,
    caller: Caller,
    sizes: Sizes,
    *,
    datasets: Set[str] = frozenset(),
    others: Sizes = MappingProxyType({}),
) -> None:
    quotas.take_turn(session, caller.key_id)
    digests = datasets | quotas.contents_of(session, caller.key_id)
    taken = sum(sizes[one] if one in sizes else _bytes_of(service, one) for one in digests)
    taken += sum({**quotas.sizes_of_files(session, caller.key_id), **others}.values())
    most = service.settings.max_stored_bytes
    if taken > most:
        raise TooMany(
            f"with this one your data sets, models and token vectors would take {taken:,} bytes of "
            f"disk, and {most:,} are allowed; delete one that is not needed",
            ROOM_RETRY,
        )


def _bytes_of(service: Service, digest: str) -> int:
    return sum(one.size for one in service.files.entries(service.settings.datasets_dir / digest))
