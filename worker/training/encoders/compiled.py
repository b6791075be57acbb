"""The compiled code, `kernels.c`, where it was built. What it computes, NumPy does too: see there.

It is built where the package is installed (`setup.py`), if a C compiler is there.
"""

import ctypes
import warnings
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).with_name("kernels.c")


@cache
def kernels() -> ctypes.CDLL | None:
    """The compiled code; None where there is none."""
    found = find_spec("worker.training.encoders.kernels")
    return None if found is None or found.origin is None else load(Path(found.origin))


def load(file: Path) -> ctypes.CDLL | None:
    """The compiled code in a file. None, with a warning, if it was built of another source, as it
    is where an old build was left beside new code."""
    library = ctypes.CDLL(str(file))
    library.kernels_source.restype = ctypes.c_char_p
    if library.kernels_source().decode() != sha256(SOURCE.read_bytes()).hexdigest():
        warnings.warn(f"{file.name} was built of another source: install again", stacklevel=2)
        return None
    for function in (library.lstm_advance, library.lstm_retreat):
        function.argtypes, function.restype = (ctypes.c_void_p, ctypes.c_int64), None
    kinds: dict[str, Any] = {"n": ctypes.c_int64, "a": ctypes.c_void_p}  # numbers and addresses
    library.share_beginnings.argtypes = [kinds[kind] for kind in "nnaaaanaaaaa"]
    library.share_beginnings.restype = None
    return library
