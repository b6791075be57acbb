"""Several attempts in one process, whose trainings are one stack (`worker.training.stack`).

Stacks are for GPUs, which the small network of one run leaves idle. Each run keeps its own attempt,
metrics, checkpoints, cancellation and failure. **A worker that stacks runs also stacks a run that
is alone:** a run's bits depend on the stack's width, and a resume must give the same bits.
"""

import logging
from collections.abc import Callable, Sequence
from functools import partial

from models.settings import Settings
from models.specs.tuned_arms import for_run
from models.store.tables import Run
from worker.attempts.claiming import Claimed
from worker.attempts.runner import Attempt
from worker.training.stack.loop import Failed, Stack
from worker.training.stack.sharing import can_stack, shares_stack

_log = logging.getLogger(__name__)


def is_to_be_stacked(settings: Settings, claimed: Claimed) -> bool:
    """Whether this worker trains the run in a stack."""
    return settings.stack > 1 and can_stack(claimed.spec.for_arm(claimed.run.arm))


def companions_of(first: Claimed) -> Callable[[Run], bool]:
    """A test for runs of its experiment: whether they may be in one stack with this one."""
    own = first.spec.for_arm(first.run.arm)

    def fits(other: Run) -> bool:
        spec = for_run(first.experiment, other.arm, other.setting)
        return other.device == first.run.device and shares_stack(own, spec.for_arm(other.arm))

    return fits


def train_as_stack(attempts: Sequence[Attempt], *, width: int) -> None:
    """Train the runs of these attempts, of one experiment, to their ends."""
    try:
        _train(attempts, width)
    except Exception as error:  # from what all share: the data, the device or the arithmetic
        _log.exception("the stack failed")
        for attempt in attempts:
            if not attempt.over:
                attempt.fail(error)


def _train(attempts: Sequence[Attempt], width: int) -> None:
    device, data = attempts[0].device, attempts[0].load()
    members = [attempt.member() for attempt in attempts]
    stack = Stack(attempts[0].spec, members, data, width=width, device=device)
    for index, event in stack.events():
        attempt = attempts[index]
        if isinstance(event, Failed):
            over = attempt.fail(event.error)
        else:
            over = attempt.guard(partial(attempt.take, event, data, device))
        if over:
            stack.drop(index)
