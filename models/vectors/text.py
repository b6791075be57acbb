"""Token vectors as text, of GloVe and of word2vec: on each line a token and its numbers.

word2vec puts a line with the number of tokens and of dimensions before them, GloVe none. Fields are
separated by one space, and **the numbers are counted from the right**, since tokens of published
files hold spaces. A block of lines is read by Arrow, which takes plain lines alone; any other block
is read again line by line, which says what each line means or what is wrong with it.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import numpy as np
import pyarrow as pa
from pyarrow import csv

from models.vectors.errors import VectorFileError
from models.vectors.sink import BLOCK, MOST_DIMENSION, Float32, Sink, require_sizes

MOST_LINE = 1 << 17  # bytes
NUMBER = re.compile(rb"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
NOT_FINITE = re.compile(rb"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
_PLAIN = csv.ParseOptions(
    delimiter=" ", quote_char=False, double_quote=False, ignore_empty_lines=False
)


def header_of(line: bytes) -> tuple[int, int] | None:
    """The numbers of tokens and of dimensions in word2vec's first line; None for any other line."""
    fields = line.split()
    if len(fields) != 2 or not all(re.fullmatch(rb"\d{1,18}", field) for field in fields):
        return None
    return int(fields[0]), int(fields[1])


def is_line_of(line: bytes, dimension: int) -> bool:
    """Whether a line ends with so many numbers, behind a token."""
    fields = line.rstrip(b" \r\n").split(b" ")
    numbers = fields[-dimension:]
    return len(fields) > dimension and all(_is_number(field) for field in numbers)


def read_text(file: BinaryIO, sink: Sink) -> int:
    """Read the lines of a file, from its beginning; returns the dimension.

    Raises `VectorFileError` with the number of the line that is at fault.
    """
    header = header_of(file.readline(MOST_LINE))
    if header is None:
        file.seek(0)
    else:
        require_sizes(*header)
    dimension = None if header is None else header[1]
    line = 1 if header is None else 2
    for lines in _blocks(file, line):
        if dimension is None:
            dimension = _usual_dimension(lines)
        tokens, vectors = _quickly(lines, dimension) or _slowly(lines, dimension, line)
        sink.add(tokens, vectors)
        line += len(lines)
    if header is not None and sink.count != header[0]:
        raise VectorFileError(
            f"the first line says {header[0]:,} tokens, and the file has {sink.count:,}; it may "
            "be cut off"
        )
    if dimension is None:
        raise VectorFileError("the file has no line of a token and its numbers")
    return dimension


def _blocks(file: BinaryIO, line: int) -> Iterator[list[bytes]]:
    """The lines from here on without their ends, some at a time; `line` is the number of the first
    of them. Blank lines at the end of the file are left out."""
    rest, blank = b"", 0
    while True:
        piece = file.read(BLOCK)
        lines = [one.rstrip(b" \r") for one in (rest + piece).split(b"\n")]
        rest = (rest + piece).rpartition(b"\n")[2] if piece else b""
        if piece:
            lines.pop()
        if len(rest) > MOST_LINE:
            raise VectorFileError(
                f"line {line + blank + len(lines):,} is longer than {MOST_LINE:,} bytes; each line "
                "has one token and its numbers, separated by spaces"
            )
        kept = len(lines)
        while kept and not lines[kept - 1]:
            kept -= 1
        if kept and blank:
            raise VectorFileError(f"line {line:,} is empty")
        blank += len(lines) - kept
        if kept:
            yield lines[:kept]
            line += kept
        if not piece:
            return


def _usual_dimension(lines: Sequence[bytes]) -> int:
    """How many numbers most lines have, where no header says it. Lines whose tokens hold spaces
    have more fields."""
    counts = Counter(line.count(b" ") for line in lines[:1000])
    dimension = counts.most_common(1)[0][0]
    if not 1 <= dimension <= MOST_DIMENSION:
        raise VectorFileError(
            f"most of the first lines have {dimension:,} numbers behind a token; a line is a token "
            f"and 1 to {MOST_DIMENSION:,} numbers, separated by spaces"
        )
    return dimension


Rows = tuple[Sequence[bytes], Float32]


def _quickly(lines: Sequence[bytes], dimension: int) -> Rows | None:
    """The tokens and vectors of lines whose tokens hold no spaces; None where any line is another
    one, or a number is not finite."""
    parts = [line.partition(b" ") for line in lines]
    if not all(token for token, _, _ in parts):
        return None
    content = b"\n".join([rest for _, _, rest in parts])
    names = [str(column) for column in range(dimension)]
    reading = csv.ReadOptions(use_threads=False, column_names=names, block_size=len(content) + 1)
    converting = csv.ConvertOptions(
        check_utf8=False, column_types=dict.fromkeys(names, pa.float64()), null_values=[]
    )
    try:
        table = csv.read_csv(pa.BufferReader(content), reading, _PLAIN, converting)
    except pa.ArrowInvalid:
        return None
    if len(table) != len(lines):
        return None
    vectors = np.empty((len(lines), dimension), dtype=np.float32)
    with np.errstate(over="ignore"):
        for column, values in enumerate(table.itercolumns()):
            vectors[:, column] = values.to_numpy()
    if not np.isfinite(vectors).all():
        return None
    return [token for token, _, _ in parts], vectors


def _slowly(lines: Sequence[bytes], dimension: int, first: int) -> Rows:
    """The tokens and vectors of any lines, of which the first has the number `first`."""
    tokens, vectors = [], np.empty((len(lines), dimension), dtype=np.float32)
    for index, line in enumerate(lines):
        fields = line.split(b" ")
        numbers = fields[-dimension:]
        fault = _fault(fields, numbers, dimension)
        if fault is not None:
            raise VectorFileError(f"line {first + index:,} {fault}")
        tokens.append(b" ".join(fields[:-dimension]).rstrip(b" "))
        with np.errstate(over="ignore"):
            vectors[index] = [float(number) for number in numbers]
        if not np.isfinite(vectors[index]).all():
            raise VectorFileError(f"line {first + index:,} has a number beyond single precision")
    return tokens, vectors


def _fault(fields: Sequence[bytes], numbers: Sequence[bytes], dimension: int) -> str | None:
    """What is wrong with a line, behind its number."""
    if fields == [b""]:
        return "is empty"
    if len(fields) <= dimension:
        return (
            f"has {len(fields) - 1:,} numbers behind its token, and the others have {dimension:,}; "
            "the file may be cut off, or of vectors of several sizes"
        )
    for number in numbers:
        if NOT_FINITE.fullmatch(number):
            return f"has {_shown(number)}, which is no number to begin with; leave that token out"
        if not _is_number(number):
            return f"has {_shown(number)} where a number is due; {dimension:,} numbers end a line"
    token = fields[:-dimension]
    if len(token) > 1 and all(map(_is_number, token[1:])):
        return (
            f"has {len(fields) - 1:,} numbers behind its token, and the others have {dimension:,}"
        )
    if not token[0]:
        return "begins with a space, so that it has no token"
    return None


def _is_number(field: bytes) -> bool:
    return NUMBER.fullmatch(field) is not None


def _shown(field: bytes) -> str:
    return f"'{field[:40].decode(errors='replace')}'"
