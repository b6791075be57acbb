"""All SQL of the looks of an experiment that adds seeds until its verdict is decided.

The plan's rows are written with the experiment. A look is due when every run so far has ended.
**Any process may take a due look, and it is taken once**: the taker holds the experiment's row, so
a second one waits and then finds it taken. A look decides, adds the next runs, or is the last.
"""

from datetime import datetime

from sqlalchemy import CursorResult, func, select, update
from sqlalchemy.orm import Session

from models.comparison.compare import compare_family
from models.comparison.inputs import ComparisonInput
from models.comparison.rule import DecisionRule
from models.comparison.sequential.group_sequential import (
    compared_arms,
    confidence_at,
    look_sentence,
    plan,
)
from models.specs.experiment import ExperimentSpec
from models.specs.parse import stored_spec
from models.states import LookState
from models.store import events
from models.store.arm_values import arm_values
from models.store.experiment_states import has_active_runs
from models.store.run_life.queueing import add_runs
from models.store.tables import Experiment, Look, LookVerdict, Run
from models.store.webhooks.deliveries import note_end


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
    """The looks of the plan in order, as they are now; none for a fixed number of seeds."""
    query = select(Look).where(Look.experiment_id == experiment_id).order_by(Look.number)
    return list(session.scalars(query.execution_options(populate_existing=True)))


def verdicts_of(session: Session, experiment_id: str) -> list[LookVerdict]:
    """The verdict of each look taken on each arm against the baseline, look by look."""
    query = select(LookVerdict).where(LookVerdict.experiment_id == experiment_id)
    return list(session.scalars(query.order_by(LookVerdict.number, LookVerdict.arm)))


def due(session: Session) -> list[str]:
    """Experiments with a look left whose runs have all ended, in order of creation."""
    ended = ~has_active_runs(Look.experiment_id)
    query = select(Look.experiment_id).where(Look.state == LookState.PLANNED, ended)
    return list(session.scalars(query.distinct().order_by(Look.experiment_id)))


def drop_looks(session: Session, experiment_id: str, now: datetime) -> None:
    """Take no more looks and add no more runs, as when the experiment is cancelled. Idempotent.

    Holds the experiment until the transaction ends, so that no runs are added while the caller
    cancels the existing ones.
    """
    _hold(session, experiment_id)
    left = update(Look).where(Look.experiment_id == experiment_id, Look.state == LookState.PLANNED)
    dropped = session.execute(left.values(state=LookState.DROPPED))
    if isinstance(dropped, CursorResult) and dropped.rowcount:
        note_end(session, experiment_id, now)  # where every run has ended already


def plan_again(session: Session, experiment_id: str) -> None:
    """Undo what `drop_looks` did for a cancellation; does nothing where a look ended the plan.

    The two can be told apart: until a look ends the plan, there are runs of as many seeds as the
    next look needs. Levels were fixed with the plan, so resuming it spends no further error.
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
    """Take the next look if it is due: compare, then add the next runs or end the plan.

    Returns the added runs, to be announced after the commit; none where no look is due.
    """
    if not _hold(session, experiment_id):
        return []
    looks = looks_of(session, experiment_id)
    look = next((one for one in looks if one.state == LookState.PLANNED), None)
    if look is None or session.scalar(select(has_active_runs(experiment_id))):
        return []
    row = session.get_one(Experiment, experiment_id)
    spec = stored_spec(row.spec, experiment_id)
    _judge(session, row, spec, look, len(looks))
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


def _judge(session: Session, row: Experiment, spec: ExperimentSpec, look: Look, looks: int) -> None:
    """Compare every arm that is not decided yet with the baseline, at the level of this look."""
    decision = spec.decision
    rule = DecisionRule(decision.metric, decision.equivalence_margin, confidence_at(look.level))
    chance = row.chance.get(decision.metric)
    values = arm_values(session, look.experiment_id, spec)
    for arm in _undecided(session, look.experiment_id, spec):
        compared = ComparisonInput(values[arm], values[decision.baseline], rule, chance=chance)
        (comparison,) = compare_family([compared])
        session.add(
            LookVerdict(
                experiment_id=look.experiment_id,
                number=look.number,
                arm=arm,
                pairs=len(comparison.pairs),
                mean_difference=comparison.mean_difference,
                sign_flip_p=comparison.sign_flip_p,
                equivalence_p=comparison.equivalence and comparison.equivalence.p,
                verdict=comparison.verdict,
                sentence=look_sentence(comparison, look.number, looks, look.pairs, look.level),
            )
        )
    session.flush()


def _undecided(session: Session, experiment_id: str, spec: ExperimentSpec) -> list[str]:
    """The arms on which no look has decided; a later look never takes back a decision."""
    verdicts = verdicts_of(session, experiment_id)
    decided = {verdict.arm for verdict in verdicts if verdict.verdict != "undecided"}
    return [arm for arm in compared_arms(spec) if arm not in decided]


def _why_it_ends(session: Session, spec: ExperimentSpec, look: Look, looks: int) -> str | None:
    """Why the look that has just been taken ends the plan; None where it does not."""
    open_arms = _undecided(session, look.experiment_id, spec)
    if not open_arms:
        return "decided"
    if look.number == looks:
        return "not decided, and this was the last look"
    verdicts = verdicts_of(session, look.experiment_id)
    pairs = {verdict.arm: verdict.pairs for verdict in verdicts if verdict.number == look.number}
    if not any(pairs[arm] for arm in open_arms):
        return "ended, since no seed has succeeded in both arms and more would not help"
    return None
