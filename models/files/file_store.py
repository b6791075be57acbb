"""The files of data sets and runs, for hosts that share a disk and for hosts that share a bucket.

All code names paths in the data folder of its own host. On a shared disk that is where the files
are. With a bucket (`models.files.bucket`) they are objects, and the folder has copies: a file is
*brought* there before it is opened. A file is stored before the row that mentions it is committed.
"""

import logging
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from models.errors import FilesAway
from models.files.atomic import write_whole

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in the store, as every host sees it."""

    name: str
    """Its path below the listed folder, separated by slashes."""
    size: int  # bytes
    modified: datetime


class FileStore(Protocol):
    """All paths are below the data folder. Each method raises `FilesAway` when the store does not
    answer."""

    def write(self, file: Path, content: bytes) -> None:
        """Store a file, whole or not at all. Raises `OSError` when the disk refuses."""

    def read(self, file: Path) -> bytes:
        """The content of a file. Raises `FileNotFoundError`."""

    def entries(self, folder: Path) -> list[Entry]:
        """The files below a folder; none where the folder is absent."""

    def remove(self, *paths: Path) -> None:
        """Remove files, or folders with their content, here and in the store. Idempotent.

        Raises `OSError` when the disk refuses.
        """

    def bring(self, file: Path, sha256: str | None = None) -> Path:
        """Copy a file from the store to this host, and return its path; a copy with another SHA-256
        (hex) is replaced or removed, so the path may not exist."""

    def give_folder(self, folder: Path, *, last: str) -> None:
        """Store a folder that will not change, for every host; its file `last` is stored last."""

    def bring_folder(self, folder: Path, *, last: str) -> Path:
        """Copy a folder that `give_folder` stored to this host, once complete; return its path.

        Files of the copy that are not what the folder's record says are fetched again.
        """

    def check(self) -> None:
        """Raise `FilesAway` when the store does not answer."""


class SharedDisk:
    """The data folder is the store: one host, or a disk that all of them mount."""

    def write(self, file: Path, content: bytes) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, content)

    def read(self, file: Path) -> bytes:
        return file.read_bytes()

    def entries(self, folder: Path) -> list[Entry]:
        entries = []
        for path in folder.rglob("*"):
            try:
                stat = path.stat()
            except FileNotFoundError:  # removed just now
                continue
            if path.is_file():
                modified = datetime.fromtimestamp(stat.st_mtime, UTC)
                entries.append(Entry(path.relative_to(folder).as_posix(), stat.st_size, modified))
        return entries

    def remove(self, *paths: Path) -> None:
        for path in paths:
            remove_here(path)

    def bring(self, file: Path, sha256: str | None = None) -> Path:  # noqa: ARG002
        return file

    def give_folder(self, folder: Path, *, last: str) -> None:
        pass

    def bring_folder(self, folder: Path, *, last: str) -> Path:  # noqa: ARG002
        return folder

    def check(self) -> None:
        pass


def remove_here(path: Path) -> None:
    """Remove a file or a folder from this host. Raises `OSError` when the disk refuses."""
    while path.is_dir():
        try:
            shutil.rmtree(path)
        except (
            FileNotFoundError
        ):  # another process removes it too, and was faster with a part of it
            continue
        return
    path.unlink(missing_ok=True)


def remove_if_possible(files: FileStore, *paths: Path) -> None:
    """Remove files that nothing refers to any more. What cannot be removed stays, with a warning
    in the log; the orphan collector tries again."""
    try:
        files.remove(*paths)
    except (OSError, FilesAway) as error:
        _log.warning("%s (and others with it) may not have been removed: %s", paths[0], error)
