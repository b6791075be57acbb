"""Storing and deleting what people upload, within their quotas, and told in the audit."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol, TypeVar

from sqlalchemy.orm import Session

from api.access.callers import Caller
from api.access.quotas import require_upload_room, sizes_of
from api.dependencies import Service
from api.stored.folders import Named, StoredFolders
from models.files.atomic import new_folder
from models.files.recorded_hashes import damaged, record_hashes, recorded
from models.store import clock


class Profile(Protocol):
    """What is known of files that are to be stored."""

    @property
    def content_hash(self) -> str: ...

    @property
    def size(self) -> int: ...


P = TypeVar("P", bound=Profile)
T = TypeVar("T")


def store_files(
    folders: StoredFolders,
    service: Service,
    name: str,
    source: Path,
    names: Iterable[str],
    profile: P,
    add: Callable[[Session, str, P, str | None], T],
    caller: Caller,
) -> T:
    """Store files that were written into the folder `source`, under a name; the row that `add`
    makes of their profile. Raises `TooMany` where the caller's things would exceed their quota,
    and what `StoredFolders.storing` raises."""
    own, sizes = {profile.content_hash: profile.size}, sizes_of(service, None, caller)
    with folders.storing(service, profile.content_hash) as folder:
        _move(names, source, folder)
        folders.give(service, folder)
        with service.database.transaction() as session:
            require_upload_room(service, session, own, caller, sizes)
            caller.record(session, "uploaded", name, clock.now(session))
            return add(session, name, profile, caller.key_id)


def delete_stored(
    folders: StoredFolders,
    service: Service,
    name: str,
    remove: Callable[[Session, str], Named],
    caller: Caller,
) -> None:
    """Let `remove` remove the row of this name, then its folder. Raises what that raises."""
    with service.dataset_files:
        with service.database.transaction() as session:
            digest = remove(session, name).content_hash
            caller.record(session, "deleted", name, clock.now(session))
        folders.drop_if_unused(service, digest)


def _move(names: Iterable[str], source: Path, folder: Path) -> None:
    """Move files to their folder, whole or not at all; an existing one is kept, if its files are
    known to be what was written."""
    there = folder.is_dir()
    if there and recorded(folder) and not damaged(folder):
        return
    with new_folder(folder, over=there) as temporary:
        for name in names:
            (source / name).rename(temporary / name)
        record_hashes(temporary)
