"""From the values of cells to those of an effect, as the two sides of a comparison.

Under one seed all cells share the initial weights (as far as their networks are alike) and the
order of the batches, so a contrast of cells is taken within a seed, and the unit of evidence is its
value under one seed, as in a comparison of two arms: the same interval, tests, margin and looks
serve it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from models.comparison.inputs import ArmRuns, ArmValues, ComparisonInput, Tuned
from models.comparison.rule import DecisionRule
from models.comparison.schema import Role
from models.specs.factors import DeclaredEffect

CellsByName = Mapping[str, ArmValues]


def compared_sides(
    effect: DeclaredEffect,
    cells: CellsByName,
    rule: DecisionRule,
    *,
    expected_pairs: int | None = None,
    role: Role = "primary",
    awaited: int = 0,
) -> ComparisonInput:
    """The effect as side a, what is added, against side b, what is subtracted.

    A seed counts only if all cells of the effect have a value under it. For a factor that stands
    alone the sides are its two arms themselves.
    """
    first, *others = effect.contrasts
    added = [*first.added, *(name for one in others for name in one.subtracted)]
    subtracted = [*first.subtracted, *(name for one in others for name in one.added)]
    seeds = shared_seeds(effect, cells)
    a_name, b_name = side_names(effect)
    return ComparisonInput(
        _side(a_name, [cells[name] for name in added], seeds, effect.settings),
        _side(b_name, [cells[name] for name in subtracted], seeds, effect.settings),
        rule,
        expected_pairs,
        role,
        awaited=awaited,
    )


def shared_seeds(effect: DeclaredEffect, cells: CellsByName) -> list[int]:
    """The seeds under which every cell of the effect has a value, ascending."""
    return sorted(set.intersection(*(set(cells[name].by_seed) for name in effect.cells)))


def simple_differences(effect: DeclaredEffect, cells: CellsByName) -> tuple[tuple[float, ...], ...]:
    """The value of each contrast of the effect under each seed that counts."""
    seeds = shared_seeds(effect, cells)
    return tuple(
        tuple(
            _mean(contrast.added, cells, seed) - _mean(contrast.subtracted, cells, seed)
            for seed in seeds
        )
        for contrast in effect.contrasts
    )


def awaited_seeds(effect: DeclaredEffect, runs: Mapping[str, ArmRuns]) -> int:
    """How many seeds are still to come: those of all cells of the effect, of which a run has not
    ended and none has failed."""
    arms = [runs[name] for name in effect.cells]
    possible = set.intersection(*({*arm.metrics, *arm.awaited} for arm in arms))
    return len({seed for seed in possible if any(seed in arm.awaited for arm in arms)})


def side_names(effect: DeclaredEffect) -> tuple[str, str]:
    """What the sentence calls the two sides. An interaction compares two levels together with what
    their separate effects add up to."""
    levels = [f"{name}={level}" for name, level in zip(effect.factors, effect.levels, strict=True)]
    if effect.kind == "main":
        return levels[0], f"{effect.factors[0]}={effect.baselines[0]}"
    return f"the combination of {' and '.join(levels)}", "the sum of their separate effects"


def _side(name: str, cells: Sequence[ArmValues], seeds: Sequence[int], settings: int) -> ArmValues:
    values = {seed: math.fsum(cell.by_seed[seed] for cell in cells) / settings for seed in seeds}
    collapsed = frozenset.intersection(*(cell.collapsed for cell in cells))
    return ArmValues(name, values, collapsed, _tuned(cells))


def _tuned(cells: Sequence[ArmValues]) -> Tuned | None:
    """How the settings of these cells came about; None where that is not known of each."""
    known = [cell.tuned for cell in cells if cell.tuned is not None]
    if len(known) < len(cells):
        return None
    if len(known) == 1:
        return known[0]
    return replace(known[0], chosen=None, at_edge=(), cells=len(known))


def _mean(names: Sequence[str], cells: CellsByName, seed: int) -> float:
    return math.fsum(cells[name].by_seed[seed] for name in names) / len(names)
