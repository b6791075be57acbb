"""The rows of an experiment that tunes its arms: whether the settings are chosen, and which."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.comparison.inputs import AS_GIVEN, Tuned
from models.specs.experiment import ExperimentSpec
from models.specs.tuned_arms import for_run
from models.states import TuningState
from models.store.experiment_states import has_active_runs
from models.store.run_life.queueing import add_tuning_runs
from models.store.tables import Run, Tuning, TuningChoice
from models.tuning.choosing import Chosen
from models.tuning.edges import mostly_at_edge

_FOR_ALL = -1  # in place of a seed


def plan_tuning(session: Session, experiment_id: str, spec: ExperimentSpec, now: datetime) -> None:
    """Write the plan of a new experiment that tunes, and queue its tuning runs."""
    session.add(Tuning(experiment_id=experiment_id, state=TuningState.PLANNED))
    session.flush()
    add_tuning_runs(session, experiment_id, spec, now)


def tuning_of(session: Session, experiment_id: str) -> Tuning | None:
    """The plan as it is now; None where nothing is tuned."""
    return session.get(Tuning, experiment_id, populate_existing=True)


def store_choice(
    session: Session, plan: Tuning, made: Mapping[tuple[str, int | None], Chosen], now: datetime
) -> None:
    """Store the setting of each arm, for a seed or (None) for all seeds."""
    session.add_all(
        TuningChoice(
            experiment_id=plan.experiment_id,
            arm=arm,
            seed=_FOR_ALL if seed is None else seed,
            setting=one.setting,
            mean=one.mean,
        )
        for (arm, seed), one in made.items()
    )
    plan.state, plan.chosen_at = TuningState.CHOSEN, now
    session.flush()


def chosen_of(session: Session, ids: Sequence[str]) -> dict[str, dict[tuple[str, int | None], int]]:
    """By experiment, the setting that was chosen for an arm and a seed, or (None) for all seeds;
    empty until then."""
    query = (
        select(TuningChoice)
        .where(TuningChoice.experiment_id.in_(ids))
        .order_by(TuningChoice.arm, TuningChoice.seed)
    )
    made: dict[str, dict[tuple[str, int | None], int]] = {one: {} for one in ids}
    for row in session.scalars(query):
        seed = None if row.seed == _FOR_ALL else row.seed
        made[row.experiment_id][row.arm, seed] = row.setting
    return made


def chosen_settings(session: Session, experiment_id: str) -> dict[tuple[str, int | None], int]:
    """`chosen_of` one experiment."""
    return chosen_of(session, [experiment_id])[experiment_id]


@dataclass(frozen=True)
class Settled:
    """How the arms of an experiment came to be trained, by name."""

    tuned: Mapping[str, Tuned | None]
    """How the setting of each came about; None where it is still to be chosen."""
    collapsed_loss: Mapping[str, float | None]
    """The loss per row of a network with one vector for all questions; None where the arm's loss
    has none, or where seeds have settings for which it differs."""
    held: tuple[str, ...]
    """What all runs have in common, though seeds may vary it."""


def settled(session: Session, specs: Mapping[str, ExperimentSpec]) -> dict[str, Settled]:
    """Each experiment by its id, given its stored spec."""
    tuned = [one for one, spec in specs.items() if spec.tuning is not None]
    made = chosen_of(session, tuned) if tuned else {}
    return {one: _settled(spec, made.get(one, {})) for one, spec in specs.items()}


def _settled(spec: ExperimentSpec, made: Mapping[tuple[str, int | None], int]) -> Settled:
    of_arm = {
        arm.name: [setting for (name, _), setting in made.items() if name == arm.name]
        for arm in spec.arms
    }
    return Settled(
        {name: _tuned(spec, chosen) for name, chosen in of_arm.items()},
        {name: _collapsed_loss(spec, name, chosen) for name, chosen in of_arm.items()},
        spec.seeds.held_words,
    )


def _tuned(spec: ExperimentSpec, chosen: Sequence[int]) -> Tuned | None:
    if spec.tuning is None:
        return AS_GIVEN
    if not chosen:
        return None
    one = None if spec.tuning.each_seed else chosen[0]
    edges = mostly_at_edge(spec.tuning, chosen)
    return Tuned(len(spec.tuning.all_settings), one, edges, each_seed=spec.tuning.each_seed)


def _collapsed_loss(spec: ExperimentSpec, arm: str, chosen: Sequence[int]) -> float | None:
    own = spec.arm(arm)
    arms = [for_run(spec, arm, setting).arm(arm) for setting in sorted(set(chosen))] or [own]
    losses = {one.loss.collapsed_loss_per_row for one in arms}
    return losses.pop() if len(losses) == 1 else None


def due(session: Session) -> list[str]:
    """Experiments whose settings are to be chosen and whose tuning runs have all ended, in order of
    creation."""
    ended = ~has_active_runs(Tuning.experiment_id)
    query = select(Tuning.experiment_id).where(Tuning.state == TuningState.PLANNED, ended)
    return list(session.scalars(query.order_by(Tuning.experiment_id)))


def drop_tuning(session: Session, experiment_id: str) -> None:
    """Choose no settings, as when the experiment is cancelled before. Idempotent.

    The caller holds the experiment's row.
    """
    planned = (Tuning.experiment_id == experiment_id, Tuning.state == TuningState.PLANNED)
    session.execute(update(Tuning).where(*planned).values(state=TuningState.DROPPED))


def plan_tuning_again(session: Session, experiment_id: str) -> None:
    """Undo a cancellation, or a choice that failed, for a retry. The caller holds the experiment's
    row. Nothing is done where the settings are chosen: they stay."""
    unmade = Tuning.state.in_([TuningState.DROPPED, TuningState.FAILED])
    again = update(Tuning).where(Tuning.experiment_id == experiment_id, unmade)
    session.execute(again.values(state=TuningState.PLANNED, reason=None))


def is_chosen_without(session: Session, run: Run) -> bool:
    """Whether this is a tuning run after the choice, which it cannot change any more."""
    if not run.tuning:
        return False
    plan = tuning_of(session, run.experiment_id)
    return plan is not None and plan.state == TuningState.CHOSEN
