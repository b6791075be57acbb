"""From an uploaded file to the one form in which token vectors are kept: recognised by its first
bytes, read block by block, checked."""

import gzip
import hashlib
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from models.vectors.binary import read_binary
from models.vectors.errors import UnsupportedVectorFile, VectorFileError
from models.vectors.profile import VectorProfile
from models.vectors.sink import BLOCK, Sink
from models.vectors.stored import FILE, Int64, repeated_rows, token_array, write_stored
from models.vectors.tensors import read_tensors
from models.vectors.text import MOST_LINE, header_of, is_line_of, read_text

MOST_REPEATED = 0.01  # share of tokens; published files repeat one or two
GZIP = b"\x1f\x8b"
_UNSUPPORTED = {
    b"\x80\x02": "pickle",
    b"\x80\x03": "pickle",
    b"\x80\x04": "pickle",
    b"\x80\x05": "pickle",
    b"\xba\x16\x4f\x2f": "fasttext",
    b"\x93NUMPY": "numpy",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"\x28\xb5\x2f\xfd": "packed",
    b"BZh": "packed",
    b"\xfd7zXZ": "packed",
    b"\x89HDF": "hdf5",
    b"PAR1": "parquet",
}
_HELPS = {
    "pickle": "a pickle, as gensim and torch write it, whose reading would run code of its sender; "
    "KeyedVectors.load(PATH).save_word2vec_format('vectors.txt') of gensim writes a text",
    "fasttext": "a model of fastText; send the .vec file beside it, which is a text",
    "numpy": "an array of NumPy, without its tokens; send text, or safetensors with the tokens",
    "zip": "a zip archive, as torch and NumPy write it too; unpack it, and send one text or "
    "safetensors file, packed by gzip if it is large",
    "packed": "packed in another way than gzip; unpack it, or pack it by gzip",
    "hdf5": "HDF5; send text, or safetensors with the tokens",
    "parquet": "Parquet; send text, or safetensors with the tokens",
}


def take_in(
    file: BinaryIO, to: Path, most_bytes: int, max_seconds: float | None = None
) -> VectorProfile:
    """Read a file of token vectors, and write the stored form into the folder `to`.

    It may unpack to `most_bytes`, and take `max_seconds` to read. Raises `VectorFileError` with
    what is wrong.
    """
    with tempfile.TemporaryFile(dir=to) as values:
        sink = Sink(values, max_seconds)
        with _unpacked(file, to, most_bytes, sink) as plain:
            dimension = _read(plain, sink)
        tokens = sink.tokens
        again = repeated_rows(token_array(tokens))
        if len(again):
            tokens = _without(again, tokens)
        with (to / FILE).open("wb") as target:
            write_stored(target, tokens, values, dimension, again)
    text = tokens.decode()
    with (to / FILE).open("rb") as stored:
        digest = hashlib.file_digest(stored, "sha256").hexdigest()
    return VectorProfile(
        content_hash=digest,
        tokens=sink.count - len(again),
        dimension=dimension,
        has_capitals=text.lower() != text,
        size=(to / FILE).stat().st_size,
        repeated=len(again),
    )


@contextmanager
def _unpacked(file: BinaryIO, scratch: Path, most_bytes: int, sink: Sink) -> Iterator[BinaryIO]:
    """The file itself, or what it holds where it is packed by gzip."""
    start = file.read(2)
    file.seek(0)
    if start != GZIP:
        yield file
        return
    with tempfile.TemporaryFile(dir=scratch) as plain:
        try:
            with gzip.GzipFile(fileobj=file, mode="rb") as packed:
                while piece := packed.read(BLOCK):
                    sink.require_time()
                    if plain.tell() + len(piece) > most_bytes:
                        raise VectorFileError(
                            f"the file unpacks to more than the {most_bytes:,} bytes allowed"
                        )
                    plain.write(piece)
        except (EOFError, OSError, zlib.error) as error:
            raise VectorFileError(f"the file is not whole as gzip packs one ({error})") from None
        plain.seek(0)
        yield plain


def _read(file: BinaryIO, sink: Sink) -> int:
    start = file.read(16)
    file.seek(0)
    if not start:
        raise VectorFileError("the file is empty")
    for magic, kind in _UNSUPPORTED.items():
        if start.startswith(magic):
            raise UnsupportedVectorFile(f"the file is {_HELPS[kind]}")
    if start[8:9] == b"{" and int.from_bytes(start[:8], "little") < 1 << 40:
        return read_tensors(file, sink)
    header = header_of(file.readline(MOST_LINE))
    following = file.readline(MOST_LINE)
    file.seek(0)
    if header is not None and following and not is_line_of(following, header[1]):
        return read_binary(file, sink)
    return read_text(file, sink)


def _without(again: Int64, tokens: bytes) -> bytes:
    """The tokens without those that come again. Raises `VectorFileError` where these are many."""
    every = tokens.split(b"\n")
    if len(again) > max(1, MOST_REPEATED * len(every)):
        first = every[again[0]][:60].decode(errors="replace")
        raise VectorFileError(
            f"{len(again):,} of {len(every):,} tokens come again, the first of them '{first}'; "
            "each token has one line, so send each once"
        )
    left_out = set(again.tolist())
    return b"\n".join(token for row, token in enumerate(every) if row not in left_out)
