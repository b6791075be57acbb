"""`/v1/experiments/{id}/events`: what happens to an experiment, as Server-Sent Events.

There are three kinds of message: `state` (an event of the table `events`), `steps` (new steps of
one run, in columns) and `evaluations` (new evaluations of one run); `end` closes a stream whose
experiment has ended. The id of a message is the position after it in all three series, so
`Last-Event-ID` resumes after any message, in any API process, and no process keeps any state.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from api.dependencies import ExperimentId, Service, ServiceDep
from api.experiments.progress import state_of
from api.experiments.views import EventView
from api.live.change_watch import Snapshot
from api.live.long_polling import CHECK_SECONDS
from api.runs.views import EvaluationView
from models.errors import Invalid, Problem
from models.states import TERMINAL
from models.store.events import events_after, last_event
from models.store.experiments import experiment, runs_of
from models.store.metrics.rows import evaluation_counts, evaluations_of, steps_series

router = APIRouter(prefix="/experiments", tags=["experiments"])

AT_ONCE = 500  # events, or steps of a run, in one read; it bounds the memory of a stream
_POSITION = re.compile(r"(\d{1,18})(?:-(\d{1,10}:\d{1,10}(?:\.\d{1,10}:\d{1,10})*))?")


@dataclass(frozen=True)
class Position:
    """What a stream has sent: the events up to an id, and the steps and evaluations of each run.

    As text it is `7-100:1.50:0`: event 7, then for each run, in the order of the runs, its last
    step and the number of its evaluations. Of runs beyond those, nothing was sent.
    """

    event: int = 0
    runs: tuple[tuple[int, int], ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Position":
        """Read the id of a message. Raises ValueError where no stream writes such an id."""
        match = _POSITION.fullmatch(text)
        if match is None:
            raise ValueError(text)
        pairs = (pair.split(":") for pair in (match[2] or "").split(".") if pair)
        return cls(int(match[1]), tuple((int(step), int(count)) for step, count in pairs))

    def __str__(self) -> str:
        runs = ".".join(f"{step}:{count}" for step, count in self.runs)
        return f"{self.event}-{runs}" if runs else str(self.event)

    def of(self, index: int) -> tuple[int, int]:
        return self.runs[index] if index < len(self.runs) else (0, 0)

    def with_run(self, index: int, step: int, evaluations: int) -> "Position":
        runs = [self.of(i) for i in range(max(len(self.runs), index + 1))]
        runs[index] = (step, evaluations)
        return replace(self, runs=tuple(runs))


@dataclass(frozen=True)
class Batch:
    """New messages, the position after them, and whether the experiment has ended."""

    messages: tuple[ServerSentEvent, ...]
    position: Position
    ended: bool


async def checked_position(
    service: ServiceDep,
    experiment_id: ExperimentId,
    last_event_id: Annotated[
        str | None,
        Header(max_length=100_000, json_schema_extra={"pattern": f"^(?:{_POSITION.pattern})?$"}),
    ] = None,
    from_now: Annotated[bool, Query()] = False,
) -> Position:
    """Return where the stream begins. Errors are raised here, before the reply has begun."""
    latest = await run_in_threadpool(_position_now, service, experiment_id)
    try:
        if last_event_id:
            return Position.parse(last_event_id)
        return latest if from_now else Position()
    except ValueError:
        reason = "not the id of a message of an event stream; omit it to start at the beginning"
        raise Invalid([Problem("/header/last-event-id", reason)]) from None


@router.get("/{experiment_id}/events", response_class=EventSourceResponse)
async def stream_events(
    request: Request,
    service: ServiceDep,
    experiment_id: ExperimentId,
    position: Annotated[Position, Depends(checked_position)],
    figures: Annotated[bool, Query()] = True,
) -> AsyncIterator[ServerSentEvent]:
    """Stream states, steps and evaluations, from the beginning or after `Last-Event-ID`.

    `from_now` sends only what comes after the request; open the stream first, then read the rest
    elsewhere, and nothing is missed. `figures=false` leaves steps and evaluations out. The stream
    ends with `end` once the experiment has ended and everything has been sent.
    """
    while not service.stopping.is_set() and not await request.is_disconnected():
        batch = await _next_batch(request, service, experiment_id, position, figures)
        for message in batch.messages:
            yield message
        position = batch.position
        if not batch.messages and batch.ended:
            yield _message("end", position, {})
            return


async def _next_batch(
    request: Request, service: Service, experiment_id: str, position: Position, figures: bool
) -> Batch:
    """Return what is new since `position` once something is; nothing when the client has gone.

    The read is shared by all streams at this position, as those that follow closely are.
    """

    def read() -> Snapshot[Batch]:
        batch = _read_batch(service, experiment_id, position, figures)
        return Snapshot((batch.position, batch.ended), batch)

    key = ("stream", experiment_id, position, figures)
    with service.changes.watch(key, read, experiment_id) as watch:
        snapshot = await watch.fresh()
        while not snapshot.value.messages and not snapshot.value.ended:
            if service.stopping.is_set() or await request.is_disconnected():
                break
            snapshot = await watch.changed_from(snapshot, CHECK_SECONDS)
    return snapshot.value


def _position_now(service: Service, experiment_id: str) -> Position:
    """Return the position after everything that is stored. Raises `NotFound`."""
    with service.database.reading() as session:
        experiment(session, experiment_id)
        counts = evaluation_counts(session, experiment_id)
        runs = tuple((run.step, counts.get(run.id, 0)) for run in runs_of(session, experiment_id))
        return Position(last_event(session, experiment_id), runs)


def _read_batch(service: Service, experiment_id: str, position: Position, figures: bool) -> Batch:
    """Return what is new since `position`, at most `AT_ONCE` of each kind."""
    messages: list[ServerSentEvent] = []
    with service.database.reading() as session:
        runs = runs_of(session, experiment_id)
        for event in events_after(session, experiment_id, position.event, AT_ONCE):
            position = replace(position, event=event.id)
            view = EventView.model_validate(event)
            messages.append(_message("state", position, view))
        evaluated = evaluation_counts(session, experiment_id) if figures else {}
        for index, run in enumerate(runs if figures else ()):
            step, sent = position.of(index)
            if run.step > step:
                series = steps_series(session, run.id, after=step, until=step + AT_ONCE)
                position = position.with_run(index, min(step + AT_ONCE, run.step), sent)
                messages.append(_message("steps", position, {"run": run.id, **series}))
            if evaluated.get(run.id, 0) > sent:
                items = _evaluations(session, run.id)[sent:]
                position = position.with_run(index, position.of(index)[0], sent + len(items))
                messages.append(_message("evaluations", position, {"run": run.id, "items": items}))
    return Batch(tuple(messages), position, state_of(runs) in TERMINAL)


def _message(event: str, position: Position, data: Any) -> ServerSentEvent:
    return ServerSentEvent(event=event, id=str(position), data=data)


def _evaluations(session: Session, run_id: str) -> list[EvaluationView]:
    """Return evaluations in the order of writing: at the last step, validation before test."""
    rows = evaluations_of(session, run_id)
    rows.sort(key=lambda row: (row.step, row.split == "test"))
    return [EvaluationView.model_validate(row) for row in rows]
