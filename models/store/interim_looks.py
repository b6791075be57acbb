"""All SQL of the looks of an experiment that adds seeds until its verdict is decided.

The plan's rows are written with the experiment. A look is due when every run so far has ended.
**Any process may take a due look, and it is taken once**: the taker holds the experiment's row, so
a second one waits and then finds it taken. A look decides, adds the next runs, stops where these
would most likely decide nothing, or is the last.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import (
    CursorResult,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from models.comparison.declared_rule import declared_rule
from models.comparison.lines import NO_LINES
from models.comparison.rule import confidence_at
from models.comparison.schema import Comparison, Statistic
from models.comparison.sequential.futility import LastLook, is_futile, least_of, stays_undecided
from models.comparison.sequential.group_sequential import (
    ADDED_SENTENCE,
    futility_sentence,
    look_sentence,
    plan,
    questions,
)
from models.factors.looks import judged_alone
from models.factors.schema import Effect
from models.numbers_in_words import significant
from models.specs.experiment import ExperimentSpec
from models.specs.parse import stored_spec
from models.states import LookState
from models.store import events
from models.store.arm_values import arm_values
from models.store.experiment_states import has_active_runs, has_choice_left
from models.store.run_life.queueing import add_runs, runs_added
from models.store.tables import Experiment, Look, LookVerdict, Run
from models.store.tuning.plan import chosen_settings
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
            futile_above=look.futile_above,
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
    """The verdict of each look taken on each arm against the baseline, or on each effect, look by
    look."""
    query = select(LookVerdict).where(LookVerdict.experiment_id == experiment_id)
    return list(session.scalars(query.order_by(LookVerdict.number, LookVerdict.arm)))


def due(session: Session) -> list[str]:
    """Experiments with a look left whose runs have all ended, in order of creation; none whose
    settings are still to be chosen, since that adds the runs of the first look."""
    ended = ~has_active_runs(Look.experiment_id)
    query = select(Look.experiment_id).where(
        Look.state == LookState.PLANNED, ended, ~has_choice_left(Look.experiment_id)
    )
    return list(session.scalars(query.distinct().order_by(Look.experiment_id)))


def drop_looks(session: Session, experiment_id: str, now: datetime) -> None:
    """Take no more looks and add no more runs, as when the experiment is cancelled. Idempotent.

    Holds the experiment until the transaction ends, so that no runs are added while the caller
    cancels the existing ones.
    """
    hold(session, experiment_id)
    left = update(Look).where(Look.experiment_id == experiment_id, Look.state == LookState.PLANNED)
    dropped = session.execute(left.values(state=LookState.DROPPED))
    if isinstance(dropped, CursorResult) and dropped.rowcount:
        note_end(session, experiment_id, now)  # where every run has ended already


def plan_again(session: Session, experiment_id: str) -> None:
    """Undo what `drop_looks` did for a cancellation; does nothing where a look ended the plan.

    The two can be told apart: until a look ends the plan, there are runs of as many seeds as the
    next look needs, or of none where the settings were not chosen yet. Levels were fixed with the
    plan, so resuming it spends no further error. Where a person had asked for seeds up to a look,
    it is resumed up to that one.
    """
    hold(session, experiment_id)
    looks = looks_of(session, experiment_id)
    dropped = [look for look in looks if look.state == LookState.DROPPED]
    compared = (Run.experiment_id == experiment_id, ~Run.tuning)
    seeds = session.scalar(select(func.count(Run.seed.distinct())).where(*compared))
    if dropped and seeds in (0, dropped[0].pairs):
        asked = [look.number for look in dropped if look.asked_at is not None]
        resume(session, experiment_id, max(asked, default=dropped[-1].number))


def resume(session: Session, experiment_id: str, last: int) -> None:
    """Plan the looks again that were dropped, up to the look of the number `last`."""
    dropped = (Look.experiment_id == experiment_id, Look.state == LookState.DROPPED)
    again = update(Look).where(*dropped, Look.number <= last)
    session.execute(again.values(state=LookState.PLANNED))


def take_due_look(session: Session, experiment_id: str, now: datetime) -> list[Run]:
    """Take the next look if it is due: compare, then add the next runs or end the plan.

    Returns the added runs, to be announced after the commit; none where no look is due.
    """
    if not hold(session, experiment_id):
        return []
    looks = looks_of(session, experiment_id)
    look = next((one for one in looks if one.state == LookState.PLANNED), None)
    too_early = or_(has_active_runs(experiment_id), has_choice_left(experiment_id))
    if look is None or session.scalar(select(too_early)):
        return []
    row = session.get_one(Experiment, experiment_id)
    spec = stored_spec(row.spec, experiment_id)
    judged = _judge(session, row, spec, look, looks[-1])
    look.state, look.taken_at = LookState.TAKEN, now
    look.stays_undecided = least_of(judged.stays_undecided.values())
    _store(session, judged, look, looks)
    end = _why_it_ends(session, spec, look, looks)
    outcome = end or f"not decided, so there will be {looks[look.number].pairs} seeds"
    level = significant(look.level, 3)
    about = f"look {look.number} of {len(looks)} at {look.pairs} seeds, level {level}"
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
    return queue_seeds(session, experiment_id, spec, seeds, now)


def queue_seeds(
    session: Session, experiment_id: str, spec: ExperimentSpec, seeds: Sequence[int], now: datetime
) -> list[Run]:
    """Queue every arm under these seeds, at its chosen setting where it was tuned; the runs, to be
    announced after the commit."""
    chosen = chosen_settings(session, experiment_id)
    return runs_added(session, add_runs(session, experiment_id, spec, seeds, now, chosen))


def hold(session: Session, experiment_id: str) -> bool:
    """Hold the experiment's row until the transaction ends; False when there is none."""
    row = select(Experiment.id).where(Experiment.id == experiment_id)
    return session.scalar(row.with_for_update(key_share=True)) is not None


