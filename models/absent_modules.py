"""Libraries that others load only because they are there, and that nothing here asks them for.

pyarrow loads pandas, and structlog and httpx load rich and pygments, for what this service never
does with them. Each costs every process megabytes and a tenth of a second.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


@contextmanager
def absent(*names: str) -> Iterator[None]:
    """In the block these top-level modules cannot be imported, unless they have been already;
    afterwards they can. For libraries that look once, as they are imported."""
    finder = _Absent(names)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Absent(MetaPathFinder):
    def __init__(self, names: Sequence[str]) -> None:
        self._names = names

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        if fullname in self._names:
            raise ModuleNotFoundError("not looked for", name=fullname)
        return None
