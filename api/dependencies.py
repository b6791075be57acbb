"""What routes depend on: the service with its settings, database and broker, and checked ids.

An id or a name of a form that no row has is answered with 404 before any SQL: PostgreSQL raises an
error on a NUL in a text, and a client that mistyped an id needs "not found", not a pattern.
"""

import pathlib
import re
import threading
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, cast

from anyio import CapacityLimiter
from celery import Celery
from fastapi import Depends, Path, Request

from api.http.spooled_replies import Spool, SpooledReply
from api.live.change_watch import ChangeWatch
from api.live.kept_replies import KeptReplies
from api.live.open_replies import OpenReplies
from api.live.read_lanes import ReadLane
from api.live.single_flight import SingleFlight
from api.stored.storage import Storage
from models.errors import NotFound
from models.files.run_files import require_hash
from models.specs.decision import PROGRAMME_NAME
from models.store.change_marks import change_marks

DATASET_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
NO_NUL = r"^[^\x00]*$"

SHORT, FOLLOWING = 8, 2  # threads for what is short, and for whoever follows an experiment
UPLOADING = 8  # uploads that are read and stored at once; of the others keys take turns
WAITING = 64  # long reads of a kind, beyond those that are computed …
WAITING_OF_A_KEY = 16  # … and of one key: a browser asks for six things at once


def _lane(at_once: int) -> ReadLane:
    return ReadLane(at_once, WAITING, WAITING_OF_A_KEY)


@dataclass(frozen=True)
class Service(Storage):
    """The state of one application; made in its lifespan, never at import."""

    broker: Celery | None
    """None when no broker URL is set: runs are stored, and wait for a worker's reaper."""
    own_worker: bool = False
    """Whether this process keeps a worker running, so that one that is not alive is starting."""
    stopping: threading.Event = field(default_factory=threading.Event)
    """Set when the server is asked to stop: replies that wait for a change then end soon."""
    short_threads: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(SHORT))
    """Of what must not wait for anything else: who asks, and whether the service is ready."""
    documents: ReadLane = field(default_factory=lambda: _lane(1))
    """Reads that compute for seconds: results, comparisons, pictures, reports."""
    kept: KeptReplies = field(default_factory=KeptReplies)
    """Replies about experiments that have ended, until something changes."""
    series: ReadLane = field(default_factory=lambda: _lane(2))
    """Reads that grow with an experiment or a run: lists, steps, scores, exports."""
    uploads: ReadLane = field(default_factory=lambda: _lane(UPLOADING))
    """Uploads, each of which may be read for minutes."""
    deleting_threads: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(1))
    """Of deleting a data set, which waits for `dataset_files`."""

    @cached_property
    def single_flight(self) -> SingleFlight:
        """Reads that simultaneous requests share."""
        return SingleFlight(self.short_threads)

    def json_reply(self, document: str | bytes) -> SpooledReply:
        """A reply that may be large, from its text: FastAPI would write that on the event loop."""
        content = document.encode() if isinstance(document, str) else document
        return SpooledReply(content, "application/json", self.spool)

    @cached_property
    def spool(self) -> Spool:
        """Where large replies wait until they are read."""
        return Spool(self.settings.data_dir)

    @cached_property
    def open_replies(self) -> OpenReplies:
        """Event streams and held replies, of which each client may have so many."""
        return OpenReplies(self.settings.max_open_replies)

    def scratch_folder(self) -> pathlib.Path:
        """Where uploads are unpacked and replies packed: beside what is stored, since /tmp may be
        small. What a killed process leaves there is collected."""
        folder = self.settings.data_dir / "uploads"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def run_file(self, run_id: str, name: str, sha256: str | None = None) -> pathlib.Path:
        """A file of a run, fetched from the bucket if need be.

        Where `sha256` (hex) is given, what is there has this hash: a copy with another one is
        fetched again, and `DamagedRunFile` is raised where that is the file itself.
        """
        path = self.files.bring(self.settings.run_dir(run_id) / name, sha256)
        return path if sha256 is None else require_hash(path, run_id, sha256)

    @cached_property
    def changes(self) -> ChangeWatch:
        """The changes that replies wait for."""
        return ChangeWatch(self._change_marks, CapacityLimiter(FOLLOWING))

    def _change_marks(self, ids: Collection[str]) -> Mapping[str, object]:
        with self.database.reading() as session:
            return change_marks(session, ids)


