"""How much disk the data sets of one owner may take.

The folders themselves are measured: tokens are added to them later, and no column can go stale.
"""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from api.callers import Caller
from api.deps import Service
from models.errors import TooMany
from models.quotas import contents_of, take_turn

ROOM_RETRY = 3600  # seconds; only deleting something makes room


Sizes = Mapping[str, int]
"""Bytes of data sets, by their content hash."""


def sizes_of(service: Service, digest: str, caller: Caller | None) -> Sizes:
    """Of these rows and the caller's data sets: measured before the write that needs them, since a
    bucket takes its time. Raises `FilesAway`."""
    if caller is None:
        return {}
    with service.database.reading() as session:
        digests = {digest} | contents_of(session, caller.key_id)
    return {one: _bytes_of(service, one) for one in digests}


def require_room(
    service: Service, session: Session, digest: str, caller: Caller, sizes: Sizes
) -> None:
    """Raise `TooMany` when these rows and the caller's other data sets are too much together.

    `sizes` are those of a moment ago; what has come since is measured here.
    """
    most = service.settings.max_stored_bytes
    take_turn(session, caller.key_id)
    digests = {digest} | contents_of(session, caller.key_id)
    taken = sum(sizes[one] if one in sizes else _bytes_of(service, one) for one in digests)
    if taken > most:
        raise TooMany(
            f"with this one your data sets would take {taken:,} bytes of disk, and {most:,} are "
            "allowed; delete one that is not needed",
            ROOM_RETRY,
        )


def _bytes_of(service: Service, digest: str) -> int:
    return sum(one.size for one in service.files.entries(service.settings.datasets_dir / digest))
