"""The file of a run's test scores: read whole, or refused by the name of its run.

A crash of the machine or a hand may leave half of a file, or another file in its place. What is
read here has the three columns that a worker writes, of one length and of the right types. The
header and the length of the file tell most of that, so that an export can look at a thousand files
before it begins.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from models.errors import DamagedRunFile
from models.files.run_files import GRADE, TRIPLET

# as safetensors calls the types in a header
_TYPES = {"row": "I64", "label": "I8", "score": "F32"}
_KNOWN_OF_SOME = {GRADE: "F32", TRIPLET: "I32"}


class ScoreColumns(NamedTuple):
    """The P test pairs of a run, P at least 1."""

    row: NDArray[np.int64]
    """Which row of the data set each pair is: (P,)."""
    label: NDArray[np.int8]
    """1 for duplicates, 0 for others: (P,)."""
    score: NDArray[np.float32]
    """The similarity of each pair: (P,)."""
    grade: NDArray[np.float32] | None = None
    """The similarity that people gave each pair: (P,); None where the data have none, and in files
    from before it was written."""
    triplet: NDArray[np.int32] | None = None
    """The number of the triplet of each pair: (P,); None as for `grade`."""


def read_score_file(path: Path) -> ScoreColumns:
    """Read the scores in a run's folder, which has the id of the run as its name.

    Raises `FileNotFoundError` where there are none, `DamagedRunFile` where it is no file that a
    worker writes, and another `OSError` where the disk refuses.
    """
    with _opened(path) as file:
        there = [*_TYPES, *(_KNOWN_OF_SOME.keys() & set(file.keys()))]
        columns = ScoreColumns(**{name: file.get_tensor(name) for name in there})
    if (columns.row < 0).any() or not np.isin(columns.label, (0, 1)).all():
        raise _damaged(path, "has a row or a label that cannot be")
    return columns


def require_score_file(path: Path) -> None:
    """Raise what `read_score_file` raises, as far as the header and the length of the file tell."""
    with _opened(path):
        pass


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        with safe_open(path, "numpy") as file:
            _require_columns(path, file)
            yield file
    except SafetensorError as error:
        raise _damaged(path, "is not whole") from error


def _require_columns(path: Path, file: Any) -> None:
    missing = _TYPES.keys() - set(file.keys())
    if missing:
        raise _damaged(path, f"lacks {' and '.join(sorted(missing))}")
    types = _TYPES | {n: kind for n, kind in _KNOWN_OF_SOME.items() if n in file.keys()}
    slices = {name: file.get_slice(name) for name in types}
    shapes = {tuple(one.get_shape()) for one in slices.values()}
    (shape, *others) = shapes
    if others or len(shape) != 1 or shape[0] == 0:
        raise _damaged(path, "has columns that do not fit together")
    if any(slices[name].get_dtype() != kind for name, kind in types.items()):
        raise _damaged(path, "has a column of another type")


def _damaged(path: Path, how: str) -> DamagedRunFile:
    return DamagedRunFile(path.parent.name, path.name, how)
