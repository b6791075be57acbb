"""How much memory a process has, and had at most."""

import re
from pathlib import Path


def memory_peak(pid: int) -> int:
    """MiB that a process had in memory at most, so far; 0 when it has ended."""
    return _field(pid, "VmHWM")


def memory_now(pid: int) -> int:
    """MiB that a process has in memory; 0 when it has ended."""
    return _field(pid, "VmRSS")


def _field(pid: int, name: str) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    found = re.search(rf"{name}:\s+(\d+) kB", status)
    return int(found[1]) // 1024 if found else 0
