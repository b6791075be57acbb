"""A word on arms whose learning rate is still rising when their training ends.

The schedule's default warm-up is the course's 400 steps, of its 1,400. Whoever asks for 300 steps
and leaves it there trains at another learning rate than the spec's `lr` says, and tunes it in vain.
"""

from api.experiments.views import SpecWarning
from models.specs.experiment import ExperimentSpec
from models.specs.training import Constant

NAMED = 4  # arms; of more, their number is told


def warm_up_warnings(spec: ExperimentSpec) -> list[SpecWarning]:
    """One warning for the arms of each warm-up that takes all of their steps; none where the
    schedule is tuned, since a setting then has its own."""
    if spec.tuning is not None and any(map(_is_of_schedule, spec.tuning.fields)):
        return []
    never: dict[tuple[int, int], list[str]] = {}
    for arm in spec.arms:
        own = spec.for_arm(arm.name)
        schedule = own.optimizer.schedule
        if not isinstance(schedule, Constant) and schedule.warmup_steps >= own.steps:
            never.setdefault((schedule.warmup_steps, own.steps), []).append(arm.name)
    return [
        SpecWarning(kind="long_warm_up", sentence=_sentence(*sizes, arms, len(spec.arms)))
        for sizes, arms in never.items()
    ]


def _is_of_schedule(pointer: str) -> bool:
    return pointer == "/optimizer" or pointer.startswith("/optimizer/schedule")


def _sentence(warmup: int, steps: int, arms: list[str], every: int) -> str:
    share = 100 * steps / (warmup + 1)
    if len(arms) == every:
        which = ""
    elif len(arms) > NAMED:
        which = f", in {len(arms)} of {every} arms"
    else:
        which = f", in {', '.join(arms)}"
    return (
        f"The learning rate rises over {warmup:,} steps, and there are {steps:,}{which}: the last "
        f"step has {share:.2g} % of `optimizer.lr`, and none has more. Set "
        "`optimizer.schedule.warmup_steps` far below `steps`."
    )
