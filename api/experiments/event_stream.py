"""`/v1/experiments/{id}/events`: what happens to an experiment, as Server-Sent Events.

Three kinds of message: `state` (an event of the table `events`), `steps` (columns of one run's
new steps) and `evaluations` (one run's new ones); `end` closes a stream whose experiment has
ended. The id of a message is a position in all of them, so `Last-Event-ID` resumes anywhere, on
any API process, and nothing has to be remembered here.
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
from api.live.change_watch import Sight
from api.live.long_polling import LISTEN
from api.runs.views import EvaluationView
from models.errors import Invalid, Problem
from models.states import TERMINAL
from models.store.events import events_after, last_event
from models.store.experiments import experiment, runs_of
from models.store.metrics.rows import evaluation_counts, evaluations_of, steps_series

router = APIRouter(prefix="/experiments", tags=["experiments"])

AT_ONCE = 500  # events, or steps of a run, in one look: bounds the memory of a stream
_POSITION = re.compile(r"(\d{1,18})(?:-(\d{1,10}:\d{1,10}(?:\.\d{1,10}:\d{1,10})*))?")


@dataclass(frozen=True)
class Position:
    """What a stream has told: events up to an id, and of each run steps and evaluations.

    In text `7-100:1.50:0`: event 7, and in the order of the runs the step and the number of
    evaluations. Runs that are not named have told nothing.
    """

    event: int = 0
    runs: tuple[tuple[int, int], ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Position":
        """Raises ValueError for what no stream has given out."""
        found = _POSITION.fullmatch(text)
        if found is None:
            raise ValueError(text)
        pairs = (pair.split(":") for pair in (found[2] or "").split(".") if pair)
        return cls(int(found[1]), tuple((int(step), int(count)) for step, count in pairs))

    def __str__(self) -> str:
        runs = ".".join(f"{step}:{count}" for step, count in self.runs)
        return f"{self.event}-{runs}" if runs else str(self.event)

    def of(self, index: int) -> tuple[int, int]:
        return self.runs[index] if index < len(self.runs) else (0, 0)

    def with_run(self, index: int, step: int, evaluations: int) -> "Position":
        told = [self.of(i) for i in range(max(len(self.runs), index + 1))]
        told[index] = (step, evaluations)
        return replace(self, runs=tuple(told))


@dataclass(frozen=True)
class Look:
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
    """Where to go on; errors are told here, while the reply can still be one."""
    here = await run_in_threadpool(_position_now, service, experiment_id)
    try:
        if last_event_id:
            return Position.parse(last_event_id)
        return here if from_now else Position()
    except ValueError:
        reason = "this is no id of a message of an event stream; leave it out to begin anew"
        raise Invalid([Problem("/header/last-event-id", reason)]) from None


@router.get("/{experiment_id}/events", response_class=EventSourceResponse)
async def stream_events(
    request: Request,
    service: ServiceDep,
    experiment_id: ExperimentId,
    position: Annotated[Position, Depends(checked_position)],
    figures: Annotated[bool, Query()] = True,
) -> AsyncIterator[ServerSentEvent]:
    """States, steps and evaluations as they come, from the beginning or after `Last-Event-ID`.

    `from_now` begins with what is not there yet, for those who read the rest elsewhere: open the
    stream first, and nothing is missed. `figures=false` leaves steps and evaluations out. The
    stream ends with `end` once the experiment has ended and all is told.
    """
    while not service.stopping.is_set() and not await request.is_disconnected():
        look = await _news(request, service, experiment_id, position, figures)
        for message in look.messages:
            yield message
        position = look.position
        if not look.messages and look.ended:
            yield _message("end", position, {})
            return


async def _news(
    request: Request, service: Service, experiment_id: str, position: Position, figures: bool
) -> Look:
    """What is new since `position` once something is, or nothing when nobody listens any more.

    The look is shared with all streams that have come as far: those that follow closely.
    """

    def look() -> Sight[Look]:
        found = _look(service, experiment_id, position, figures)
        return Sight((found.position, found.ended), found)

    key = ("stream", experiment_id, position, figures)
    with service.watches.of(key, look, experiment_id) as watched:
        seen = await watched.fresh()
        while not seen.value.messages and not seen.value.ended:
            if service.stopping.is_set() or await request.is_disconnected():
                break
            seen = await watched.other_than(seen, LISTEN)
    return seen.value


def _position_now(service: Service, experiment_id: str) -> Position:
    """After all that is there. Raises `NotFound`."""
    with service.database.reading() as session:
        experiment(session, experiment_id)
        counts = evaluation_counts(session, experiment_id)
        runs = tuple((run.step, counts.get(run.id, 0)) for run in runs_of(session, experiment_id))
        return Position(last_event(session, experiment_id), runs)


def _look(service: Service, experiment_id: str, position: Position, figures: bool) -> Look:
    """What is new since `position`, at most `AT_ONCE` of each."""
    messages: list[ServerSentEvent] = []
    with service.database.reading() as session:
        runs = runs_of(session, experiment_id)
        for event in events_after(session, experiment_id, position.event, AT_ONCE):
            position = replace(position, event=event.id)
            view = EventView.model_validate(event)
            messages.append(_message("state", position, view))
        evaluated = evaluation_counts(session, experiment_id) if figures else {}
        for index, run in enumerate(runs if figures else ()):
            step, told = position.of(index)
            if run.step > step:
                series = steps_series(session, run.id, after=step, until=step + AT_ONCE)
                position = position.with_run(index, min(step + AT_ONCE, run.step), told)
                messages.append(_message("steps", position, {"run": run.id, **series}))
            if evaluated.get(run.id, 0) > told:
                items = _evaluations(session, run.id)[told:]
                position = position.with_run(index, position.of(index)[0], told + len(items))
                messages.append(_message("evaluations", position, {"run": run.id, "items": items}))
    return Look(tuple(messages), position, state_of(runs) in TERMINAL)


def _message(event: str, position: Position, data: Any) -> ServerSentEvent:
    return ServerSentEvent(event=event, id=str(position), data=data)


def _evaluations(session: Session, run_id: str) -> list[EvaluationView]:
    """In the order in which they are written: at the last step, validation comes before test."""
    rows = evaluations_of(session, run_id)
    rows.sort(key=lambda row: (row.step, row.split == "test"))
    return [EvaluationView.model_validate(row) for row in rows]
