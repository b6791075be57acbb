"""The means of cells, and of every two levels of two factors."""

from collections.abc import Sequence
from itertools import combinations, product

from models.comparison.paired_t import mean_and_sd
from models.comparison.summaries import summarise
from models.factors.contrasts import CellsByName
from models.factors.schema import Cell, FactorPair, PairMean
from models.specs.experiment import ExperimentSpec
from models.specs.factors import Factor


def cell_summaries(spec: ExperimentSpec, values: CellsByName) -> list[Cell]:
    """Every cell in the order of the design, over all its succeeded runs; none without factors."""
    factors = spec.factors or ()
    return [
        Cell(
            arm=name,
            levels={
                factor.name: factor.levels[level].name
                for factor, level in zip(factors, levels, strict=True)
            },
            summary=summarise(values[name].by_seed),
            collapsed=len(values[name].collapsed),
        )
        for name, levels in spec.cells.items()
    ]


def factor_pairs(spec: ExperimentSpec, values: CellsByName) -> list[FactorPair]:
    """Every two factors of a full design, with the mean of every two of their levels over the
    seeds under which all cells succeeded. One at a time, no two factors are varied together."""
    if spec.factors is None or spec.design != "full":
        return []
    seeds = sorted(set.intersection(*(set(values[name].by_seed) for name in spec.cells)))
    return [
        FactorPair(
            factors=(spec.factors[first].name, spec.factors[second].name),
            seeds=len(seeds),
            means=_means(spec, values, (first, second), seeds),
        )
        for first, second in combinations(range(len(spec.factors)), 2)
    ]


def _means(
    spec: ExperimentSpec, values: CellsByName, places: tuple[int, int], seeds: Sequence[int]
) -> tuple[PairMean, ...]:
    factors: Sequence[Factor] = spec.factors or ()
    first, second = places
    found = []
    for a, b in product(range(len(factors[first].levels)), range(len(factors[second].levels))):
        cells = [name for name, cell in spec.cells.items() if (cell[first], cell[second]) == (a, b)]
        mean, _ = mean_and_sd([values[name].by_seed[seed] for name in cells for seed in seeds])
        names = (factors[first].levels[a].name, factors[second].levels[b].name)
        found.append(PairMean(levels=names, mean=mean))
    return tuple(found)
