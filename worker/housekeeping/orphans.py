"""Removing orphaned files: those of deleted runs, and those that killed processes left half done.

The collector is careful, since a removed file is gone: it only removes from inside the data folder,
only names that this service gives, nothing behind a symbolic link, nothing younger than the age
limit, nothing of a run that is running. **A run's folder is removed only when this database could
have made the run**: with a new or wrong database beside an old data folder no run is known, and
every folder would look orphaned, so folders from before the database's own first row stay.
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
from models.store.tuning.halving import resting
from worker.housekeeping.bucket_orphans import RUN, bucket_orphans, could_be_ours

EVERY = 300.0  # seconds between rounds, at most
_PART = re.compile(r"\..+\.\d+\.part")  # `models.files.atomic`
_CHECKPOINTS = re.compile("checkpoints")
_HALF_FOLDER = re.compile(r"\..+-[a-z0-9_]{8}")  # `models.files.atomic`
_UPLOAD = re.compile(r"tmp[a-z0-9_]{8}")  # `Service.scratch_folder`

_log = logging.getLogger(__name__)


class OrphanCollector:
    """Collects every few minutes in a worker's rounds; several workers at once do no harm."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._settings = database, settings
        self._files = settings.file_store()
        self._every = min(EVERY, settings.orphan_seconds)
        self._collected_at = time.monotonic()
        self._thread: threading.Thread | None = None

    def collect_when_due(self) -> None:
        """Begin to collect where that is due again, in a thread: heartbeats and signals must not
        wait for a bucket."""
        if time.monotonic() - self._collected_at >= self._every and not self._is_collecting():
            self._collected_at = time.monotonic()
            self._thread = threading.Thread(target=self._collect_or_warn, daemon=True)
            self._thread.start()

    def _is_collecting(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _collect_or_warn(self) -> None:
        try:
            self.collect()
        except (DBAPIError, ServiceUnavailable) as error:
            _log.warning("orphans were not collected: %s", error)

    def collect(self) -> list[Path]:
        """Remove every orphan that there is now; the removed paths."""
        removed = [path for path in self._orphans() if _remove(path)]
        _log_removed(removed, "here")
        if self._settings.files_url:
            removed += self._collect_from_the_bucket()
        return removed

    def _collect_from_the_bucket(self) -> list[Path]:
        before = datetime.now(UTC) - timedelta(seconds=self._settings.orphan_seconds)
        orphans = bucket_orphans(self._database, self._files, self._settings, before)
        if orphans:
            self._files.remove(*orphans)
            _log_removed(orphans, "in the bucket")
        return orphans

    def _orphans(self) -> Iterator[Path]:
        data = self._settings.data_dir.resolve()
        before = time.time() - self._settings.orphan_seconds
        yield from self._of_runs(data / "runs", before)
        yield from _old(data / "uploads", _UPLOAD, before)
        for kind in ("datasets", "models", "vectors"):
            yield from _old(data / kind, _HALF_FOLDER, before)
        for folder in _children(data / "datasets"):
            yield from _old(folder, _HALF_FOLDER, before)

    def _of_runs(self, folder: Path, before: float) -> Iterator[Path]:
        folders = [path for path in _children(folder) if RUN.fullmatch(path.name)]
        with self._database.reading() as session:
            first = first_created_at(session)
            states = states_of(session, [path.name for path in folders])
            goes_on = resting(session)
        for path in folders:
            state = states.get(path.name)
            if state is None:
                if could_be_ours(path.name, first) and _newest(path) < before:
                    yield path
            elif state != RunState.RUNNING:
                yield from _old(path, _PART, before)
                yield from _old(path / "checkpoints", _PART, before)
                if state == RunState.SUCCEEDED and path.name not in goes_on:
                    # its worker was killed while it removed them, or halving left it out
                    yield from _old(path, _CHECKPOINTS, before)


def _log_removed(removed: Iterable[Path], where: str) -> None:
    for path in removed:
        _log.warning("removed the orphan %s %s", path, where)


def _children(folder: Path) -> list[Path]:
    """The folders in a folder, without links; none where it is absent."""
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())
    except OSError:
        return []


def _old(folder: Path, name: re.Pattern[str], before: float) -> Iterator[Path]:
    """The entries of a folder that have such a name and were last written to before then."""
    if folder.is_symlink() or not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        if name.fullmatch(path.name) and not path.is_symlink() and _newest(path) < before:
            yield path


def _newest(path: Path) -> float:
    """When the file, or anything in the folder, was last written to; now where it is changing."""
    try:
        inside: Iterable[Path] = path.rglob("*") if path.is_dir() else ()
        return max(float(entry.lstat().st_mtime) for entry in (path, *inside))
    except OSError:
        return time.time()


def _remove(path: Path) -> bool:
    """Remove a path; False where another worker was faster or the system refused."""
    try:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        _log.warning("the orphan %s cannot be removed: %s", path, error)
        return False
    return True
