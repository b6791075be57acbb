"""Several attempts in one process, whose trainings are one stack (`worker.training.stack`).

For GPUs, which the small networks of one run leave idle. Each run keeps its own attempt, figures,
checkpoints, cancel and failure. **What a worker stacks it always stacks, also a run that is
alone:** a run's bits depend on the stack's width, and a resume must give the same ones.
"""

import logging
from collections.abc import Callable, Sequence
from functools import partial

from models.settings import Settings
from models.store.tables import Run
from worker.attempts.claiming import Claimed
from worker.attempts.runner import Attempt
from worker.training.stack.loop import Broke, Member, Stack
from worker.training.stack.sharing import can_stack, shares_stack

_log = logging.getLogger(__name__)


def is_to_be_stacked(settings: Settings, claimed: Claimed) -> bool:
    """Whether this worker trains the run in a stack."""
    return settings.stack > 1 and can_stack(claimed.spec, claimed.run.arm)


def companions_of(first: Claimed) -> Callable[[Run], bool]:
    """Which runs of its experiment may be in one stack with this one."""
    spec, run = first.spec, first.run
    return lambda other: other.device == run.device and shares_stack(spec, run.arm, other.arm)


def carry_out_as_stack(attempts: Sequence[Attempt], *, width: int) -> None:
    """Train the runs of these attempts, of one experiment, to their ends."""
    try:
        _train(attempts, width)
    except Exception as error:  # nobody's own: the data, the device, or the arithmetic of all
        _log.exception("the stack broke")
        for attempt in attempts:
            if not attempt.over:
                attempt.guard(_raising(error))


def _train(attempts: Sequence[Attempt], width: int) -> None:
    device, data = attempts[0].device, attempts[0].load()
    members = [Member(one.run.arm, one.run.seed, one.checkpoints()) for one in attempts]
    stack = Stack(attempts[0].spec, members, data, width=width, device=device)
    for index, event in stack.events():
        attempt = attempts[index]
        if isinstance(event, Broke):
            over = attempt.guard(_raising(event.error))
        else:
            over = attempt.guard(partial(attempt.take, event, data, device))
        if over:
            stack.drop(index)


def _raising(error: Exception) -> Callable[[], bool]:
    def work() -> bool:
        raise error

    return work
