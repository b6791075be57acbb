"""What a verdict on tuned arms promises, kept in thousands of synthetic experiments with a known
truth.

    python benchmarks/simulation_tuning.py [--experiments 4000]

As `simulation.py` has them: accuracies with sd 0.005 over the seeds, correlation 0.3 between the
runs of a seed, margin 0.005, confidence 0.95. Every setting of every arm is tried under a few
tuning seeds, the best is chosen (`models.tuning.choosing`), and fresh seeds decide
(`models.comparison.verdict`). Seeded: the same command prints the same tables. A share of 4,000 is
known to +-0.7 points (two standard errors, near 5 %).

There are two truths. *Of the chosen settings*: the difference of the two means that the fresh
seeds estimate; interval and verdict promise it, since these seeds chose nothing. *Of the arms*: the
difference of their best settings; where tuning cannot tell two settings apart, each arm may be
given another one by chance, and fresh seeds may then tell these apart. With a choice for each seed
(`each_seed`) that chance is part of the noise between the seeds, and the promise is of the arms.
"""

import argparse
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from simulation import CONFIDENCE, CORRELATION, LEVEL, MARGIN, SD, TEST_PAIRS, table

from models.comparison.evidence import gather_evidence
from models.comparison.inputs import ArmValues, ComparisonInput
from models.comparison.rule import DecisionRule
from models.comparison.verdict import decide
from models.tuning.choosing import choose

Curve = Sequence[float]
"""The true mean of each setting, less the level of all."""
Values = NDArray[np.float64]

FLAT: Curve = (0.0,) * 6
BOWL: Curve = (-0.07, -0.02, 0.0, -0.02, -0.07, -0.2)
SHALLOW: Curve = (-0.009, -0.003, 0.0, -0.003, -0.009, -0.02)


def gap(size: float) -> Curve:
    """Two settings, one of them so much worse."""
    return (0.0, -size)


@dataclass
class Found:
    """What came of a row of experiments, in shares."""

    verdicts: Counter[str]
    differently: float
    """The arms were given different settings."""
    false_of_chosen: float
    """`better` of the arm whose chosen setting is truly worse or as good."""
    covered: float
    """The interval holds the true difference of the chosen settings."""

    @property
    def better(self) -> float:
        return float(self.verdicts["a_better"] + self.verdicts["b_better"])


def run_values(generator: np.random.Generator, shape: tuple[int, ...]) -> Values:
    """Noise of runs (experiments, seeds, runs of a seed): runs of one seed share a part of it."""
    shared = generator.normal(size=(*shape[:2], 1))
    own = generator.normal(size=shape)
    return SD * (math.sqrt(CORRELATION) * shared + math.sqrt(1 - CORRELATION) * own)


def tuned(
    a: Curve, b: Curve, count: int, *, tuning_seeds: int, seeds: int, margin: float | None = MARGIN
) -> Found:
    """`count` experiments with these arms, from the tuning runs to the verdict."""
    generator = np.random.default_rng(20_261 + 100 * tuning_seeds + seeds)
    curves = np.array([a, b])
    tried = run_values(generator, (count, tuning_seeds, 2 * len(a)))
    tried = tried.reshape(count, tuning_seeds, 2, len(a)) + curves
    fresh = run_values(generator, (count, seeds, 2))
    choices = np.array([_choices(one) for one in tried])
    return judged(curves, np.repeat(choices[:, None], seeds, axis=1), fresh, margin)


def tuned_each_seed(
    curve: Curve, count: int, *, tuning_seeds: int, seeds: int, margin: float | None = MARGIN
) -> Found:
    """Two arms that are the same, with a choice for each seed."""
    generator = np.random.default_rng(20_262 + 100 * tuning_seeds + seeds)
    curves = np.array([curve, curve])
    tried = run_values(generator, (count * seeds, tuning_seeds, 2 * len(curve)))
    tried = tried.reshape(count * seeds, tuning_seeds, 2, len(curve)) + curves
    choices = np.array([_choices(one) for one in tried]).reshape(count, seeds, 2)
    fresh = run_values(generator, (count, seeds, 2))
    return judged(curves, choices, fresh, margin, truth=0.0)


def untuned(a: Curve, b: Curve, count: int, *, setting: int, seeds: int) -> Found:
    """The same arms, both at one setting."""
    fresh = run_values(np.random.default_rng(7_000 + seeds), (count, seeds, 2))
    return judged(np.array([a, b]), np.full((count, seeds, 2), setting), fresh, MARGIN)


def _choices(tried: Values) -> tuple[int, int]:
    """The settings chosen for both arms, from (tuning seeds, arms, settings)."""
    picked = []
    for of_arm in np.moveaxis(tried, 1, 0):
        found = choose([dict(enumerate(column.tolist())) for column in of_arm.T])
        assert found is not None
        picked.append(found.setting)
    return picked[0], picked[1]


