"""Arrow without pandas, in processes that use no data frames.

pyarrow imports pandas, where it is there, at the first list or table that it is given, only to know
whether that is one of its own: 50 MiB and a quarter of a second. It looks for it once.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


def use_arrow_alone() -> None:
    """Have pyarrow find no pandas in this process, which can still import pandas itself.

    Arrow's own conversions to and from data frames fail from then on.
    """
    import pyarrow as pa

    absent = _Absent()
    sys.meta_path.insert(0, absent)
    try:
        pa.array([None])
    finally:
        sys.meta_path.remove(absent)


class _Absent(MetaPathFinder):
    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        if fullname == "pandas":
            raise ModuleNotFoundError("not looked for", name=fullname)
        return None
