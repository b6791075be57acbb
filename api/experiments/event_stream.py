"""`/v1/experiments/{id}/events`: what happens to an experiment, as Server-Sent Events.

There are three kinds of message: `state` (an event of the table `events`), `steps` (new steps of
one run, in columns) and `evaluations` (new evaluations of one run); `end` closes a stream whose
experiment has ended. The id of a message is the position after it in all three series
(`stream_positions`), so `Last-Event-ID` resumes after any message, in any API process, and no
process keeps any state. After a retry the steps of a run are told again from its first.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic_core import to_json
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from api.dependencies import ExperimentId, Service, ServiceDep
from api.experiments.stream_positions import END, NOTHING, PATTERN, Position, Told, ToldRuns
from api.experiments.views import EventView
from api.live.change_watch import Snapshot
from api.live.long_polling import CHECK_SECONDS
from api.openapi.responses import may_answer
from api.runs.views import EvaluationView
from models.errors import Invalid, Problem, TooMany
from models.states import TERMINAL
from models.store.events import events_after, last_event
from models.store.experiment_states import current_state
from models.store.experiments import RunProgress, experiment, run_progress
from models.store.metrics.rows import evaluation_counts, evaluations_of, steps_series
from models.store.retries import RETRIED
from models.store.tuning.halving import CONTINUED

router = APIRouter(prefix="/experiments", tags=["experiments"])

AT_ONCE = 500  # events, or steps of a run in one message
MOST_ROWS = 4_000  # steps and evaluations in one read, a mebibyte: as much as a client may keep
MESSAGE = 50  # the rows that a message counts for, however small it is
MOST_PARTLY = 250  # runs told in part, by which the length of an id is bounded
RUNS_AT_ONCE = 200  # whose evaluations are counted in one query


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
        # the ids of older versions had a place for each run
        Header(max_length=100_000, json_schema_extra={"pattern": f"^(?:{PATTERN})?$"}),
    ] = None,
    from_now: Annotated[bool, Query()] = False,
) -> Position:
    """Return where the stream begins. Errors are raised here, before the reply has begun."""
    skipped = from_now and not last_event_id
    latest = await run_in_threadpool(_beginning, service, experiment_id, skipped)
    try:
        if not last_event_id:
            return latest
        # not on the event loop: a small id may stand for many groups of runs
        return await run_in_threadpool(Position.parse, last_event_id)
    except ValueError:
        reason = "not the id of a message of an event stream; omit it to start at the beginning"
        raise Invalid([Problem("/header/last-event-id", reason)]) from None


async def _counted(request: Request, service: ServiceDep) -> AsyncIterator[None]:
    with service.open_replies.one_more(request):
        yield


@router.get(
    "/{experiment_id}/events",
    response_class=EventSourceResponse,
    dependencies=[Depends(_counted)],
    responses=may_answer(TooMany),
)
async def stream_events(
    request: Request,
    service: ServiceDep,
    experiment_id: ExperimentId,
    position: Annotated[Position, Depends(checked_position)],
    figures: Annotated[bool, Query()] = True,
) -> AsyncIterator[ServerSentEvent]:
    """Stream states, steps and evaluations, from the beginning or after `Last-Event-ID`.

    `from_now` sends only what comes after the request; open the stream first, then read the rest
    elsewhere, and nothing is missed. `figures=false` leaves steps and evaluations out. After a
    retry the steps of the run are told again from its first. The stream ends with `end` once the
    experiment has ended and everything has been sent.
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


def _beginning(service: Service, experiment_id: str, skipped: bool) -> Position:
    """Return the position before everything that is stored, or after it where that is `skipped`.

    Raises `NotFound`.
    """
    with service.database.reading() as session:
        experiment(session, experiment_id)
        if not skipped:
            return Position()
        # before the runs: what happens between the two reads is told
        event = last_event(session, experiment_id)
        return Position(event, _told_now(session, run_progress(session, experiment_id)))


def _told_now(session: Session, runs: list[RunProgress]) -> ToldRuns:
    partly = [run for run in runs if _goes_on(run) and run.step > 0][:MOST_PARTLY]
    counts = evaluation_counts(session, [run.id for run in partly])
    told = {run.id: (run.step, counts.get(run.id, 0)) for run in partly}
    return ToldRuns.of((1, told.get(run.id, NOTHING) if _goes_on(run) else END) for run in runs)


