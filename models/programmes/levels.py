"""LORD++: the level of each question of a programme, from the discoveries before it.

Of the claims `better` of a programme, at most the share alpha are false on average, however many
questions are asked and wherever one stops (the false discovery rate). A level is what one question
may spend on a false `better`. Each discovery earns what later questions may spend; without any, the
levels fade.

**The rule** is LORD++ (Ramdas, Yang, Wainwright and Jordan 2017, which improves on LORD of
Javanmard and Montanari 2018). With weights g(1), g(2), … that add up to 1, and r(j) the question
after which the j-th discovery was known, question t has the level

    w g(t) + (alpha - w) g(t - r(1)) + alpha (g(t - r(2)) + g(t - r(3)) + …)

with w = 0.9 alpha, where g is 0 unless its argument is positive. **Questions that are not decided
when another one is asked count as no discoveries until they are**: r(j) is the number of questions
that had been asked when the verdict became known, which is the asynchronous form of Zrnic, Ramdas
and Jordan (2021). No level is ever changed afterwards.

Why it holds: after any number of questions the levels add up to at most alpha times the discoveries
known (and at least one), which is what the estimate of the false share rests on. So rounding a
level down keeps the promise too.

**What is promised** is for questions whose chance of a false `better`, given what was known when
they were asked, is at most their level: fresh seeds in each. Experiments that share seeds and a
baseline share its luck; `benchmarks/README.md` has what that costs.
"""

import math
from collections.abc import Sequence

DECAY, SHIFT = 1.6, 3
"""g(t) falls as (t + 3)^-1.6: the exponent is that of the simulations of Ramdas, Zrnic, Wainwright
and Jordan (2018). No p of a few seeds is below 2/2^N, so levels must not fall below that at once;
the weights were chosen by `benchmarks/simulation_programme.py`."""
WHOLE = 0.7834614021
"""The sum of (t + 3)^-1.6 over all t (Hurwitz's zeta at 1.6 and 4), rounded up."""
FIRST = 0.9
"""The share of alpha that is spent without any discovery."""
DIGITS = 4
"""Significant digits of a level; more would be rounded down."""


def level(alpha: float, number: int, known_after: Sequence[int]) -> float:
    """The level of question `number`, counted from 1.

    `known_after` is, for each discovery, how many questions had been asked when it became known:
    each below `number`.
    """
    first = FIRST * alpha
    earned = [alpha - first, *[alpha] * len(known_after)]
    waits = [number - after for after in sorted(known_after)]
    whole = first * _weight(number) + sum(
        share * _weight(wait) for share, wait in zip(earned, waits, strict=False)
    )
    return rounded_down(whole)


def _weight(wait: int) -> float:
    return (wait + SHIFT) ** -DECAY / WHOLE if wait > 0 else 0.0


def rounded_down(value: float) -> float:
    """A positive value with `DIGITS` significant digits, never larger than it was."""
    step = 10.0 ** (math.floor(math.log10(value)) - DIGITS + 1)
    return float(f"{math.floor(value / step) * step:.{DIGITS}g}")
