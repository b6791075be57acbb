"""Times to an event to test with: published ones, and any that a run could have.

The published ones are the remission times, in weeks, of 42 children with leukaemia, 21 on
6-mercaptopurine and 21 on placebo (Freireich et al. 1963; Gehan 1965): the textbook example, whose
figures every package prints.
"""

import numpy as np
from hypothesis import strategies as st
from statsmodels.duration.survfunc import SurvfuncRight

from models.survival.schema import TimeToEvent

TREATED = [
    *((week, True) for week in (6, 6, 6, 7, 10, 13, 16, 22, 23)),
    *((week, False) for week in (6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35)),
]
PLACEBO = [
    (week, True) for week in (1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23)
]


def times_of(rows: list[tuple[int, bool]]) -> list[TimeToEvent]:
    return [TimeToEvent(step, reached, step) for step, reached in rows]


def by_seed(rows: list[tuple[int, bool]]) -> dict[int, TimeToEvent]:
    return dict(enumerate(times_of(rows)))


# few steps, so that ties between ends and censorings happen all the time
rows = st.lists(st.tuples(st.integers(1, 12), st.booleans()), min_size=1, max_size=12)


def followed(last: int) -> st.SearchStrategy[list[tuple[int, bool]]]:
    """Times of runs that were all followed to `last`, where the unfinished are censored."""
    step = st.integers(1, last)
    row = st.one_of(step.map(lambda one: (one, True)), st.just((last, False)))
    return st.lists(row, min_size=1, max_size=12)


def survfunc(rows: list[tuple[int, bool]]) -> SurvfuncRight:
    """statsmodels' own estimate."""
    times, status = zip(*rows, strict=True)
    return SurvfuncRight(np.array(times), np.array(status, dtype=int))
