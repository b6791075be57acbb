"""Turns text of another encoding into UTF-8, so that the readers of text know only one."""

import codecs
import io
from typing import IO, TYPE_CHECKING

from models.datasets.errors import DatasetFileError
from models.datasets.reading.text_options import UTF_8

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

CHUNK = 1 << 16


def as_utf8(stream: IO[bytes], filename: str, encoding: str | None) -> IO[bytes]:
    """The stream in UTF-8; the one that is returned raises DatasetFileError at the first bytes
    that are not text in `encoding`."""
    if encoding is None or encoding == UTF_8:
        return stream
    return io.BufferedReader(_Utf8(stream, filename, encoding), CHUNK)


class _Utf8(io.RawIOBase):
    def __init__(self, stream: IO[bytes], filename: str, encoding: str) -> None:
        self._stream = stream
        self._filename = filename
        self._encoding = encoding
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._lines = 0  # ended so far
        self._ready = b""
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        while not self._ready and not self._ended:
            chunk = self._stream.read(CHUNK)
            self._ended = not chunk
            text = self._decoded(chunk)
            self._lines += text.count("\n")
            self._ready = text.encode(errors="surrogatepass")  # the reader names the line
        target = memoryview(buffer).cast("B")
        count = min(len(target), len(self._ready))
        target[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def _lines_in(self, before: tuple[bytes, int], chunk: bytes) -> int:
        """Line ends of a chunk that can be decoded, from this state of the decoder on."""
        if not chunk:  # UTF-16 would look for its mark in what was left over
            return 0
        self._decoder.setstate(before)
        return self._decoder.decode(chunk).count("\n")

    def _decoded(self, chunk: bytes) -> str:
        before = self._decoder.getstate()
        try:
            return self._decoder.decode(chunk, final=self._ended)
        except UnicodeDecodeError as error:
            # its place counts from bytes that were left over from the chunk before
            place = max(error.start - len(before[0]), 0)
            try:
                line = self._lines + self._lines_in(before, chunk[:place]) + 1
            except UnicodeError as unmarked:  # the bytes before had no mark either
                raise self._lacks_its_mark() from unmarked
            raise DatasetFileError(
                f"Line {line} of {self._filename} is not {self._encoding} "
                f"(byte 0x{error.object[error.start]:02x}); set `encoding` to the one it has.",
                field="encoding",
            ) from error
        except UnicodeError as error:  # of UTF-16 and UTF-32, whose mark tells the order of bytes
            raise self._lacks_its_mark() from error

    def _lacks_its_mark(self) -> DatasetFileError:
        return DatasetFileError(
            f"{self._filename} does not begin with the byte order mark of {self._encoding}; "
            "set `encoding` to the one it has, such as windows-1252, "
            f"{self._encoding}-le or {self._encoding}-be.",
            field="encoding",
        )
