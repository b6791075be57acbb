"""All SQL of the looks of an experiment that adds seeds until its verdict is decided.

The plan's rows are written with the experiment. A look is due when every run so far has ended;
**whoever finds it due may take it, and it is taken once**: the taker holds the experiment's row,
so a second one waits and then finds it taken. A look decides, adds the next runs, or was the last.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, CursorResult, exists, func, select, update
from sqlalchemy.orm import Session

from models.comparison.compare import compare
from models.comparison.group_sequential import compared_arms, confidence_at, look_sentence, plan
from models.specs.experiment import ExperimentSpec
from models.specs.parse import parse_spec
from models.states import LookState, RunState
from models.store import events
from models.store.metrics.rows import final_metrics
from models.store.run_life.queueing import add_runs
from models.store.tables import Experiment, Look, LookVerdict, Run
from models.store.webhooks.deliveries import note_end

Values = Mapping[str, Mapping[int, float]]


def plan_looks(session: Session, experiment_id: str, spec: ExperimentSpec) -> None:
    """Write the plan of a new experiment; nothing for a fixed number of seeds."""
    session.add_all(
        Look(
            experiment_id=experiment_id,
            number=look.number,
            pairs=look.pairs,
            level=look.level,
            spent=look.spent,
            state=LookState.PLANNED,
        )
        for look in plan(spec)
    )
    session.flush()


def looks_of(session: Session, experiment_id: str) -> list[Look]:
    """The plan as it stands, in order; empty for a fixed number of seeds."""
    query = select(Look).where(Look.experiment_id == experiment_id).order_by(Look.number)
    return list(session.scalars(query.execution_options(populate_existing=True)))


def verdicts_of(session: Session, experiment_id: str) -> list[LookVerdict]:
    """What each look taken said of each arm against the baseline, look by look."""
    query = select(LookVerdict).where(LookVerdict.experiment_id == experiment_id)
    return list(session.scalars(query.order_by(LookVerdict.number, LookVerdict.arm)))


def look_left() -> ColumnElement[bool]:
    """SQL beside `Experiment`: it may still look, so it has not ended."""
    return exists().where(Look.experiment_id == Experiment.id, Look.state == LookState.PLANNED)


def with_looks_left(session: Session, ids: Sequence[str]) -> set[str]:
    """Which of these experiments may still look."""
    query = select(Look.experiment_id).where(
        Look.experiment_id.in_(ids), Look.state == LookState.PLANNED
    )
    return set(session.scalars(query))


def due(session: Session) -> list[str]:
    """Experiments with a look left whose runs have all ended, in order of creation."""
    going_on = exists().where(
        Run.experiment_id == Look.experiment_id,
        Run.state.in_((RunState.QUEUED, RunState.RUNNING)),
    )
    query = select(Look.experiment_id).where(Look.state == LookState.PLANNED, ~going_on)
    return list(session.scalars(query.distinct().order_by(Look.experiment_id)))


def drop_looks(session: Session, experiment_id: str, now: datetime) -> None:
    """Take no more looks and add no more runs, as when the experiment is cancelled. Idempotent.

    Holds the experiment from here on: no one adds runs while its caller cancels those there are.
    """
    _hold(session, experiment_id)
    left = update(Look).where(Look.experiment_id == experiment_id, Look.state == LookState.PLANNED)
    dropped = session.execute(left.values(state=LookState.DROPPED))
    if isinstance(dropped, CursorResult) and dropped.rowcount:
        note_end(session, experiment_id, now)  # where every run has ended already


def plan_again(session: Session, experiment_id: str) -> None:
    """Take back what `drop_looks` did for a cancellation; nothing where a look ended the plan.

    The two can be told apart: until a look ends the plan, there are runs of as many seeds as the
    next look is at. Levels were fixed with the plan, so going on with it costs no error.
    """
    _hold(session, experiment_id)
    looks = looks_of(session, experiment_id)
    dropped = [look for look in looks if look.state == LookState.DROPPED]
    seeds = select(func.count(Run.seed.distinct())).where(Run.experiment_id == experiment_id)
    if dropped and dropped[0].pairs == session.scalar(seeds):
        for look in dropped:
            look.state = LookState.PLANNED
        session.flush()


def take_due_look(session: Session, experiment_id: str, now: datetime) -> list[Run]:
    """Take the next look if it is due: judge, then add the next runs or end the plan.

    Returns the runs added, to be submitted after the commit; none where nothing is due.
    """
    if not _hold(session, experiment_id):
        return []
    looks = looks_of(session, experiment_id)
    look = next((one for one in looks if one.state == LookState.PLANNED), None)
    if look is None or _going_on(session, experiment_id):
        return []
    spec = parse_spec(session.get_one(Experiment, experiment_id).spec)
    _judge(session, spec, look, len(looks))
    look.state, look.taken_at = LookState.TAKEN, now
    session.flush()
    end = _why_it_ends(session, spec, look, len(looks))
    outcome = end or f"not decided, so there will be {looks[look.number].pairs} seeds"
    about = f"look {look.number} of {len(looks)} at {look.pairs} seeds, level {look.level:.3g}"
    events.record(
        session,
        experiment_id=experiment_id,
        kind="look",
        message=f"{about}: {outcome}",
        now=now,
    )
    if end:
        drop_looks(session, experiment_id, now)
        note_end(session, experiment_id, now)
        return []
    seeds = range(look.pairs, looks[look.number].pairs)
    added = add_runs(session, experiment_id, spec, seeds, now)
    return list(session.scalars(select(Run).where(Run.id.in_(added)).order_by(Run.position)))


def _hold(session: Session, experiment_id: str) -> bool:
    """Hold the experiment's row until the transaction ends; False when there is none."""
    row = select(Experiment.id).where(Experiment.id == experiment_id)
    return session.scalar(row.with_for_update(key_share=True)) is not None