def judged(
    curves: Values,
    choices: NDArray[np.int64],
    fresh: Values,
    margin: float | None,
    truth: float | None = None,
) -> Found:
    """Each experiment's verdict on its fresh seeds, from choices (experiments, seeds, arms), beside
    the `truth`: that of the settings that were chosen where none is given."""
    rule = DecisionRule("test.accuracy", margin, CONFIDENCE)
    found, differently, wrong, covered = Counter[str](), 0, 0, 0
    for chosen, noise in zip(choices, fresh, strict=True):
        means = LEVEL + np.stack([curves[arm, chosen[:, arm]] for arm in (0, 1)], axis=1)
        values = np.round((means + noise) * TEST_PAIRS) / TEST_PAIRS
        a, b = (
            ArmValues(name, dict(enumerate(column.tolist())))
            for name, column in zip("ab", values.T, strict=True)
        )
        evidence = gather_evidence(ComparisonInput(a, b, rule))
        verdict, bounds = decide(evidence), evidence.bounds
        true = float(means[0, 0] - means[0, 1]) if truth is None else truth
        found[verdict] += 1
        differently += bool((chosen[:, 0] != chosen[:, 1]).any())
        wrong += (verdict == "a_better" and true <= 0) or (verdict == "b_better" and true >= 0)
        covered += bounds is not None and bounds[0] <= true <= bounds[1]
    count = len(choices)
    shares = Counter({verdict: times / count for verdict, times in found.items()})
    return Found(shares, differently / count, wrong / count, covered / count)


def equal_arms(count: int) -> None:
    def rows() -> Iterable[Sequence[str | float]]:
        for name, curve in (
            ("6 settings, all as good", FLAT),
            ("6 settings, steep", BOWL),
            ("6 settings, shallow", SHALLOW),
            ("2 settings, 0.2 points apart", gap(0.002)),
            ("2 settings, 0.4 points apart", gap(0.004)),
            ("2 settings, 0.8 points apart", gap(0.008)),
        ):
            for tuning_seeds in (2, 3, 6):
                one = tuned(curve, curve, count, tuning_seeds=tuning_seeds, seeds=12)
                yield [
                    name,
                    str(tuning_seeds),
                    one.differently,
                    one.false_of_chosen,
                    one.covered,
                    one.better,
                ]

    table(
        "Two arms that are the same at every setting, each tuned, then 12 fresh seeds, in %. The "
        "first share of `better` is false of the settings that were chosen (promised: at most 5), "
        "the intervals are over their true difference (94 to 96). The last counts every `better`: "
        "all of them are false of the arms.",
        [
            "settings", "tuning seeds", "given different settings", "better, false of the chosen",
            "t interval", "better, false of the arms",
        ],
        rows(),
    )  # fmt: skip


def each_seed(count: int) -> None:
    def rows() -> Iterable[Sequence[str | float]]:
        for name, curve in (("steep", BOWL), ("shallow", SHALLOW)):
            for seeds in (6, 12):
                one = tuned_each_seed(curve, count, tuning_seeds=1, seeds=seeds)
                yield [f"6 settings, {name}", str(seeds), one.covered, one.better]
        one = tuned_each_seed(gap(0.004), count, tuning_seeds=1, seeds=12)
        yield ["2 settings, 0.4 points apart", "12", one.covered, one.better]

    table(
        "The same with a choice for each seed (one tuning seed each), in %: every `better` is "
        "false (promised: at most 5), and intervals are over no difference (94 to 96).",
        ["settings", "seeds", "t interval", "better, false of the arms"],
        rows(),
    )


def power(count: int) -> None:
    """Arms with different best settings: what either design says."""
    a = (-0.05, -0.015, 0.006, 0.01, -0.01, -0.1)
    b = (-0.02, 0.0, 0.0, -0.02, -0.07, -0.2)

    def rows() -> Iterable[Sequence[str | float]]:
        for seeds in (6, 12, 20):
            one = tuned(a, b, count, tuning_seeds=2, seeds=seeds)
            yield [f"tuned, 2 tuning seeds, then {seeds}", *_shares(one)]
        for seeds in (12, 24):
            one = untuned(a, b, count, setting=1, seeds=seeds)
            yield [f"at the setting that suits b, {seeds} seeds", *_shares(one)]
        one = untuned(a, b, count, setting=3, seeds=12)
        yield ["at the setting that suits a, 12 seeds", *_shares(one)]

    table(
        "Power, in %: at its best setting a is better than b at its own by 1 point, and at the "
        "setting that suits b it is worse by 1.5. Two arms with 6 settings and 2 tuning seeds cost "
        "24 runs more, which is what 12 seeds more cost the design that tunes nothing.",
        ["design", "a_better", "b_better", "equivalent", "undecided"],
        rows(),
    )


def _shares(one: Found) -> list[float]:
    return [one.verdicts[name] for name in ("a_better", "b_better", "equivalent", "undecided")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--experiments", type=int, default=4000)
    count = parser.parse_args().experiments
    print(f"{count} experiments for each figure.")
    equal_arms(count)
    each_seed(count)
    power(count)


if __name__ == "__main__":
    main()
