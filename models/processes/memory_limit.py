"""How much memory a container may use, which the machine's own figures do not tell."""

from pathlib import Path

FILES = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
"""Of control groups 2 and 1, as they are seen from inside a container."""


def memory_limit() -> int | None:
    """Bytes that the processes of this container may use together; None where none are set."""
    for file in FILES:
        try:
            return int(file.read_text())
        except (OSError, ValueError):  # no such group, or `max`
            continue
    return None
