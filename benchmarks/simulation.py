"""What the verdict promises, kept in thousands of synthetic experiments with a known truth.

    python benchmarks/simulation.py [--experiments 4000]

Accuracies of two arms over N seeds as they come out on the Quora question pairs: sd 0.005 over the
seeds, correlation 0.3 between the arms of a seed, in steps of 1/10,240, margin 0.005, confidence
0.95. The verdicts are those of `models.comparison.verdict`, by the functions that the service
itself calls. Seeded: the same command prints the same tables. A share of 4,000 is known to +-0.7
points (two standard errors, near 5 %).
"""

import argparse
import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from models.comparison.bca_bootstrap import bca_bootstrap
from models.comparison.crossed_bootstrap import arm_resamples, crossed_bootstrap
from models.comparison.evidence import Evidence, gather_evidence
from models.comparison.inputs import ArmValues, ComparisonInput
from models.comparison.paired_t import mean_and_sd
from models.comparison.resampled.drawing import RESAMPLES
from models.comparison.rule import DecisionRule
from models.comparison.verdict import decide

TEST_PAIRS = 10_240
SD, CORRELATION, MARGIN, CONFIDENCE = 0.005, 0.3, 0.005, 0.95
LEVEL, COLLAPSED = 0.74, 0.3768
SEEDS = (6, 8, 10, 12, 16, 20)

Values = NDArray[np.float64]
Arms = Callable[[np.random.Generator, tuple[int, int]], tuple[Values, Values]]
"""Draws [experiments, seeds] of both arms."""


def normal(difference: float = 0.0, sd: float = SD) -> Arms:
    def draw(generator: np.random.Generator, shape: tuple[int, int]) -> tuple[Values, Values]:
        shared, a, b = generator.normal(size=(3, *shape))
        own, together = math.sqrt(1 - CORRELATION), math.sqrt(CORRELATION)
        shared = together * shared
        return LEVEL + sd * (shared + own * a), LEVEL + sd * (shared + own * b)

    return shifted(draw, difference)


def heavy_tailed(generator: np.random.Generator, shape: tuple[int, int]) -> tuple[Values, Values]:
    """Student's t with 3 degrees in each arm, of the same sd."""
    a, b = generator.standard_t(3, size=(2, *shape)) / math.sqrt(3)
    return LEVEL + SD * a, LEVEL + SD * b


def skewed(generator: np.random.Generator, shape: tuple[int, int]) -> tuple[Values, Values]:
    """One arm with a long tail downwards, the other with hardly any noise; the same mean."""
    return LEVEL - SD * (generator.exponential(size=shape) - 1), np.full(shape, LEVEL)


def collapsing(chance: float, *, other: float = 0.0, compensated: bool = False) -> Arms:
    """Arm a collapses now and then, and b with chance `other`. Compensated: a is so much better
    the other times that the means are the same."""

    def draw(generator: np.random.Generator, shape: tuple[int, int]) -> tuple[Values, Values]:
        a, b = normal()(generator, shape)
        if compensated:
            a = a + chance * (LEVEL - COLLAPSED) / (1 - chance)
        a = np.where(generator.random(shape) < chance, COLLAPSED, a)
        return a, np.where(generator.random(shape) < other, COLLAPSED, b)

    return draw


def shifted(arms: Arms, difference: float) -> Arms:
    def draw(generator: np.random.Generator, shape: tuple[int, int]) -> tuple[Values, Values]:
        a, b = arms(generator, shape)
        return a + difference, b

    return draw


def experiments(arms: Arms, seeds: int, count: int) -> tuple[Values, Values]:
    """Accuracies of `count` experiments, on the grid of the test pairs: two of [count, seeds]."""
    a, b = arms(np.random.default_rng(20_260 + seeds), (count, seeds))
    return np.round(a * TEST_PAIRS) / TEST_PAIRS, np.round(b * TEST_PAIRS) / TEST_PAIRS


def verdicts(arms: Arms, seeds: int, count: int, margin: float | None = MARGIN) -> Counter[str]:
    """The share of each verdict."""
    found: Counter[str] = Counter()
    for a, b in zip(*experiments(arms, seeds, count), strict=True):
        found[decide(evidence(a, b, margin))] += 1
    return Counter({verdict: times / count for verdict, times in found.items()})


def evidence(a: Values, b: Values, margin: float | None) -> Evidence:
    rule = DecisionRule("test.accuracy", margin, CONFIDENCE)
    sides = (ArmValues(n, dict(enumerate(v.tolist()))) for n, v in (("a", a), ("b", b)))
    arm, baseline = sides
    return gather_evidence(ComparisonInput(arm, baseline, rule))


def better(found: Counter[str]) -> float:
    return float(found["a_better"] + found["b_better"])


def t_coverage(arms: Arms, seeds: int, count: int, truth: float) -> float:
    held = 0
    for a, b in zip(*experiments(arms, seeds, count), strict=True):
        bounds = evidence(a, b, MARGIN).bounds
        held += bounds is not None and bounds[0] <= truth <= bounds[1]
    return held / count


