"""Hashes beside the files of a folder, by which a torn or changed file is noticed.

A crash of the machine, a full disk or a hand may leave half of a file, and half of an array can be
another array without any error. `hashes.json` has the length and the SHA-256 of each file of its
folder as it was written. A process reads a file through for this once, and again only when its
inode, its length or its times say that it is another one, so an ordinary read costs one `stat`.
"""

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from models.files.atomic import write_whole

RECORD = "hashes.json"
_REMEMBERED = 4096  # files of which a process knows the hash


class Recorded(NamedTuple):
    """A file as it was written: its length in bytes, and its SHA-256 (hex)."""

    size: int
    sha256: str


def record_hashes(folder: Path) -> None:
    """Write the record of the files that are in the folder now, but not of folders in it.

    Raises `OSError`.
    """
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name != RECORD)
    record = {
        path.name: {"bytes": path.stat().st_size, "sha256": file_hash(path)} for path in files
    }
    write_whole(folder / RECORD, json.dumps(record, indent=1).encode())


def recorded(folder: Path) -> Mapping[str, Recorded]:
    """What the record of the folder says of each file; nothing where there is none to be read, as
    in folders from before there were records."""
    try:
        document = json.loads((folder / RECORD).read_bytes())
        return {
            name: Recorded(int(one["bytes"]), str(one["sha256"])) for name, one in document.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def damaged(folder: Path, *names: str) -> list[str]:
    """Those of these files that are absent, or not as the record says; without names, of all that
    the record has. A file that is not in the record is only required to be there."""
    record = recorded(folder)
    return [name for name in names or record if not _is_whole(folder / name, record.get(name))]


def _is_whole(path: Path, as_written: Recorded | None) -> bool:
    try:
        if as_written is None:
            return path.is_file()
        return path.stat().st_size == as_written.size and file_hash(path) == as_written.sha256
    except FileNotFoundError:
        return False


def file_hash(path: Path) -> str:
    """The SHA-256 (hex) of a file, which is read only where it is another than before.

    Raises `OSError`.
    """
    stat = path.stat()
    return _hash_of_version(path, (stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns))


@lru_cache(maxsize=_REMEMBERED)
def _hash_of_version(path: Path, _version: tuple[int, ...]) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
