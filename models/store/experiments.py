"""All SQL of experiments: creating one with its runs, finding, listing and deleting.

An experiment's state is not stored, but follows from its runs (`experiment_states`).
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import case, delete, exists, func, select, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.errors import Conflict, NotFound
from models.specs.experiment import ExperimentSpec
from models.states import ACTIVE, RunState
from models.store import clock, events
from models.store.experiment_states import (
    RunCounts,
    forgiven,
    in_state,
    run_counts_of,
    with_more_planned,
)
from models.store.ids import new_id
from models.store.interim_looks import plan_looks
from models.store.programmes.programmes import ask, note_before_deleting, store_question
from models.store.run_life.queueing import add_runs
from models.store.tables import (
    Dataset,
    Experiment,
    ExperimentTag,
    PretrainedModel,
    Reproduction,
    Run,
    TokenVectors,
)
from models.store.tuning.plan import plan_tuning
from models.store.uploads.pretrained_models import MODELS
from models.store.uploads.token_vectors import VECTORS

Listed = tuple[Experiment, RunCounts]


def create_experiment(
    session: Session,
    *,
    spec: ExperimentSpec,
    dataset: Dataset,
    test_pairs: int,
    baseline_majority: float,
    baseline_collapsed: float,
    left_out_pairs: int,
    idempotency_key: str | None,
    request_hash: str,
    owner: str | None = None,
    models: Sequence[PretrainedModel] = (),
    vectors: Sequence[TokenVectors] = (),
) -> Experiment:
    """Add the experiment, its first runs as `queued`, their events, and its plan of looks and of
    tuning.

    Raises `Conflict` when the idempotency key was used meanwhile, or the data set, or one of
    `models` or `vectors`, was deleted; `Invalid` where its programme promises another confidence.
    """
    now = clock.now(session)
    spec = ask(session, spec, owner, now)
    row = Experiment(
        id=new_id("exp"),
        name=spec.name,
        created_at=now,
        dataset_id=dataset.id,
        content_hash=dataset.content_hash,
        spec=spec.model_dump(mode="json"),
        idempotency_key=idempotency_key,
        request_hash=request_hash,
        test_pairs=test_pairs,
        baseline_majority=baseline_majority,
        baseline_collapsed=baseline_collapsed,
        left_out_pairs=left_out_pairs,
        owner=owner,
    )
    _insert(session, row, dataset.name, models, vectors)
    store_question(session, row, spec)
    plan_looks(session, row.id, spec)
    events.record(session, experiment_id=row.id, kind="created", now=now)
    if spec.tuning is None:
        add_runs(session, row.id, spec, spec.seeds.at_start(), now)
    else:
        plan_tuning(session, row.id, spec, now)
    return row


def _insert(
    session: Session,
    row: Experiment,
    dataset_name: str,
    models: Sequence[PretrainedModel],
    vectors: Sequence[TokenVectors],
) -> None:
    key = row.idempotency_key
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
            MODELS.use(session, row.id, models)
            VECTORS.use(session, row.id, vectors)
    except IntegrityError:
        if key is not None and by_idempotency_key(session, key) is not None:
            raise Conflict(f"the idempotency key '{key}' has just been used") from None
        named = [f"data set '{dataset_name}'", *(f"model '{model.name}'" for model in models)]
        named += [f"set of vectors '{one.name}'" for one in vectors]
        raise Conflict(f"{' or '.join(named)} has just been deleted") from None


def by_idempotency_key(session: Session, key: str) -> Experiment | None:
    """The experiment that was created under this key, if any."""
    return session.scalar(select(Experiment).where(Experiment.idempotency_key == key))


def experiment(session: Session, experiment_id: str) -> Experiment:
    """Raises `NotFound`."""
    row = session.get(Experiment, experiment_id)
    if row is None:
        raise NotFound(f"there is no experiment '{experiment_id}'")
    return row


def list_experiments(
    session: Session,
    *,
    state: RunState | None = None,
    dataset: str | None = None,
    name_contains: str | None = None,
    arm: str | None = None,
    tag: str | None = None,
    after: str | None = None,
    limit: int,
) -> list[Listed]:
    """At most `limit` experiments, newest first, each with its count of runs by state.

    `after` is the id of the last experiment of the page before. `name_contains` ignores the case
    of letters (on SQLite only of a to z); `arm` and `tag` are whole. The experiments of
    reproductions are left out.
    """
    again = exists().where(Reproduction.experiment_id == Experiment.id)
    query = select(Experiment).where(~again).order_by(Experiment.id.desc()).limit(limit)
    if state is not None:
        query = query.where(in_state(state))
    if dataset is not None:
        query = query.join(Dataset).where(Dataset.name == dataset)
    if name_contains:
        query = query.where(Experiment.name.icontains(name_contains, autoescape=True))
    if arm is not None:
        query = query.where(exists().where(Run.experiment_id == Experiment.id, Run.arm == arm))
    if tag is not None:
        labelled = (ExperimentTag.experiment_id == Experiment.id, ExperimentTag.tag == tag)
        query = query.where(exists().where(*labelled))
    if after is not None:
        query = query.where(Experiment.id < after)
    page = list(session.scalars(query))
    counts = run_counts_of(session, [row.id for row in page])
    return [(row, counts[row.id]) for row in page]


def steps_done(session: Session, ids: Sequence[str]) -> dict[str, tuple[int, int]]:
    """For each experiment the steps done, and the steps of all its present runs; a run that has
    succeeded counts as done, also where it stopped early."""
    done = case((Run.state == RunState.SUCCEEDED, Run.steps), else_=Run.step)
    query = (
        select(Run.experiment_id, func.sum(done), func.sum(Run.steps))
        .where(Run.experiment_id.in_(ids))
        .group_by(Run.experiment_id)
    )
    return {one: (int(done), int(steps)) for one, done, steps in session.execute(query)}


def failure_reasons(session: Session, ids: Sequence[str]) -> dict[str, str]:
    """Why the first failed run of each of these experiments failed; only of those that have one."""
    first = (
        select(Run.experiment_id, func.min(Run.position))
        .where(Run.experiment_id.in_(ids), Run.state == RunState.FAILED, Run.reason.is_not(None))
        .where(~forgiven())
        .group_by(Run.experiment_id)
    )
    place = tuple_(Run.experiment_id, Run.position)
    query = select(Run.experiment_id, Run.reason).where(place.in_(first))
    return {one: reason for one, reason in session.execute(query) if reason is not None}


def runs_of(session: Session, experiment_id: str) -> list[Run]:
    """The runs of an experiment in the order in which they were queued."""
    query = select(Run).where(Run.experiment_id == experiment_id).order_by(Run.position)
    return list(session.scalars(query))


class RunProgress(NamedTuple):
    """Of a run, what whoever follows its experiment has to know each time."""

    id: str
    state: str
    step: int


def run_progress(session: Session, experiment_id: str) -> list[RunProgress]:
    """As `runs_of`, at a tenth of its cost, since an experiment may have 16,000 runs."""
    query = (
        select(Run.id, Run.state, Run.step)
        .where(Run.experiment_id == experiment_id)
        .order_by(Run.position)
    )
    return [RunProgress(*row) for row in session.execute(query)]


def succeeded_runs(session: Session, experiment_id: str) -> list[str]:
    """The ids of its compared runs that succeeded, in the order in which they were queued."""
    own = (Run.experiment_id == experiment_id, Run.state == RunState.SUCCEEDED, ~Run.tuning)
    return list(session.scalars(select(Run.id).where(*own).order_by(Run.position)))


def compared_runs(session: Session, experiment_id: str) -> list[Run]:
    """The runs that are compared, in that order: all but those that served to choose a setting."""
    return [run for run in runs_of(session, experiment_id) if not run.tuning]


def experiments_again(session: Session, experiment_id: str) -> list[str]:
    """The experiments of the reproductions of this one's runs (see `reproductions`)."""
    query = (
        select(Reproduction.experiment_id)
        .join(Run, Run.id == Reproduction.run_id)
        .where(Run.experiment_id == experiment_id)
    )
    return list(session.scalars(query))


