"""How much memory a process had at most."""

import re
from pathlib import Path


def memory_peak(pid: int) -> int:
    """MiB that a process had in memory at most, so far; 0 when it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) // 1024 if found else 0
