"""Files that nobody owns any more: of deleted runs, and what killed processes left half done.

Careful, since what it removes is gone: only inside the data folder, only names that this service
gives, nothing that a symbolic link leads to, nothing younger than the age limit, nothing of a run
that is running. **A run's folder goes only when this database could have made it**: with a new or
wrong database beside an old data folder no run is known, and every folder would look orphaned, so
folders from before the database's own first row stay.
"""

import logging
import re
import shutil
import threading
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from models.errors import ServiceUnavailable
from models.settings import Settings
from models.states import RunState
from models.store.database import Database
from models.store.datasets import first_created_at
from models.store.run_life.runs import states_of
from worker.housekeeping.bucket_orphans import RUN, bucket_orphans, could_be_ours

EVERY = 300.0  # seconds between rounds, at most
_PART = re.compile(r"\..+\.\d+\.part")  # `models.files.atomic`
_CHECKPOINTS = re.compile("checkpoints")
_HALF_FOLDER = re.compile(r"\..+-[a-z0-9_]{8}")  # `models.files.atomic`
_UPLOAD = re.compile(r"tmp[a-z0-9_]{8}")  # `api.datasets.routes`

_log = logging.getLogger(__name__)


class OrphanCollector:
    """Looks every few minutes, as a part of a worker's reaping; rounds of several do no harm."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._settings = database, settings
        self._files = settings.file_store()
        self._every = min(EVERY, settings.orphan_seconds)
        self._looked_at = time.monotonic()
        self._thread: threading.Thread | None = None

    def look(self) -> None:
        """Begin to collect, when it is time again; beats and signals cannot wait for a bucket."""
        if time.monotonic() - self._looked_at >= self._every and not self._is_collecting():
            self._looked_at = time.monotonic()
            self._thread = threading.Thread(target=self._collect_or_tell, daemon=True)
            self._thread.start()

    def _is_collecting(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _collect_or_tell(self) -> None:
        try:
            self.collect()
        except (DBAPIError, ServiceUnavailable) as error:
            _log.warning("orphans were not collected: %s", error)

    def collect(self) -> list[Path]:
        """Remove every orphan there is now; what was removed."""
        removed = [path for path in self._orphans() if _remove(path)]
        _tell(removed, "here")
        if self._settings.files_url:
            removed += self._collect_from_the_bucket()
        return removed

    def _collect_from_the_bucket(self) -> list[Path]:
        before = datetime.now(UTC) - timedelta(seconds=self._settings.orphan_seconds)
        found = bucket_orphans(self._database, self._files, self._settings, before)
        if found:
            self._files.remove(*found)
            _tell(found, "in the bucket")
        return found

    def _orphans(self) -> Iterator[Path]:
        data = self._settings.data_dir.resolve()
        before = time.time() - self._settings.orphan_seconds
        yield from self._of_runs(data / "runs", before)
        yield from _old(data / "uploads", _UPLOAD, before)
        yield from _old(data / "datasets", _HALF_FOLDER, before)
        for folder in _children(data / "datasets"):
            yield from _old(folder, _HALF_FOLDER, before)

    def _of_runs(self, folder: Path, before: float) -> Iterator[Path]:
        folders = [path for path in _children(folder) if RUN.fullmatch(path.name)]
        with self._database.reading() as session:
            first = first_created_at(session)
            states = states_of(session, [path.name for path in folders])
        for path in folders:
            state = states.get(path.name)
            if state is None:
                if could_be_ours(path.name, first) and _newest(path) < before:
                    yield path
            elif state != RunState.RUNNING:
                yield from _old(path, _PART, before)
                yield from _old(path / "checkpoints", _PART, before)
                if state == RunState.SUCCEEDED:  # its worker was killed while it removed them
                    yield from _old(path, _CHECKPOINTS, before)


def _tell(removed: Iterable[Path], where: str) -> None:
    for path in removed:
        _log.warning("removed %s %s: nobody owns it any more", path, where)


def _children(folder: Path) -> list[Path]:
    """Folders in a folder, links left out; none where it is absent."""
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())
    except OSError:
        return []


def _old(folder: Path, name: re.Pattern[str], before: float) -> Iterator[Path]:
    """What is called so in the folder and was last written to before that moment."""
    if folder.is_symlink() or not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        if name.fullmatch(path.name) and not path.is_symlink() and _newest(path) < before:
            yield path


def _newest(path: Path) -> float:
    """When the file, or anything in the folder, was last written to; now, where it just changes."""
    try:
        inside: Iterable[Path] = path.rglob("*") if path.is_dir() else ()
        return max(float(one.lstat().st_mtime) for one in (path, *inside))
    except OSError:
        return time.time()


def _remove(path: Path) -> bool:
    """Whether this removed it; another worker may have been faster."""
    try:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        _log.warning("%s has no owner and cannot be removed: %s", path, error)
        return False
    return True
