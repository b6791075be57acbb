"""The files of data sets and runs, for hosts that share a disk and for hosts that share a bucket.

All code names paths in the data folder of its own host. On a shared disk that is where the files
are. With a bucket (`models.files.bucket`) they are objects, and the folder holds copies: what is to
be opened as a file is *brought* there first. What a row tells of is stored before it is committed.
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
    """A file as everyone sees it."""

    name: str
    """Its path below the folder that was asked for, parted by slashes."""
    size: int  # bytes
    modified: datetime


class FileStore(Protocol):
    """All paths are below the data folder. Each method raises `FilesAway` where the store is."""

    def write(self, file: Path, content: bytes) -> None:
        """Store a file, whole or not at all. Raises `OSError` where the disk refuses."""

    def read(self, file: Path) -> bytes:
        """Its content. Raises `FileNotFoundError`."""

    def entries(self, folder: Path) -> list[Entry]:
        """The files below a folder; none where it is absent."""

    def remove(self, *paths: Path) -> None:
        """Remove files, or folders with all that is in them, here and for everyone.

        What is gone already is no error. Raises `OSError` where the disk refuses.
        """

    def bring(self, file: Path, sha256: str | None = None) -> Path:
        """The file, here if it is anywhere; what has another hash (hex) is not it."""

    def give_folder(self, folder: Path, *, last: str) -> None:
        """Let every host see a folder that never changes; file `last` of it comes last."""

    def bring_folder(self, folder: Path, *, last: str) -> Path:
        """A folder that `give_folder` gave, here if it is whole anywhere."""

    def check(self) -> None:
        """Raises `FilesAway` where the store does not answer."""


class SharedDisk:
    """The data folder is the store: one host, or a disk that all of them mount."""

    def write(self, file: Path, content: bytes) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, content)

    def read(self, file: Path) -> bytes:
        return file.read_bytes()

    def entries(self, folder: Path) -> list[Entry]:
        found = []
        for path in folder.rglob("*"):
            try:
                stat = path.stat()
            except FileNotFoundError:  # removed just now
                continue
            if path.is_file():
                modified = datetime.fromtimestamp(stat.st_mtime, UTC)
                found.append(Entry(path.relative_to(folder).as_posix(), stat.st_size, modified))
        return found

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
    """Remove a file or a folder from this host. Raises `OSError` where the disk refuses."""
    while path.is_dir():
        try:
            shutil.rmtree(path)
        except FileNotFoundError:  # another removes it too, and was faster with a part of it
            continue
        return
    path.unlink(missing_ok=True)


def remove_if_possible(files: FileStore, *paths: Path) -> None:
    """Remove what nobody speaks of any more. What cannot be removed stays, with a line in the
    log; the collector of orphans tries again."""
    try:
        files.remove(*paths)
    except (OSError, FilesAway) as error:
        _log.warning("%s and more may stay: %s", paths[0], error)
