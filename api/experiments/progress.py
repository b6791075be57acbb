"""The view of an experiment in progress: its state, what it waits for, the seconds left."""

import hashlib
import re
from collections.abc import Sequence
from statistics import median

from sqlalchemy.orm import Session

from api.dependencies import Service
from api.experiments.interim_looks import look_views
from api.experiments.programmes import programme_view
from api.experiments.tuning_steps import tuning_step_view
from api.experiments.views import ExperimentView, LookView, ProgrammeView
from api.runs.progress import fleet, representative_pace, run_view, whole_seconds
from models.specs.experiment import ExperimentSpec
from models.specs.parse import stored_spec
from models.specs.tuning_budget import tuning_steps, tuning_stops
from models.states import (
    RETRIABLE,
    TERMINAL,
    LookState,
    RunState,
    TuningState,
    experiment_state,
)
from models.store.experiment_states import stored_state
from models.store.experiments import experiment, runs_of
from models.store.interim_looks import looks_of
from models.store.studies.studies import studies_with
from models.store.tables import Experiment, Run, Tuning
from models.store.tuning.plan import tuning_of

# no text of a person can hold these, as its quotation marks are escaped
_TICKING = re.compile(rb'"(?:seconds_left|trained_seconds)":[^,}]*')


def experiment_view(service: Service, session: Session, experiment_id: str) -> ExperimentView:
    """Return the whole view. Raises `NotFound` when there is no such experiment."""
    row = experiment(session, experiment_id)
    runs = runs_of(session, experiment_id)
    plan = look_views(looks_of(session, experiment_id))
    tuning = tuning_of(session, experiment_id)
    alive = fleet(service, session)
    views = [run_view(run, alive) for run in runs]
    return ExperimentView(
        id=row.id,
        name=row.name,
        state=state_of(runs, plan, tuning),
        dataset=_dataset(row),
        created_at=row.created_at,
        progress=_progress(row, runs, plan, tuning),
        seconds_left=_seconds_left(runs),
        waiting_for=next((view.waiting_for for view in views if view.waiting_for), None),
        runs=views,
        plan=plan,
        tuning=None if tuning is None else tuning_step_view(session, tuning),
        programme=_programme(row),
        spec=row.spec,
        owner=row.owner,
        studies=studies_with(session, [row.id]).get(row.id, []),
    )


def _programme(row: Experiment) -> ProgrammeView | None:
    if not row.spec.get("programme"):  # views are polled, and to read a spec costs time
        return None
    return programme_view(stored_spec(row.spec, row.id))


def _dataset(row: Experiment) -> str:
    """Return the name of the data set. Raises `Unreadable`."""
    # where it is there, reading the whole spec would only cost time, and views are polled
    known = row.spec.get("dataset")
    return known if isinstance(known, str) else stored_spec(row.spec, row.id).dataset


def state_of(
    runs: Sequence[Run], plan: Sequence[LookView] = (), tuning: Tuning | None = None
) -> RunState:
    """Return the state. An experiment with a planned look or choice of settings is running even if
    all runs ended; once the settings are chosen, tuning runs that failed no longer count."""
    chosen = tuning is not None and tuning.state == TuningState.CHOSEN
    counts = dict.fromkeys(RunState, 0)
    for run in runs:
        state = stored_state(run)
        counts[state] += not (chosen and run.tuning and state in RETRIABLE)
    return experiment_state(counts, look_left=_look_left(plan) or _choice_left(tuning))


def _choice_left(tuning: Tuning | None) -> bool:
    return tuning is not None and tuning.state == TuningState.PLANNED


def _look_left(plan: Sequence[LookView]) -> bool:
    return any(look.state == LookState.PLANNED for look in plan)


def _progress(
    row: Experiment, runs: Sequence[Run], plan: Sequence[LookView], tuning: Tuning | None
) -> float:
    done = sum(run.steps if run.state == RunState.SUCCEEDED else run.step for run in runs)
    if tuning is not None and (_look_left(plan) or _choice_left(tuning)):
        return share_of_most(done, stored_spec(row.spec, row.id), plan)
    return share_done(done, sum(run.steps for run in runs), plan)


def share_of_most(done: int, spec: ExperimentSpec, plan: Sequence[LookView]) -> float:
    """Return the share of steps done, of the most runs that an experiment that tunes can have."""
    planned = [look.pairs for look in plan if look.state == LookState.PLANNED]
    compared = len(spec.arms) * (planned[-1] if planned else len(spec.seeds.values()))
    steps = tuning_stops(spec)[-1]  # the same for all arms that are tuned
    return round(done / (tuning_steps(spec) + compared * steps), 4)


def share_done(done: int, steps: int, plan: Sequence[LookView]) -> float:
    """Return the share of steps done, of the most runs that the remaining looks can add."""
    share = done / steps
    if _look_left(plan):
        planned = [look.pairs for look in plan if look.state == LookState.PLANNED]
        share *= planned[0] / planned[-1]
    return round(share, 4)


def _seconds_left(runs: Sequence[Run]) -> float | None:
    """Return the time for the steps left, divided among the running runs.

    The pace is the median of the runs that succeeded or, while there are none, of those running.
    """
    running = sum(run.state == RunState.RUNNING for run in runs)
    paces = [pace for run in runs if (pace := _whole_pace(run)) is not None]
    paces = paces or [pace for run in runs if (pace := representative_pace(run)) is not None]
    if not paces or not running:
        return None
    left = sum(run.steps - run.step for run in runs if run.state not in TERMINAL)
    return round(left * median(paces) / running, 1)


def _whole_pace(run: Run) -> float | None:
    seconds = whole_seconds(run)
    return None if seconds is None else seconds / run.step


def etag(view: bytes) -> str:
    """Return the weak entity tag of a view as JSON, which leaves out what changes by itself."""
    return f'W/"{hashlib.sha256(_TICKING.sub(b"", view)).hexdigest()[:32]}"'
