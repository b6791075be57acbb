"""The files of two trainings of one spec, arm and seed: test scores, then weights.

Hashes say whether the weights are the same; only where they differ are tensors looked at, to say
which weight comes first and by how much.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file

from models.files.run_files import SCORES, WEIGHTS
from models.store.reproduction_diff import Compared, Difference

Array = npt.NDArray[np.generic]


def compare_scores(recorded: Path, again: Path) -> Compared | None:
    """The similarity of every test pair in the folders of two runs; None where a file is gone."""
    if not _both_have(SCORES, recorded, again):
        return None
    ours, theirs = _scores(recorded), _scores(again)
    differences = (
        Difference("scores", "score", ours.get(row), theirs.get(row), row=row)
        for row in {**ours, **theirs}
        if ours.get(row) != theirs.get(row)
    )
    return Compared(len(ours.keys() & theirs.keys()), next(differences, None))


def _scores(folder: Path) -> dict[int, float]:
    columns = load_file(folder / SCORES)
    return dict(zip(columns["row"].tolist(), columns["score"].tolist(), strict=True))


def unequal_weights(recorded: Path, again: Path) -> Difference:
    """The first weight in which two files of different hash differ, tensors by name.

    Where no weight does, or a file is gone, the difference is in the file as such.
    """
    whole = Difference("weights", "sha256", None, None)
    if not _both_have(WEIGHTS, recorded, again):
        return whole
    ours, theirs = load_file(recorded / WEIGHTS), load_file(again / WEIGHTS)
    differences = (
        _unequal(name, ours.get(name), theirs.get(name)) for name in sorted({**ours, **theirs})
    )
    return next((found for found in differences if found is not None), whole)


def _unequal(name: str, ours: Array | None, theirs: Array | None) -> Difference | None:
    if ours is None or theirs is None or ours.shape != theirs.shape:
        return Difference("weights", name, None, None)
    places = np.argwhere(ours != theirs)
    if not len(places):
        return None
    first = tuple(places[0].tolist())
    figure = f"{name}[{', '.join(map(str, first))}]"
    return Difference("weights", figure, float(ours[first]), float(theirs[first]))


def _both_have(name: str, *folders: Path) -> bool:
    return all((folder / name).is_file() for folder in folders)
