"""Objects in the bucket that nobody owns any more, as `worker.orphans` has it for a disk.

They are left where the bucket was away while an experiment was deleted, and where a worker was
killed between the end of a run and the removal of its checkpoints.
"""

import re
from collections import defaultdict
from datetime import datetime
from pathlib import Path

from models.checkpoint_files import FOLDER
from models.database import Database
from models.dataset_store import first_created_at
from models.file_store import Entry, FileStore
from models.ids import made_at
from models.runs import states_of
from models.settings import Settings
from models.states import RunState

RUN = re.compile(r"run_[0-9a-z]{26}")
_AT_ONCE = 500  # ids in one query


def could_be_ours(run_id: str, first: datetime | None) -> bool:
    """Whether the database could have made this run, whose first row is of that moment."""
    return first is not None and made_at(run_id) >= first


def bucket_orphans(
    database: Database, files: FileStore, settings: Settings, before: datetime
) -> list[Path]:
    """Folders of runs that are nowhere, and checkpoints of runs that have succeeded, last written
    to before that moment. Raises `FilesAway`."""
    runs = settings.run_dir("")
    by_run: dict[str, list[Entry]] = defaultdict(list)
    for entry in files.entries(runs):
        name = entry.name.partition("/")[0]
        if RUN.fullmatch(name):
            by_run[name].append(entry)
    old = [one for one, entries in by_run.items() if max(e.modified for e in entries) < before]
    with database.reading() as session:
        first = first_created_at(session)
        states: dict[str, RunState] = {}
        for start in range(0, len(old), _AT_ONCE):
            states |= states_of(session, old[start : start + _AT_ONCE])
    gone = [runs / one for one in old if one not in states and could_be_ours(one, first)]
    done = [one for one in old if states.get(one) == RunState.SUCCEEDED]
    return gone + [
        runs / one / FOLDER
        for one in done
        if any(entry.name.startswith(f"{one}/{FOLDER}/") for entry in by_run[one])
    ]
