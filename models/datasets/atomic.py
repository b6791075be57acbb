"""Folders and files that are either whole or not there, also after a power cut.

Why rename and not a lock: two processes may build the same cache; both work, the first to rename
wins, the other throws its copy away, and no reader ever sees half of one.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def new_folder(final: Path) -> Iterator[Path]:
    """Give a temporary folder beside `final`; on success flush it and rename it to `final`.

    Where `final` appeared meanwhile, that one stays and ours is removed. On an error nothing of
    ours is left.
    """
    final.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{final.name}-", dir=final.parent))
    try:
        temporary.chmod(0o755)  # mkdtemp's 0o700 would shut out a worker under another user.
        yield temporary
        for file in temporary.iterdir():
            _flush(file)
        _flush(temporary)
        try:
            temporary.rename(final)
        except OSError:
            if not final.is_dir():
                raise
        else:
            _flush(final.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
