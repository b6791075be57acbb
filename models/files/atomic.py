"""Atomic writes: files and folders that are whole or absent, whatever interrupts their writing.

Why rename and not a lock: two processes may write the same folder; both write a copy, the first to
rename its copy wins, the other removes its own, and no reader ever sees half of one.
"""

import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_whole(path: Path, content: bytes, *, flush: bool = True) -> None:
    """Replace the content of `path`, all or nothing, also when the power fails.

    Without `flush` a failure of the power may leave half of it: for what is checked when it is
    read, and can be made again. Raises `OSError` when the disk refuses; the previous content stays.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.part")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            if flush:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    if flush:
        _flush(path.parent)


@contextmanager
def new_folder(final: Path, *, over: bool = False) -> Iterator[Path]:
    """Give a temporary folder beside `final`; on success flush it and rename it to `final`.

    Where `final` appeared meanwhile, it stays; with `over` each of its files that was written anew
    is replaced, and whoever has the old one open goes on reading that. Then, and after an error,
    the temporary folder is removed.
    """
    final.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{final.name}-", dir=final.parent))
    try:
        temporary.chmod(0o755)  # mkdtemp's 0o700 would shut out a worker that runs as another user
        yield temporary
        for path in temporary.rglob("*"):
            _flush(path)
        _flush(temporary)
        try:
            temporary.rename(final)
        except OSError:
            if not final.is_dir():
                raise
            if over:
                for path in temporary.iterdir():
                    path.replace(final / path.name)
                _flush(final)
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
