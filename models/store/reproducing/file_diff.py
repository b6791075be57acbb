"""The differences between the files of two trainings of one spec, arm and seed.

Hashes tell whether the weights are the same; only where they differ are the tensors compared, to
find the first weight that differs, and by how much.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load_file

from models.errors import DamagedRunFile
from models.files.run_files import SCORES, WEIGHTS
from models.files.score_files import read_score_file
from models.store.reproducing.reproduction_diff import Compared, Difference

Array = npt.NDArray[np.generic]


def compare_scores(recorded: Path, again: Path) -> Compared | None:
    """Compare the similarity of every test pair of two runs, given their folders; None where a file
    is missing or damaged."""
    try:
        ours, theirs = _scores(recorded), _scores(again)
    except (FileNotFoundError, DamagedRunFile):
        return None
    differences = (
        Difference("scores", "score", ours.get(row), theirs.get(row), row=row)
        for row in {**ours, **theirs}
        if ours.get(row) != theirs.get(row)
    )
    return Compared(len(ours.keys() & theirs.keys()), next(differences, None))


def _scores(folder: Path) -> dict[int, float]:
    columns = read_score_file(folder / SCORES)
    return dict(zip(columns.row.tolist(), columns.score.tolist(), strict=True))


def unequal_weights(recorded: Path, again: Path) -> Difference:
    """The first weight in which two files of different hash differ, tensors in order of names.

    Where no weight differs, or a file is missing or torn, the difference is that of whole files.
    """
    whole = Difference("weights", "sha256", None, None)
    try:
        ours, theirs = load_file(recorded / WEIGHTS), load_file(again / WEIGHTS)
    except (FileNotFoundError, SafetensorError):
        return whole
    differences = (
        _unequal(name, ours.get(name), theirs.get(name)) for name in sorted({**ours, **theirs})
    )
    return next((one for one in differences if one is not None), whole)


def _unequal(name: str, ours: Array | None, theirs: Array | None) -> Difference | None:
    if ours is None or theirs is None or ours.shape != theirs.shape:
        return Difference("weights", name, None, None)
    places = np.argwhere(ours != theirs)
    if not len(places):
        return None
    first = tuple(places[0].tolist())
    weight = f"{name}[{', '.join(map(str, first))}]"
    return Difference("weights", weight, float(ours[first]), float(theirs[first]))
