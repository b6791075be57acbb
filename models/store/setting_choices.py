"""Choosing the setting of each arm, once every tuning run has ended; before that, with halving,
those that go on.

**Any process may make a choice that is due, and it is made once**: whoever makes it holds the
experiment's row, so a second one waits and then finds it made. What is chosen follows from the rows
alone, so it is the same whoever chooses, and whatever was killed before.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.specs.experiment import ExperimentSpec
from models.specs.parse import stored_spec
from models.specs.tuning import Setting, TuningSpec
from models.states import TuningState
from models.store import events
from models.store.experiment_states import has_active_runs
from models.store.interim_looks import drop_looks, hold
from models.store.run_life.queueing import add_runs, runs_added
from models.store.tables import Experiment, Run, Tuning
from models.store.tuning.halving import go_on, ranked_at_stop, settings_left, stop_of
from models.store.tuning.plan import store_choice, tuning_of
from models.store.tuning.values import tuning_values
from models.store.webhooks.deliveries import note_end
from models.tuning.choosing import Chosen


def make_due_choice(session: Session, experiment_id: str, now: datetime) -> list[Run]:
    """Choose the setting of each arm if that is due, and queue the runs of the comparison; at a
    stop of halving, queue those tuning runs again whose settings go on.

    Returns the queued runs, to be announced after the commit; none where no choice is due, or where
    an arm has no setting to choose: then the experiment ends, with the reason in its `Tuning`.
    """
    if not hold(session, experiment_id):
        return []
    plan = tuning_of(session, experiment_id)
    if plan is None or plan.state != TuningState.PLANNED:
        return []
    if session.scalar(select(has_active_runs(experiment_id))):
        return []
    spec = stored_spec(session.get_one(Experiment, experiment_id).spec, experiment_id)
    assert spec.tuning is not None  # its plan is of this spec
    runs = list(session.scalars(select(Run).where(Run.experiment_id == experiment_id, Run.tuning)))
    best = ranked_at_stop(spec, tuning_values(session, experiment_id, spec), runs)
    missing = [arm.name for arm in spec.arms if arm.name not in {name for name, _ in best}]
    if missing:
        _fail(session, plan, _why_none(spec, missing), now)
        return []
    left = settings_left(spec, stop_of(runs))
    if left is not None:
        kept = {place: own[:left] for place, own in best.items()}
        told = _told_of_stop(spec.tuning, stop_of(runs), left)
        events.record(session, experiment_id=experiment_id, kind="choice", message=told, now=now)
        return go_on(session, spec, runs, kept, now)
    made = {place: own[0] for place, own in best.items()}
    store_choice(session, plan, made, now)
    about = _told(spec.tuning, made)
    events.record(session, experiment_id=experiment_id, kind="choice", message=about, now=now)
    settings = {place: one.setting for place, one in made.items()}
    added = add_runs(session, experiment_id, spec, spec.seeds.at_start(), now, settings)
    return runs_added(session, added)


def _told_of_stop(tuning: TuningSpec, stop: int, left: int) -> str:
    each = " under each seed" if tuning.each_seed else ""
    return (
        f"at step {stop} the best {left} settings of each arm{each} by {tuning.choose_by} go on, "
        "and the others are left out"
    )


def _fail(session: Session, plan: Tuning, reason: str, now: datetime) -> None:
    plan.state, plan.reason = TuningState.FAILED, reason
    session.flush()
    events.record(session, experiment_id=plan.experiment_id, kind="choice", message=reason, now=now)
    drop_looks(session, plan.experiment_id, now)
    note_end(session, plan.experiment_id, now)


def _why_none(spec: ExperimentSpec, arms: list[str]) -> str:
    assert spec.tuning is not None
    count = spec.tuning_run_count // len(spec.arms)
    return (
        f"No setting could be chosen for {' and '.join(arms)}: none of the {count} tuning runs "
        f"succeeded with a {spec.tuning.choose_by}. Read why they failed; then retry the "
        "experiment, or send it again with other settings."
    )


def _told(tuning: TuningSpec, made: Mapping[tuple[str, int | None], Chosen]) -> str:
    parts = []
    for arm in dict.fromkeys(arm for arm, _ in made):
        own = [one for (name, _), one in made.items() if name == arm]
        if not tuning.each_seed:
            words = in_words(tuning.all_settings[own[0].setting])
            parts.append(f"{arm} takes {words} ({own[0].mean:.4f})")
            continue
        often = Counter(one.setting for one in own)
        settings = (
            f"{in_words(tuning.all_settings[setting])} under {times} of {len(own)} seeds"
            for setting, times in sorted(often.items())
        )
        parts.append(f"{arm} takes {', '.join(settings)}")
    return f"settings chosen by {tuning.choose_by}: {'; '.join(parts)}"


def in_words(setting: Setting) -> str:
    """A setting in one line: `/optimizer/lr 0.01, /loss/margin 0.25`."""
    return ", ".join(f"{pointer} {value}" for pointer, value in setting.items())
