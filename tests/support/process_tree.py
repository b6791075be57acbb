"""The processes of this machine as tests find them: who started whom, and what each one runs."""

from pathlib import Path


def attempted_run(pid: int) -> str | None:
    """The run that the process attempts, as its title says."""
    title = " ".join(command_of(pid)).split()
    return title[2] if title[:2] == ["tripletlab", "attempt"] and len(title) == 3 else None


def descendants(pid: int) -> set[int]:
    """`pid` and all processes under it."""
    parents = {each: parent_of(each) for each in all_pids()}
    found, added = {pid}, {pid}
    while added:
        added = {each for each, parent in parents.items() if parent in added} - found
        found |= added
    return found


def still_alive(pids: set[int]) -> set[int]:
    return {pid for pid in pids if is_alive(pid)}


def all_pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def command_of(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")[:-1]
    except OSError:
        return []


def _stat(pid: int) -> list[str]:
    """State and parent of a process come first after its name, which may hold anything."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def is_alive(pid: int) -> bool:
    stat = _stat(pid)
    return bool(stat) and stat[0] not in "ZX"


def parent_of(pid: int) -> int:
    stat = _stat(pid)
    return int(stat[1]) if stat else 0
