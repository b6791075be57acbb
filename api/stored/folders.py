"""Folders that are named by the hash of their content: the folder and its row, always both or
neither.

Two names for the same content share one folder, which is deleted only when no row refers to it. One
lock of this process guards storing and deleting.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sqlalchemy.orm import Session

from api.stored.storage import Storage
from models.files.file_store import remove_if_possible


class Named(Protocol):
    """A row of what is stored."""

    @property
    def content_hash(self) -> str: ...


@dataclass(frozen=True)
class StoredFolders:
    """A kind of what is stored: in which folder its folders are, which file of one is written last
    and removed first, since a folder without it is not one, and its rows."""

    place: Path
    last: str
    rows: Callable[[Session], Iterable[Named]]

    @contextmanager
    def storing(self, storage: Storage, digest: str) -> Iterator[Path]:
        """Gives the folder of this hash, into which files are written here and given to the store
        (`give`), and then their row is added. Where that raises, nothing of either stays.

        Raises `FilesAway`.
        """
        folder = self.place / digest
        with storage.dataset_files:
            try:
                yield folder
                # another process may have removed the files before it could see their new row
                self.give(storage, folder)
            except BaseException:
                self.drop_if_unused(storage, digest)
                raise

    def give(self, storage: Storage, folder: Path) -> None:
        """Store a folder for every host."""
        storage.files.give_folder(folder, last=self.last)

    def drop_if_unused(self, storage: Storage, digest: str) -> None:
        """Remove the folder of this hash, unless a row refers to it."""
        with storage.database.reading() as session:
            used = any(row.content_hash == digest for row in self.rows(session))
        if not used:
            folder = self.place / digest
            remove_if_possible(storage.files, folder / self.last)
            remove_if_possible(storage.files, folder)
