"""The one file inside a zip archive.

Why only stored and deflated files: the other methods let an archive ask for gigabytes of memory
before a byte is unpacked. Why the directory is bounded: `zipfile` reads it whole, with an object
for each entry.
"""

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from models.datasets.errors import DatasetFileError
from models.datasets.reading.cells import listed

MAX_DIRECTORY = 1 << 20  # bytes, of some 10,000 entries
BUFFER = 1 << 16
ENCRYPTED = 1  # this bit of the flags


@contextmanager
def only_file(raw: io.BufferedReader, filename: str) -> Iterator[tuple[str, io.BufferedReader]]:
    """The name and the bytes of the file in the archive.

    Folders and what macOS adds beside a file do not count. Raises DatasetFileError unless exactly
    one file is left, which is neither encrypted nor packed by another method than deflate, and
    zipfile.BadZipFile for a damaged archive.
    """
    with zipfile.ZipFile(_Directory(raw, filename)) as archive:
        entries = [entry for entry in archive.infolist() if not _is_extra(entry)]
        if len(entries) != 1:
            names = listed([entry.filename for entry in entries])
            raise DatasetFileError(
                f"{filename} is a zip archive of {len(entries)} files ({names}), not of one; "
                "pack that one alone."
            )
        entry = entries[0]
        if entry.flag_bits & ENCRYPTED:
            raise DatasetFileError(f"{filename} is encrypted; pack it without a password.")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise DatasetFileError(
                f"{filename} is not packed by deflate, the usual method of zip archives."
            )
        with archive.open(entry) as member:
            yield entry.filename, io.BufferedReader(cast(zipfile.ZipExtFile, member), BUFFER)


def _is_extra(entry: zipfile.ZipInfo) -> bool:
    parts = entry.filename.split("/")
    return entry.is_dir() or parts[0] == "__MACOSX" or parts[-1].startswith(".")


class _Directory:
    """The archive as `zipfile` reads it, refused when it would read much at once."""

    def __init__(self, raw: io.BufferedReader, filename: str) -> None:
        self._raw = raw
        self._filename = filename
        self.seek, self.tell, self.seekable = raw.seek, raw.tell, raw.seekable

    def read(self, size: int = -1) -> bytes:
        if size > MAX_DIRECTORY:
            raise DatasetFileError(f"{self._filename} is a zip archive of too many files.")
        return self._raw.read(size)
