"""Which seeds may be added to an experiment, and why no others: the error that was promised.

A person who asks for seeds has seen all values so far. What a design may still claim by mistake,
given these values, is its *conditional error*; any later design that claims no more often than that
keeps the promise of the first (Müller and Schäfer 2001, 2004), and no other does in general.

- **A fixed number of seeds.** The one verdict over them is known, so its conditional error is 1
  where it claims something and 0 where it does not: nothing can be added. Adding all the same says
  `better` in 8 % where nothing differs, and in 11 % the second time
  (`benchmarks/simulation_added_seeds.py`).
- **Planned looks that are left**, after a look that ended the plan for futility. Their levels were
  stored before the first run, as if no look ever ended a plan for that, so they are the conditional
  error, and going on is exact, whatever made the person ask. Looks are not moved, left out or added
  at the end, which would need the conditional error of t tests and sign flips as a number.
- **Nothing after a verdict** on every comparison, nor after the last look: all is spent.
- **One arm alone** claims nothing. Its intervals hold for the seeds there are; that they are added
  where the first are wide does not make them miss more often (the same benchmark).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.specs.experiment import ExperimentSpec
from models.specs.parse import stored_spec
from models.states import TERMINAL, LookState, RunState, TuningState
from models.store.experiment_states import current_state
from models.store.experiments import experiment
from models.store.interim_looks import looks_of, undecided
from models.store.reproducing.reproductions import is_reproduction
from models.store.tables import Look, Run
from models.store.tuning.plan import tuning_of

MOST = 1000
"""Seeds of one experiment, as in a spec."""

TRAINED_BY_RETRY = "A retry trains the planned seeds whose runs failed or were cancelled."


@dataclass(frozen=True, slots=True)
class MoreSeeds:
    """To how many seeds an experiment can be brought, and why to no others.

    `seeds` are those it has, `counts` the planned looks up to which more can be added, and `most`
    of one arm the number up to which any can be.
    """

    seeds: tuple[int, ...]
    counts: tuple[int, ...] = ()
    most: int | None = None
    sentence: str = ""

    @property
    def count(self) -> int:
        return len(self.seeds)


def more_seeds(session: Session, experiment_id: str) -> MoreSeeds:
    """What can be added now. Raises `NotFound`, and `Unreadable` for a spec of another version."""
    spec = stored_spec(experiment(session, experiment_id).spec, experiment_id)
    seeds, state = seeds_of(session, experiment_id), current_state(session, experiment_id)
    if is_reproduction(session, experiment_id):
        why = "It trains one run of another experiment again, and that run has one seed."
        return MoreSeeds(seeds, sentence=why)
    if spec.lone_arm is not None:
        return _of_one_arm(session, experiment_id, spec, seeds, ended=state[0] in TERMINAL)
    if spec.until_decided is None:
        return MoreSeeds(seeds, sentence=_why_not_to_fixed(*state))
    looks = looks_of(session, experiment_id)
    why_not = _why_not_at_looks(session, experiment_id, spec, looks, len(seeds))
    if why_not is not None:
        return MoreSeeds(seeds, sentence=why_not)
    counts = tuple(look.pairs for look in looks if look.state == LookState.DROPPED)
    return MoreSeeds(seeds, counts, sentence=_at_looks(counts, looks[-1].pairs))


def seeds_of(session: Session, experiment_id: str) -> tuple[int, ...]:
    """The seeds of its compared runs, ascending; none while its settings are to be chosen."""
    own = (Run.experiment_id == experiment_id, ~Run.tuning)
    return tuple(session.scalars(select(Run.seed).where(*own).distinct().order_by(Run.seed)))


def _of_one_arm(
    session: Session,
    experiment_id: str,
    spec: ExperimentSpec,
    seeds: tuple[int, ...],
    *,
    ended: bool,
) -> MoreSeeds:
    tuning = tuning_of(session, experiment_id)
    if not ended:
        return MoreSeeds(seeds, sentence="It goes on; seeds can be added once it has ended.")
    if spec.tuning is not None and spec.tuning.each_seed:
        why = "Every seed has a choice of its own, which was planned with the experiment."
        return MoreSeeds(seeds, sentence=why)
    if tuning is not None and tuning.state != TuningState.CHOSEN:
        why = "It ended before its settings were chosen; a retry goes on with the choice."
        return MoreSeeds(seeds, sentence=why)
    if len(seeds) >= MOST:
        return MoreSeeds(seeds, sentence=f"It has {MOST:,} seeds, the most that there may be.")
    sentence = (
        "One arm alone claims nothing that more seeds could make wrong, so any number can be added."
    )
    return MoreSeeds(seeds, most=MOST, sentence=sentence)


def _why_not_to_fixed(state: RunState, counts: dict[RunState, int]) -> str:
    if state not in TERMINAL:
        return (
            "It goes on with the number of seeds that was fixed before its first run. Whoever has "
            "seen some values may not choose that number anew: that makes a false claim likelier."
        )
    retry = f" {TRAINED_BY_RETRY}" if counts[RunState.FAILED] or counts[RunState.CANCELLED] else ""
    return (
        "Its number of seeds was fixed before its first run, and the one verdict over them has "
        "spent the whole error that was promised. Whoever adds seeds when that verdict is known, "
        f"and judges again, is wrong more often.{retry}"
    )


def _why_not_at_looks(
    session: Session, experiment_id: str, spec: ExperimentSpec, looks: Sequence[Look], seeds: int
) -> str | None:
    """Why no look can be planned again; None where some can."""
    if not undecided(session, experiment_id, spec):
        return "Every comparison is decided, and no later look may take a verdict back."
    if looks[-1].state == LookState.TAKEN:
        return "Its last planned look has been taken, and all of the error that was promised spent."
    dropped = [look for look in looks if look.state == LookState.DROPPED]
    if not dropped:
        return f"It goes on, and adds seeds by itself at its looks, up to {looks[-1].pairs}."
    cancelled = all(look.state != LookState.PLANNED for look in looks)
    if cancelled and seeds in (0, dropped[0].pairs):
        return (
            f"It was cancelled before look {dropped[0].number} of its plan; a retry goes on with "
            "the plan."
        )
    return None


def _at_looks(counts: Sequence[int], last: int) -> str:
    *others, final = (str(count) for count in counts)
    up_to = f"{', '.join(others)} or {final}" if others else final
    return (
        f"Seeds can be added up to a planned look: to {up_to}. Its level was stored before the "
        "first run, and every look on the way is taken, so the error stays what was promised, "
        f"whatever made you ask. After {last} seeds nothing is left of it."
    )
