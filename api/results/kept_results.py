"""Replies about experiments that have ended: worked out once, and kept until something changes.

What has ended may still change: a run is retried, a plan of looks is taken up again, an experiment
is deleted, or a file of scores is lost or comes back. So nothing is told that it is out of date.
**Each request reads a mark of all that a reply is made from** (`models.store.change_marks`, and the
files of scores), which costs some milliseconds, and a reply is kept under that mark. It is read
before the rows: a change in between leaves a reply under a mark that never comes again.
"""

import os
from collections.abc import Callable, Collection, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256

from fastapi import Request
from pydantic import TypeAdapter
from sqlalchemy.orm import Session

from api.dependencies import Service
from api.live.kept_replies import Content, KeptBody
from api.results.comparability import score_folders
from api.results.document import results_document
from api.results.views import Results
from models.abandonment import while_wanted
from models.files.run_files import SCORES
from models.store.change_marks import ended_mark
from models.store.experiments import succeeded_runs

Key = tuple[Hashable, ...]

_RESULTS = TypeAdapter(Results)


@dataclass(frozen=True)
class KeptReading:
    """A session in which replies about some experiments are made, or found kept."""

    session: Session
    service: Service
    mark: str | None
    """None while one of the experiments goes on: then nothing is kept."""
    documents: dict[str, Results] = field(default_factory=dict)
    """Results documents that a part of the reply has asked for already."""

    def kept(self, key: Key) -> KeptBody | None:
        """The reply under the key as it was kept, if nothing has changed since."""
        return None if self.mark is None else self.service.kept.get(key, self.mark)

    def body(self, key: Key, make: Callable[[], Content]) -> KeptBody:
        """The reply under the key: as it was kept, or else made, and kept where that may be."""
        found = self.kept(key)
        if found is None:
            found = KeptBody.of(make())
            if self.mark is not None:
                self.service.kept.keep(key, self.mark, found)
        return found


@contextmanager
def kept_reading(service: Service, experiments: Collection[str]) -> Iterator[KeptReading]:
    """A session for replies that are made from the rows and files of these experiments alone."""
    with service.database.reading() as session:
        marks = [_mark(session, service, one) for one in sorted(set(experiments))]
        known = [mark for mark in marks if mark is not None]
        whole = sha256("\n".join(known).encode()).hexdigest()
        yield KeptReading(session, service, whole if len(known) == len(marks) else None)


def _mark(session: Session, service: Service, experiment_id: str) -> str | None:
    rows = ended_mark(session, experiment_id)
    if rows is None:
        return None
    folders = score_folders(service, succeeded_runs(session, experiment_id))
    files = []
    for folder in while_wanted(folders):
        try:
            file = os.stat(f"{folder}/{SCORES}")  # a `Path` takes as long as the look
        except OSError:
            files.append("")
        else:
            files.append(f"{file.st_mtime_ns} {file.st_size}")
    return "\n".join([rows, *files])


async def kept_reply(
    request: Request,
    service: Service,
    key: Key,
    experiments: Collection[str],
    make: Callable[[KeptReading], Content],
) -> KeptBody:
    """Return the reply under the key about these experiments, made by `make` where none is kept.

    What is kept does not wait for what is made. Raises `TooMany` where too many reads wait already.
    """

    def find() -> KeptBody | None:
        with kept_reading(service, experiments) as reading:
            return reading.kept(key)

    def work_out() -> KeptBody:
        with kept_reading(service, experiments) as reading:
            return reading.body(key, lambda: make(reading))

    found = await service.series.once(request, ("kept", *key), find)
    if found is not None:
        return found
    return await service.documents.once(request, key, work_out)


def results_content(
    reading: KeptReading, experiment_id: str, target_loss: float | None = None
) -> Iterator[bytes]:
    """The results document as JSON. Raises `NotFound` when there is no such experiment."""
    document = results_document(reading.session, experiment_id, reading.service, target_loss)
    return document.json()


def results_of(reading: KeptReading, experiment_id: str) -> Results:
    """The results document, made once for all parts of a reply, or read from its kept JSON.

    Raises `NotFound` when there is no such experiment.
    """
    if experiment_id not in reading.documents:
        found = reading.kept(results_key(experiment_id))
        reading.documents[experiment_id] = (
            _made(reading, experiment_id)
            if found is None
            else _RESULTS.validate_json(found.content())
        )
    return reading.documents[experiment_id]


def _made(reading: KeptReading, experiment_id: str) -> Results:
    document = results_document(reading.session, experiment_id, reading.service).whole()
    if reading.mark is not None:
        content = _RESULTS.dump_json(document, by_alias=True)
        reading.body(results_key(experiment_id), lambda: content)
    return document


def results_key(experiment_id: str, target_loss: float | None = None) -> Key:
    """The key of the results document as JSON."""
    return "results", experiment_id, target_loss
