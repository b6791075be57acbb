"""The learning rate of a step, counted from 1."""

import math
from typing import assert_never

from models.specs.training import Constant, Linear, OptimizerSpec, WarmupCosine, WarmupRsqrt


def learning_rate(optimizer: OptimizerSpec, step: int, steps: int) -> float:
    """The learning rate of step `step` of `steps`.

    `warmup_rsqrt` is trax/supervised/lr_schedules.py `warmup_and_rsqrt_decay(w, lr)`:
    lr step / (w + 1) up to step w + 1, then lr sqrt((w + 1) / step). `warmup_cosine` rises over
    its warm-up and falls along half a cosine that would reach 0 one step after the last. `linear`
    rises as that does, to step w + 1, and falls in a straight line: what PyTorch's two `LinearLR`
    give, from 1 / (w + 1) to 1 and from 1 to 0.
    """
    match optimizer.schedule:
        case Constant():
            factor = 1.0
        case WarmupRsqrt(warmup_steps=warmup):
            peak = warmup + 1
            factor = step / peak if step < peak else math.sqrt(peak / step)
        case WarmupCosine(warmup_steps=warmup):
            if step <= warmup:
                factor = step / (warmup + 1)
            else:
                done = (step - warmup) / max(1, steps - warmup + 1)
                factor = (1 + math.cos(math.pi * min(done, 1.0))) / 2
        case Linear(warmup_steps=warmup):
            rising = step <= warmup
            factor = step / (warmup + 1) if rising else (steps - step + 1) / (steps - warmup)
        case _:
            assert_never(optimizer.schedule)
    return optimizer.lr * factor
