"""Whether a chosen setting lies at the edge of what was tried, so that a better one may lie beyond.

At the edge of a grid is the lowest and the highest of the numbers of a field, where there are two
or more; words have no order. At the edge of a range is its outermost tenth at either end, on the
scale of the range: a Sobol sequence has no last point.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from models.specs.tuning import Setting, TuningSpec

OUTERMOST = 0.1  # share of a range that is its edge, at each end


def edges_of(tuning: TuningSpec, setting: Setting) -> tuple[str, ...]:
    """The pointers of the fields whose value in this setting is at the edge."""
    return tuple(name for name, value in setting.items() if _at_edge(tuning, name, value))


def mostly_at_edge(tuning: TuningSpec, chosen: Sequence[int]) -> tuple[str, ...]:
    """The pointers of the fields whose value is at the edge in at least half of these settings,
    given by their indexes: of one setting, those that `edges_of` gives."""
    found = Counter(
        name for index in chosen for name in edges_of(tuning, tuning.all_settings[index])
    )
    return tuple(name for name in tuning.fields if 2 * found[name] >= len(chosen) > 0)


def _at_edge(tuning: TuningSpec, pointer: str, value: Any) -> bool:
    if not _is_number(value):
        return False
    if tuning.grid is not None:
        numbers = [one for one in tuning.grid[pointer] if _is_number(one)]
        return len(numbers) > 1 and value in (min(numbers), max(numbers))
    assert tuning.ranges is not None  # a plan has a grid or ranges
    share = tuning.ranges[pointer].share_of(value)
    return not OUTERMOST < share < 1 - OUTERMOST


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