def bca_coverage(arms: Arms, seeds: int, count: int, truth: float) -> float:
    held = 0
    for a, b in zip(*experiments(arms, seeds, count), strict=True):
        differences = (a - b).tolist()
        found = bca_bootstrap(differences, mean_and_sd(differences)[1], CONFIDENCE).interval
        held += found is not None and found.low <= truth <= found.high
    return held / count


def crossed_coverage(seeds: int, count: int) -> float:
    """Of the true difference zero, with new seeds *and* new test pairs in every experiment.

    A pair's two correctnesses differ by a seed's part, a pair's part and their own; the variances
    are those of accuracies near 0.74 of which 15 % of the pairs are judged otherwise by the arms.
    A resampled mean over many pairs is normal, so it is drawn from its moments given the runs.
    """
    generator = np.random.default_rng(3)
    seed_sd = SD * math.sqrt(2 * (1 - CORRELATION))
    pair_sd, own_sd = 0.15, 0.35
    pairs = 500  # fewer than 10,240, at the same variances of the means
    shrink = math.sqrt(pairs / TEST_PAIRS)
    held = 0
    for _ in range(count):
        d = generator.normal(scale=seed_sd, size=(seeds, 1))
        d = d + generator.normal(scale=pair_sd * shrink, size=(1, pairs))
        d = d + generator.normal(scale=own_sd * shrink, size=(seeds, pairs))
        weights = generator.multinomial(pairs, np.full(pairs, 1 / pairs), size=RESAMPLES) / pairs
        means = np.concatenate([d @ weights.T, d.mean(axis=1, keepdims=True)], axis=1)
        found = crossed_bootstrap(
            arm_resamples(means), arm_resamples(np.zeros_like(means)), CONFIDENCE
        ).interval
        held += found is not None and found.low <= 0 <= found.high
    return held / count


def table(title: str, header: Sequence[str], rows: Iterable[Sequence[str | float]]) -> None:
    print(f"\n{title}\n")
    for row in (header, ["---"] * len(header), *rows):
        cells = [str(cell) if isinstance(cell, str) else f"{100 * cell:.1f}" for cell in row]
        print("| " + " | ".join(cells) + " |")


def promises(count: int) -> None:
    table(
        "What is promised, in %: at most 5.0 of false `better` and false `equivalent`, 94 to 96 of "
        "the intervals over the truth.",
        [
            "seeds", "better, no difference", "the same, were there no margin",
            "better, heavy tails", "equivalent, a true difference of the margin", "t interval",
            "BCa", "crossed",
        ],
        (
            [
                str(n),
                better(verdicts(normal(), n, count)),
                better(verdicts(normal(), n, count, margin=None)),
                better(verdicts(heavy_tailed, n, count, margin=None)),
                verdicts(normal(MARGIN), n, count)["equivalent"],
                t_coverage(normal(MARGIN), n, count, MARGIN),
                bca_coverage(normal(), n, count // 4, 0.0) if n >= 10 else "–",
                crossed_coverage(n, count // 8),
            ]
            for n in SEEDS
        ),
    )  # fmt: skip


def power(count: int) -> None:
    table(
        "Power, in %: `better` for a true difference of 0.5, 1 and 2 points, and `equivalent` for "
        "none (margin 0.5 points), by the arms' sd in points.",
        ["sd", "seeds", "0.5", "1", "2", "equivalent at 0"],
        (
            [
                f"{100 * sd:g}",
                str(n),
                *(
                    verdicts(normal(points / 100, sd), n, count)["a_better"]
                    for points in (0.5, 1, 2)
                ),
                verdicts(normal(0.0, sd), n, count)["equivalent"],
            ]
            for sd in (0.004, 0.005, 0.006)
            for n in (6, 10, 12, 20)
        ),
    )


def limits(count: int) -> None:
    def rows() -> Iterable[Sequence[str | float]]:
        for name, arms in (
            ("one arm with a long tail", skewed),
            ("both collapse in 10 %", collapsing(0.1, other=0.1)),
            ("a collapses in 5 %, made up for", collapsing(0.05, compensated=True)),
            ("a collapses in 20 %, made up for", collapsing(0.2, compensated=True)),
        ):
            yield [f"{name}: better", *(better(verdicts(arms, n, count, None)) for n in SEEDS)]
        for chance in (0.02, 0.05, 0.2):
            found = [verdicts(collapsing(chance), n, count) for n in SEEDS]
            name = f"a collapses in {100 * chance:g} %, else the same"
            yield [f"{name}: equivalent", *(one["equivalent"] for one in found)]
            yield [f"{name}: better", *(better(one) for one in found)]

    table(
        "What is not promised, in %. The first rows have the same mean in both arms, so every "
        "`better` is false of the means; in the last, a is worse on average by 0.7, 1.8 and 7 "
        "points.",
        ["", *(f"{n} seeds" for n in SEEDS)],
        rows(),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--experiments", type=int, default=4000)
    count = parser.parse_args().experiments
    print(f"{count} experiments for each figure; {count // 4} for BCa, {count // 8} for crossed.")
    promises(count)
    power(count)
    limits(count)


if __name__ == "__main__":
    main()
