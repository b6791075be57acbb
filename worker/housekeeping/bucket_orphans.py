"""Orphaned objects in the bucket, as `worker.housekeeping.orphans` finds them on a disk.

They are left where the bucket was away while an experiment was deleted, and where a worker was
killed between the end of a run and the removal of its checkpoints; and of those tuning runs that
halving left out.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from models.files.checkpoint_files import FOLDER
from models.files.file_store import Entry, FileStore
from models.settings import Settings
from models.states import RunState
from models.store.database import Database
from models.store.datasets import first_created_at, list_datasets
from models.store.ids import made_at
from models.store.run_life.runs import states_of
from models.store.tuning.halving import resting
from models.store.uploads.pretrained_models import MODELS
from models.store.uploads.token_vectors import VECTORS

RUN = re.compile(r"run_[0-9a-z]{26}")
_CONTENT = re.compile(r"[0-9a-f]{64}")


def could_be_ours(run_id: str, first: datetime | None) -> bool:
    """Whether a database could have made this run; `first` is the time of its first row."""
    return first is not None and made_at(run_id) >= first


def bucket_orphans(
    database: Database, files: FileStore, settings: Settings, before: datetime
) -> list[Path]:
    """The folders, last written to before then, of uploads and runs that the database does not
    know, and of checkpoints of runs that have succeeded. Raises `FilesAway`."""
    with database.reading() as session:
        first = first_created_at(session)
        known = {
            settings.datasets_dir: {one.content_hash for one in list_datasets(session)},
            settings.models_dir: {one.content_hash for one in MODELS.all(session)},
            settings.vectors_dir: {one.content_hash for one in VECTORS.all(session)},
        }
    contents = [
        folder / name
        for folder, hashes in known.items()
        for name, written in _newest(files.entries(folder), _CONTENT).items()
        # from a time when this database already had rows
        if name not in hashes and first is not None and first <= written < before
    ]
    return contents + _orphaned_runs(database, files, settings, before)


def _newest(entries: Iterable[Entry], name: re.Pattern[str]) -> dict[str, datetime]:
    """When each folder of such a name was last written to."""
    newest: dict[str, datetime] = {}
    for entry in entries:
        folder = entry.name.partition("/")[0]
        if name.fullmatch(folder):
            newest[folder] = max(entry.modified, newest.get(folder, entry.modified))
    return newest


def _orphaned_runs(
    database: Database, files: FileStore, settings: Settings, before: datetime
) -> list[Path]:
    runs = settings.run_dir("")
    entries = files.entries(runs)
    old = [one for one, written in _newest(entries, RUN).items() if written < before]
    with_checkpoints = {e.name.split("/")[0] for e in entries if f"/{FOLDER}/" in e.name}
    with database.reading() as session:
        first = first_created_at(session)
        states = states_of(session, old)
        goes_on = resting(session)
    gone = [runs / one for one in old if one not in states and could_be_ours(one, first)]
    done = [one for one in old if states.get(one) == RunState.SUCCEEDED and one not in goes_on]
    return gone + [runs / one / FOLDER for one in done if one in with_checkpoints]
