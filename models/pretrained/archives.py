"""The files inside an uploaded archive of a model: zip, tar or tar.gz, none of them trusted.

Nothing is ever extracted to the names that an archive gives: its files are read as streams, by
whoever wants one. An archive with a name or an entry that could lead out of a folder is refused as
a whole, also where that entry would not be read, since nobody packs such a thing by accident.
"""

import gzip
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO, Protocol, cast

from models.pretrained.errors import ModelFileError

Entries = Mapping[str, Callable[[], IO[bytes]]]
"""The regular files of an archive by their names in it, each with what opens it."""


class Readable(Protocol):
    """What can be read piece by piece."""

    def read(self, size: int, /) -> bytes: ...


MOST_ENTRIES = 5_000
MOST_AT_ONCE = 1 << 20
"""Bytes that a reader of archives may ask for at once: an entry's header can claim any length."""
ENCRYPTED = 1  # this bit of the flags of a zip entry
GZIP, ZIP = b"\x1f\x8b", (b"PK\x03\x04", b"PK\x05\x06")
TAR_MARK = (257, b"ustar")
_DAMAGED = (
    *(zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError),
    *(ValueError, OverflowError, NotImplementedError),
)


def is_archive(file: BinaryIO) -> bool:
    """Whether the first bytes are those of a zip, tar or tar.gz archive."""
    start = file.read(TAR_MARK[0] + len(TAR_MARK[1]))
    file.seek(0)
    return start[:4] in ZIP or start[:2] == GZIP or start[TAR_MARK[0] :] == TAR_MARK[1]


@contextmanager
def opened(file: BinaryIO, scratch: Path, most_bytes: int) -> Iterator[Entries]:
    """The files of an archive, which is recognised by its first bytes.

    A tar.gz is unpacked into a temporary file in the folder `scratch`, to at most `most_bytes`.
    Raises `ModelFileError`, also while a file of it is read.
    """
    try:
        start = file.read(4)
        file.seek(0)
        if start in ZIP:
            with zipfile.ZipFile(_Guarded(file)) as archive:
                yield _of_zip(archive)
        elif start[:2] == GZIP:
            with tempfile.TemporaryFile(dir=scratch) as unpacked:
                with gzip.GzipFile(fileobj=file, mode="rb") as packed:
                    copy_bounded(packed, unpacked, most_bytes, "the archive")
                unpacked.seek(0)
                with _tar(unpacked) as tar:
                    yield _of_tar(tar)
        else:
            with _tar(file) as tar:
                yield _of_tar(tar)
    except ModelFileError:
        raise
    except _DAMAGED as error:
        raise ModelFileError(
            f"the file is not a whole zip, tar or tar.gz archive of a folder ({error})"
        ) from error


def copy_bounded(source: Readable, target: IO[bytes], most_bytes: int, what: str) -> int:
    """Copy to the end; the bytes copied. Raises `ModelFileError` beyond `most_bytes`, whatever
    length the source claims."""
    copied = 0
    while piece := source.read(1 << 20):
        copied += len(piece)
        if copied > most_bytes:
            raise ModelFileError(f"{what} unpacks to more than the {most_bytes:,} bytes allowed")
        target.write(piece)
    return copied


def _tar(file: IO[bytes]) -> tarfile.TarFile:
    # the types want a `write` too, which reading never calls
    return tarfile.TarFile(fileobj=cast(Any, _Guarded(file)))


def _of_zip(archive: zipfile.ZipFile) -> Entries:
    infos = archive.infolist()
    _check_names([info.filename for info in infos])
    entries: dict[str, Callable[[], IO[bytes]]] = {}
    for info in infos:
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise ModelFileError(
                f"'{info.filename}' in the archive is a link or a device; pack plain files"
            )
        if info.is_dir():
            continue
        if info.flag_bits & ENCRYPTED:
            raise ModelFileError("the archive is encrypted; pack it without a password")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ModelFileError(
                f"'{info.filename}' is not packed by deflate, the usual method of zip archives"
            )
        entries[info.filename] = lambda info=info: archive.open(info)  # type: ignore[misc]
    return entries


def _of_tar(archive: tarfile.TarFile) -> Entries:
    members: list[tarfile.TarInfo] = []
    for member in archive:
        members.append(member)
        if len(members) > MOST_ENTRIES:
            break
    _check_names([member.name for member in members])
    entries: dict[str, Callable[[], IO[bytes]]] = {}
    for member in members:
        if member.isdir():
            continue
        if not member.isreg() or member.issparse():
            raise ModelFileError(
                f"'{member.name}' in the archive is a link or a device; pack plain files"
            )
        entries[member.name] = lambda member=member: _extracted(archive, member)  # type: ignore[misc]
    return entries


def _extracted(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    extracted = archive.extractfile(member)
    assert extracted is not None  # a regular file
    return extracted


def _check_names(names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        parts = PurePosixPath(name).parts
        if name.startswith("/") or ".." in parts or "\\" in name or ":" in name or "\0" in name:
            raise ModelFileError(
                f"'{name[:100]}' in the archive is not a name inside of its folder; pack the "
                "folder itself"
            )
        plain = str(PurePosixPath(name))
        if plain in seen and not name.endswith("/"):
            raise ModelFileError(f"the archive has two files called '{name[:100]}'")
        seen.add(plain)
        if len(seen) > MOST_ENTRIES:
            raise ModelFileError(f"the archive has more than {MOST_ENTRIES:,} entries")


class _Guarded:
    """A file as readers of archives see it, refused when they would read much at once."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, lambda: True
        self.close = lambda: None  # whoever opened the file closes it

    def read(self, size: int = -1) -> bytes:
        if size > MOST_AT_ONCE or (size < 0 and self._left() > MOST_AT_ONCE):
            raise ModelFileError("a header of the archive claims to be longer than any should be")
        return self._file.read(size)

    def _left(self) -> int:
        here = self._file.tell()
        end = self._file.seek(0, 2)
        self._file.seek(here)
        return end - here
