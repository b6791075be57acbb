"""Files that are made from the rows of a data set, and made again where they are not whole."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.files.atomic import new_folder
from models.files.recorded_hashes import damaged, record_hashes, recorded

NOT_AN_ARRAY = (ValueError, EOFError)
"""What opening an array raises where half of it is missing."""

_log = logging.getLogger(__name__)


def mapped(path: Path) -> npt.NDArray[Any]:
    """An array, mapped read-only. Raises `NOT_AN_ARRAY` and `OSError`."""
    array: npt.NDArray[Any] = np.load(path, mmap_mode="r")
    return array


def ensure_derived(
    final: Path, names: tuple[str, ...], write: Callable[[Path], None], trusted: Callable[[], bool]
) -> None:
    """Have these files in the folder `final`: where one is absent, or is not what was written, all
    are written anew by `write`, which is given the folder to write to.

    Of a folder from before hashes were recorded `trusted` says whether it can be used. Safe when
    several processes do this at once: what is written does not differ, and who has mapped an old
    file keeps it.
    """
    there = final.is_dir()
    if there:
        if not damaged(final, *names) if recorded(final) else trusted():
            return
        _log.warning("the files in %s are not what was written, and are made again", final)
    with new_folder(final, over=there) as temporary:
        write(temporary)
        record_hashes(temporary)
