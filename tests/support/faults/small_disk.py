"""A disk that can be filled: a small memory file system at a folder, which only root may mount.

Elsewhere attempts are given a limit of the size of their files (`prlimit`), so that the next write
of a checkpoint fails in their hands; the rest of the machine has room.
"""

import os
import resource
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

_PIECE = 1 << 16


class SmallDisk:
    """Mounted at `place`; `attempts` tells whom to limit where nothing can be mounted."""

    def __init__(self, place: Path, mebibytes: int, attempts: Callable[[], Iterable[int]]) -> None:
        self.place, self._attempts = place, attempts
        place.mkdir(parents=True, exist_ok=True)
        options = ["-t", "tmpfs", "-o", f"size={mebibytes}m"]
        mount = ["mount", *options, "tripletlab-faults", str(place)]
        self.mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
        # unmounts when its input ends: with `close`, or with this process, however it ended
        self._guard = subprocess.Popen(
            ["sh", "-c", 'cat; umount --lazy "$0"' if self.mounted else "cat", str(place)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    @contextmanager
    def full(self) -> Iterator[str]:
        """No room inside this block; says by which means."""
        if not self.mounted:
            yield from self._limited()
            return
        filler = self.place / "filler"
        try:
            with filler.open("wb", buffering=0) as file:
                _fill(file.fileno())
            yield "file system full (ENOSPC)"
        finally:
            filler.unlink()

    def close(self) -> None:
        assert self._guard.stdin is not None
        self._guard.stdin.close()
        self._guard.wait()

    def _limited(self) -> Iterator[str]:
        hit = list(self._attempts())
        before = {pid: resource.prlimit(pid, resource.RLIMIT_FSIZE) for pid in hit}
        for pid, (_, hard) in before.items():
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (16, hard))
        yield "files of attempts limited to 16 bytes (EFBIG)"
        for pid, limits in before.items():
            if os.path.exists(f"/proc/{pid}"):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


def _fill(file: int) -> None:
    """Write until not even a byte more fits."""
    piece = _PIECE
    while piece:
        try:
            os.write(file, bytes(piece))
        except OSError:
            piece //= 2