def _going_on(session: Session, experiment_id: str) -> bool:
    active = Run.state.in_((RunState.QUEUED, RunState.RUNNING))
    return bool(session.scalar(select(exists().where(Run.experiment_id == experiment_id, active))))


def _judge(session: Session, spec: ExperimentSpec, look: Look, looks: int) -> None:
    """Compare every arm that is not decided yet with the baseline, at the level of this look."""
    values, baseline = _values(session, look.experiment_id, spec), spec.decision.baseline
    for arm in _undecided(session, look.experiment_id, spec):
        found = compare(
            values[arm],
            values[baseline],
            a_name=arm,
            b_name=baseline,
            metric=spec.decision.metric,
            equivalence_margin=spec.decision.equivalence_margin,
            confidence=confidence_at(look.level),
        )
        session.add(
            LookVerdict(
                experiment_id=look.experiment_id,
                number=look.number,
                arm=arm,
                pairs=len(found.pairs),
                mean_difference=found.mean_difference,
                sign_flip_p=found.sign_flip_p,
                equivalence_p=found.equivalence and found.equivalence.p,
                verdict=found.verdict,
                sentence=look_sentence(found, look.number, looks, look.pairs, look.level),
            )
        )
    session.flush()


def _undecided(session: Session, experiment_id: str, spec: ExperimentSpec) -> list[str]:
    """The arms on which no look has decided; what one look decided, no later one takes back."""
    said = verdicts_of(session, experiment_id)
    decided = {one.arm for one in said if one.verdict != "undecided"}
    return [arm for arm in compared_arms(spec) if arm not in decided]


def _why_it_ends(session: Session, spec: ExperimentSpec, look: Look, looks: int) -> str | None:
    """Why this look, which has just been taken, is the last one; None where it is not."""
    open_arms = _undecided(session, look.experiment_id, spec)
    if not open_arms:
        return "decided"
    if look.number == looks:
        return "not decided, and this was the last look"
    said = verdicts_of(session, look.experiment_id)
    now = {one.arm: one.pairs for one in said if one.number == look.number}
    if not any(now[arm] for arm in open_arms):
        return "ended, since no seed has succeeded in both arms and more would not help"
    return None


def _values(session: Session, experiment_id: str, spec: ExperimentSpec) -> Values:
    """The deciding figure of every run that succeeded: arm -> seed -> value."""
    metrics, metric = final_metrics(session, experiment_id), spec.decision.metric
    values: dict[str, dict[int, float]] = {arm.name: {} for arm in spec.arms}
    for run in session.scalars(select(Run).where(Run.experiment_id == experiment_id)):
        if run.state == RunState.SUCCEEDED and metric in metrics[run.id]:
            values[run.arm][run.seed] = metrics[run.id][metric]
    return values