def get_service(request: Request) -> Service:
    return cast(Service, request.app.state.service)


async def _service(request: Request) -> Service:
    return get_service(request)  # async, because a thread would cost more than this does


ServiceDep = Annotated[Service, Depends(_service)]


async def _series_turn(request: Request, service: ServiceDep) -> AsyncIterator[None]:
    async with service.series.turn(request):
        yield


# until the route returns: a client that reads slowly must not hold the turn
SERIES_TURN = Depends(_series_turn, scope="function")
"""A dependency of routes whose cost grows with an experiment or a run."""


def id_pattern(prefix: str) -> str:
    return rf"^{prefix}_[0-9a-z]{{26}}$"


def _in_path(pattern: str) -> Any:
    """A path parameter whose pattern is documented; a value of another form gets 404, not 422."""
    return Path(json_schema_extra={"pattern": pattern})


def _id_of(value: str, prefix: str, noun: str) -> str:
    if not re.fullmatch(id_pattern(prefix), value):
        raise NotFound(f"no {noun} has the id {value[:60]!r}")
    return value


def experiment_id(experiment_id: Annotated[str, _in_path(id_pattern("exp"))]) -> str:
    return _id_of(experiment_id, "exp", "experiment")


def run_id(run_id: Annotated[str, _in_path(id_pattern("run"))]) -> str:
    return _id_of(run_id, "run", "run")


def reproduction_id(reproduction_id: Annotated[str, _in_path(id_pattern("rep"))]) -> str:
    return _id_of(reproduction_id, "rep", "reproduction")


def prediction_id(prediction_id: Annotated[str, _in_path(id_pattern("prd"))]) -> str:
    return _id_of(prediction_id, "prd", "prediction")


def study_id(study_id: Annotated[str, _in_path(id_pattern("std"))]) -> str:
    return _id_of(study_id, "std", "study")


def webhook_id(webhook_id: Annotated[str, _in_path(id_pattern("whk"))]) -> str:
    return _id_of(webhook_id, "whk", "webhook")


def dataset_name(name: Annotated[str, _in_path(DATASET_NAME)]) -> str:
    if not re.fullmatch(DATASET_NAME, name):
        raise NotFound(f"no data set is called {name[:60]!r}")
    return name


def model_name(model_name: Annotated[str, _in_path(DATASET_NAME)]) -> str:
    if not re.fullmatch(DATASET_NAME, model_name):
        raise NotFound(f"no model is called {model_name[:60]!r}")
    return model_name


def vectors_name(vectors_name: Annotated[str, _in_path(DATASET_NAME)]) -> str:
    if not re.fullmatch(DATASET_NAME, vectors_name):
        raise NotFound(f"no set of vectors is called {vectors_name[:60]!r}")
    return vectors_name


def programme_name(programme_name: Annotated[str, _in_path(PROGRAMME_NAME)]) -> str:
    if not re.fullmatch(PROGRAMME_NAME, programme_name):
        raise NotFound(f"no programme is called {programme_name[:60]!r}")
    return programme_name


ExperimentId = Annotated[str, Depends(experiment_id)]
RunId = Annotated[str, Depends(run_id)]
ReproductionId = Annotated[str, Depends(reproduction_id)]
PredictionId = Annotated[str, Depends(prediction_id)]
StudyId = Annotated[str, Depends(study_id)]
WebhookId = Annotated[str, Depends(webhook_id)]
DatasetName = Annotated[str, Depends(dataset_name)]
ModelName = Annotated[str, Depends(model_name)]
VectorsName = Annotated[str, Depends(vectors_name)]
ProgrammeName = Annotated[str, Depends(programme_name)]
