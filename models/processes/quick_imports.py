"""Importing without looking for garbage: modules are made of objects that stay.

Python looks for garbage after so many new objects. Imports make hundreds of thousands and leave
hardly any garbage, so the search takes a fifth to a quarter of the time that a process needs to
start.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def garbage_uncollected() -> Iterator[None]:
    """Collect no garbage until the end of the block; afterwards as before."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
