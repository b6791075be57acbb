"""Files whose tests share what is costly to start, a lab or a browser, until the last of them.

pytest's own scopes are too small for it (a file) or too long (the session, at whose end an idle
worker has polled for minutes). `tests/conftest.py` keeps the files of a group in one process and
one after the other.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

_LABS = {
    "embedded lab, faults": ("carries_out_runs", "faults", "retries"),
    "embedded lab, deaths": (
        "deaths",
        "forks",
        "predictions",
        "tuning",
        "until_decided",
        "webhooks",
    ),
    "embedded lab, material": ("given_negatives", "graded", "pretrained", "retrieval", "vectors"),
}
LARGEST = "page"
"""The files that share a browser."""
_GROUPS = {f"test_worker_{file}.py": group for group, files in _LABS.items() for file in files}


def group_of(nodeid: str) -> str:
    """The group of a test: of its file where that has one, or else the file itself."""
    file = Path(nodeid.partition("::")[0])
    return LARGEST if file.parent.name == "page" else _GROUPS.get(file.name, str(file))


class Shared:
    """What the tests of one group share."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}
        self._ends = ExitStack()

    def get(self, name: str, make: Callable[[], AbstractContextManager[Any]]) -> Any:
        """What has this name; made now where nobody of the group has asked for it."""
        if name not in self._made:
            self._made[name] = self._ends.enter_context(make())
        return self._made[name]

    def end(self) -> None:
        self._made.clear()
        self._ends.close()
