"""What libraries must find in the environment for runs to repeat to the bit.

One thread: sums split over threads depend on their number, and runs go side by side in processes.
A workspace of fixed size: cuBLAS repeats its sums only with one. Each library reads its own once,
as it is loaded.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from setproctitle import getproctitle

REPEATABLE = {
    **{name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")},
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
}


@contextmanager
def loaded_repeatable() -> Iterator[None]:
    """What is imported in the block reads this environment; afterwards it is as before."""
    getproctitle()  # finds the place of titles, which is where the environment still is
    before = {name: value for name, value in os.environ.items() if name in REPEATABLE}
    os.environ.update(REPEATABLE)
    try:
        yield
    finally:
        for name in REPEATABLE:
            os.environ.pop(name)
        os.environ.update(before)
