"""Where data sets lie, and how much disk those of one owner may take.

The folders themselves are measured: tokens are added to them later, and no column can go stale.
"""

from pathlib import Path

from sqlalchemy.orm import Session

from api.callers import Caller
from api.deps import Service
from models.errors import TooMany
from models.quotas import contents_of, take_turn

ROOM_RETRY = 3600  # seconds; only deleting something makes room


def folder_of(service: Service, digest: str) -> Path:
    """Where the files of the data set with this content hash lie."""
    return service.settings.datasets_dir / digest


def require_room(service: Service, session: Session, digest: str, caller: Caller) -> None:
    """Raise `TooMany` when these rows and the caller's other data sets are too much together."""
    most = service.settings.max_stored_bytes
    take_turn(session, caller.key_id)
    folders = {digest} | contents_of(session, caller.key_id)
    taken = sum(_bytes_in(folder_of(service, one)) for one in folders)
    if taken > most:
        raise TooMany(
            f"with this one your data sets would take {taken:,} bytes of disk, and {most:,} are "
            "allowed; delete one that is not needed",
            ROOM_RETRY,
        )


def _bytes_in(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
