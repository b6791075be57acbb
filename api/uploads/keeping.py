"""Storing and deleting what people upload: the folder and the row, always both or neither.

The folder is named by the hash of its content, so two names for the same content share one folder,
which is deleted only when no row refers to it. One lock of this process guards both operations.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from sqlalchemy.orm import Session

from api.access.callers import Caller
from api.access.quotas import require_upload_room, sizes_of
from api.dependencies import Service
from models.files.atomic import new_folder
from models.files.file_store import remove_if_possible
from models.files.recorded_hashes import damaged, record_hashes, recorded
from models.store import clock


class Named(Protocol):
    """A row of what was uploaded."""

    @property
    def content_hash(self) -> str: ...


class Profile(Protocol):
    """What is known of files that are to be stored."""

    @property
    def content_hash(self) -> str: ...

    @property
    def size(self) -> int: ...


P = TypeVar("P", bound=Profile)
T = TypeVar("T")


@dataclass(frozen=True)
class Kept:
    """A kind of what is kept: in which folder its folders are, which file of one is written last
    and removed first, since a folder without it is not one, and its rows."""

    place: Path
    last: str
    rows: Callable[[Session], Iterable[Named]]

    @contextmanager
    def storing(self, service: Service, digest: str) -> Iterator[Path]:
        """Gives the folder of this hash, into which files are written here and given to the store
        (`give`), and then their row is added. Where that raises, nothing of either stays.

        Raises `FilesAway`.
        """
        folder = self.place / digest
        with service.dataset_files:
            try:
                yield folder
                # another process may have removed the files before it could see their new row
                self.give(service, folder)
            except BaseException:
                self._drop_if_unused(service, digest)
                raise

    def give(self, service: Service, folder: Path) -> None:
        """Store a folder for every host."""
        service.files.give_folder(folder, last=self.last)

    def store_files(
        self,
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
        and what `storing` raises."""
        own, sizes = {profile.content_hash: profile.size}, sizes_of(service, None, caller)
        with self.storing(service, profile.content_hash) as folder:
            _move(names, source, folder)
            self.give(service, folder)
            with service.database.transaction() as session:
                require_upload_room(service, session, own, caller, sizes)
                caller.record(session, "uploaded", name, clock.now(session))
                return add(session, name, profile, caller.key_id)

    def delete(
        self, service: Service, name: str, remove: Callable[[Session, str], Named], caller: Caller
    ) -> None:
        """Let `remove` remove the row of this name, then its folder. Raises what that raises."""
        with service.dataset_files:
            with service.database.transaction() as session:
                digest = remove(session, name).content_hash
                caller.record(session, "deleted", name, clock.now(session))
            self._drop_if_unused(service, digest)

    def _drop_if_unused(self, service: Service, digest: str) -> None:
        with service.database.reading() as session:
            used = any(row.content_hash == digest for row in self.rows(session))
        if not used:
            folder = self.place / digest
            remove_if_possible(service.files, folder / self.last)
            remove_if_possible(service.files, folder)


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