def delete_experiment(session: Session, experiment_id: str) -> None:
    """Remove an experiment with its runs, metrics, events and reproductions; the caller removes the
    files.

    A run that is ending because it was cancelled does not prevent this: its worker finds that the
    run is gone. Raises `NotFound`, and `Conflict` while another run is queued or running.
    """
    locked = select(Experiment.id).where(Experiment.id == experiment_id).with_for_update()
    if session.scalar(locked) is None:
        raise NotFound(f"there is no experiment '{experiment_id}'")
    again = experiments_again(session, experiment_id)
    for owner in (experiment_id, *again):
        left = _going_on(session, owner)
        if left and owner == experiment_id:
            raise Conflict(f"{left} of its runs are queued or running; cancel the experiment first")
        if left:
            (run,) = runs_of(session, owner)
            raise Conflict(f"a run of it is being reproduced; cancel {run.id} first")
    if with_more_planned(session, [experiment_id]):
        what = "a planned look or choice of settings"
        raise Conflict(f"{what} may still add runs; cancel the experiment first")
    note_before_deleting(session, experiment_id)
    session.execute(delete(Experiment).where(Experiment.id.in_([experiment_id, *again])))


def _going_on(session: Session, experiment_id: str) -> int:
    """The number of runs that have not ended and were not cancelled."""
    active = (Run.experiment_id == experiment_id, Run.state.in_(ACTIVE), ~Run.cancel_requested)
    return session.scalar(select(func.count()).where(*active)) or 0