class _Telling:
    """The messages of one read, each with the position after it."""

    def __init__(self, position: Position) -> None:
        self.position, self.messages, self._rows = position, list[ServerSentEvent](), 0

    def add(self, event: str, position: Position, data: Any, rows: int = 1) -> None:
        self.position = position
        self.messages.append(_message(event, position, data))
        self._rows += rows + MESSAGE

    @property
    def full(self) -> bool:
        return self._rows >= MOST_ROWS


def _read_batch(service: Service, experiment_id: str, position: Position, figures: bool) -> Batch:
    """Return what is new since `position`: events or, where there are none, steps and evaluations.

    So the state of a run that is told to its end was told before, and its id has that event.
    """
    telling = _Telling(position)
    with service.database.reading() as session:
        runs = run_progress(session, experiment_id)
        state, _ = current_state(session, experiment_id)
        _tell_events(session, experiment_id, runs, telling)
        if figures and not telling.messages:
            _tell_figures(session, runs, telling)
    return Batch(tuple(telling.messages), telling.position, state in TERMINAL)


def _tell_events(
    session: Session, experiment_id: str, runs: list[RunProgress], telling: _Telling
) -> None:
    places: dict[str, int] = {}
    for event in events_after(session, experiment_id, telling.position.event, AT_ONCE):
        position = replace(telling.position, event=event.id)
        if event.kind in (RETRIED, CONTINUED):
            places = places or {run.id: index for index, run in enumerate(runs)}
            if event.run_id in places:
                position = position.with_run(places[event.run_id], NOTHING)
        telling.add("state", position, EventView.model_validate(event))


def _tell_figures(session: Session, runs: list[RunProgress], telling: _Telling) -> None:
    """Tell the steps and evaluations of one run after the other, until the messages are enough.

    A run that goes on, and of which nothing was told yet, waits while many others are told in part.
    """
    found = enumerate(zip(runs, telling.position.runs, strict=False))
    candidates = [(index, run, told) for index, (run, told) in found if _may_have_more(run, told)]
    partly = sum(_goes_on(run) and told not in (NOTHING, END) for _, run, told in candidates)
    for start in range(0, len(candidates), RUNS_AT_ONCE):
        some = candidates[start : start + RUNS_AT_ONCE]
        counts = evaluation_counts(session, [run.id for _, run, _ in some])
        for index, run, told in some:
            if _goes_on(run) and told in (NOTHING, END):
                if partly >= MOST_PARTLY:
                    continue
                partly += 1
            _tell_run(session, telling, index, run, told, counts.get(run.id, 0))
            if telling.full:
                return


def _goes_on(run: RunProgress) -> bool:
    return run.state not in TERMINAL


def _may_have_more(run: RunProgress, told: Told) -> bool:
    return run.step > 0 if _goes_on(run) else told != END


def _tell_run(
    session: Session, telling: _Telling, index: int, run: RunProgress, told: Told, evaluations: int
) -> None:
    step, sent = NOTHING if told == END else told
    while run.step > step and not telling.full:
        until = min(step + AT_ONCE, run.step)
        series = steps_series(session, run.id, after=step, until=until)
        position = telling.position.with_run(index, (until, sent))
        telling.add("steps", position, {"run": run.id, **series}, until - step)
        step = until
    if run.step > step:
        return
    if evaluations > sent:
        items = _evaluations(session, run.id)[sent:]
        position = telling.position.with_run(index, (step, sent + len(items)))
        telling.add("evaluations", position, {"run": run.id, "items": items}, len(items))
    if not _goes_on(run):
        telling.position = telling.position.with_run(index, END)


def _message(event: str, position: Position, data: Any) -> ServerSentEvent:
    # as text already: FastAPI turns values into text on the event loop
    text = to_json(data, inf_nan_mode="null").decode()
    return ServerSentEvent(event=event, id=str(position), raw_data=text)


def _evaluations(session: Session, run_id: str) -> list[EvaluationView]:
    """Return evaluations in the order of writing: at the last step, validation before test."""
    rows = evaluations_of(session, run_id)
    rows.sort(key=lambda row: (row.step, row.split == "test"))
    return [EvaluationView.model_validate(row) for row in rows]