@dataclass(frozen=True, slots=True)
class _Judged:
    """What a look says, by arm or effect: the comparison with the baseline, or the effect, and, of
    those that are left undecided, the chance that they would be so at the last look too."""

    found: dict[str, Comparison | Effect]
    stays_undecided: dict[str, Statistic]


def _judge(
    session: Session, row: Experiment, spec: ExperimentSpec, look: Look, last: Look
) -> _Judged:
    """Judge every arm or effect that is not decided yet, at the level of this look."""
    rule = replace(declared_rule(spec), confidence=confidence_at(look.level))
    lines = row.lines.get(rule.metric, NO_LINES)
    values = arm_values(session, look.experiment_id, spec)
    judged = _Judged({}, {})
    for name in undecided(session, look.experiment_id, spec):
        found = judged_alone(spec, name, values, rule, lines)
        judged.found[name] = found
        if found.verdict == "undecided":
            n = len(found.pairs)
            at_last = LastLook(n + last.pairs - look.pairs, last.level, rule.equivalence_margin)
            stays = stays_undecided(found.mean_difference, found.sd_difference, n, at_last)
            judged.stays_undecided[name] = stays
    return judged


def _store(session: Session, judged: _Judged, look: Look, looks: Sequence[Look]) -> None:
    """Write the verdict of the look on each arm or effect; where it stops, those left open say
    why."""
    last, stops = looks[-1], is_futile(look.stays_undecided, look.futile_above)
    asked_for = any(one.asked_at is not None for one in looks[look.number - 1 :])
    for name, found in judged.found.items():
        sentence = look_sentence(found.sentence, look.number, last.number, look.pairs, look.level)
        if asked_for:
            sentence = f"{sentence} {ADDED_SENTENCE}"
        stays = judged.stays_undecided.get(name)
        if stops and stays is not None:
            sentence = f"{sentence} {futility_sentence(stays, last.pairs)}"
        session.add(
            LookVerdict(
                experiment_id=look.experiment_id,
                number=look.number,
                arm=name,
                pairs=len(found.pairs),
                mean_difference=found.mean_difference,
                sign_flip_p=found.sign_flip_p,
                equivalence_p=found.equivalence and found.equivalence.p,
                verdict=found.verdict,
                sentence=sentence,
            )
        )
    session.flush()


def undecided(session: Session, experiment_id: str, spec: ExperimentSpec) -> list[str]:
    """The arms, or effects, on which no look has decided; a later look never takes one back."""
    verdicts = verdicts_of(session, experiment_id)
    decided = {verdict.arm for verdict in verdicts if verdict.verdict != "undecided"}
    return [name for name in questions(spec) if name not in decided]


def _why_it_ends(
    session: Session, spec: ExperimentSpec, look: Look, looks: Sequence[Look]
) -> str | None:
    """Why the look that has just been taken ends the plan; None where it does not."""
    left, last = undecided(session, look.experiment_id, spec), looks[-1]
    if not left:
        return "decided"
    if look.number == last.number:
        return "not decided, and this was the last look"
    verdicts = verdicts_of(session, look.experiment_id)
    pairs = {verdict.arm: verdict.pairs for verdict in verdicts if verdict.number == look.number}
    if not any(pairs[name] for name in left):
        return "ended, since no seed has succeeded in every arm compared, and more would not help"
    stays = look.stays_undecided
    if stays is not None and is_futile(stays, look.futile_above):
        return f"not decided. {futility_sentence(stays, last.pairs)}"
    if looks[look.number].state == LookState.DROPPED:
        return "not decided, and seeds were asked for up to this look"
    return None
