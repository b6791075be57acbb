"""What the effects of tuned cells promise, in synthetic experiments with a known truth.

    python benchmarks/simulation_tuned_factors.py [--experiments 4000]

Two factors of two levels, and cells that are the same at every setting. Each is given the best of
its tuning runs, and its fresh seeds decide three effects as one family; noise, settings and the two
truths are those of `simulation_tuning.py`, and there is no margin. Choices and effects are those of
the functions that the service itself calls. Seeded: the same command prints the same table.
"""

import argparse
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from simulation import CONFIDENCE, LEVEL, TEST_PAIRS, table
from simulation_factors import design, sides
from simulation_tuning import BOWL, FLAT, SHALLOW, Curve, gap, run_values

from models.comparison.compare import adjusted_evidence
from models.comparison.inputs import ArmValues, ComparisonInput
from models.comparison.rule import DecisionRule
from models.comparison.verdict import decide
from models.tuning.choosing import choose

SEEDS = 12
SPEC = design(2, 2, effects="with_interactions")
RULE = DecisionRule("test.accuracy", None, CONFIDENCE)


def chosen_settings(
    curve: Curve, choices: int, tuning_seeds: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """The setting of each cell: [choices, cells]."""
    cells = len(SPEC.arms)
    noise = run_values(generator, (choices, tuning_seeds, cells * len(curve)))
    tried = noise.reshape(choices, tuning_seeds, cells, len(curve)) + np.array(curve)
    made = np.empty((choices, cells), dtype=np.int64)
    for number, one in enumerate(tried):
        for cell in range(cells):
            found = choose([dict(enumerate(column)) for column in one[:, cell].T.tolist()])
            assert found is not None
            made[number, cell] = found.setting
    return made


def simulate(curve: Curve, count: int, *, tuning_seeds: int, each_seed: bool) -> list[float]:
    """The shares of experiments with cells at different settings and with any `better` that is
    false of the chosen settings, of intervals over the truth, and of experiments with any `better`.
    With a choice for each seed the truth is that of the cells: no difference."""
    generator = np.random.default_rng(20_280 + tuning_seeds)
    made = chosen_settings(curve, count * (SEEDS if each_seed else 1), tuning_seeds, generator)
    made = made.reshape(count, -1, len(SPEC.arms))
    means = LEVEL + np.array(curve)[np.broadcast_to(made, (count, SEEDS, len(SPEC.arms)))]
    noise = run_values(generator, (count, SEEDS, len(SPEC.arms)))
    values = np.round((means + noise) * TEST_PAIRS) / TEST_PAIRS
    names = [arm.name for arm in SPEC.arms]
    cells = {name: values[..., at] for at, name in enumerate(names)}
    true = {name: means[..., at] for at, name in enumerate(names)}
    effects = SPEC.declared_effects
    judged = [sides(effect, cells) for effect in effects]
    truths = [np.subtract(*sides(effect, true)).mean(axis=1) for effect in effects]
    wrong = anything = held = 0
    for number in range(count):
        family = [
            ComparisonInput(_arm("a", a[number]), _arm("b", b[number]), RULE) for a, b in judged
        ]
        evidence = adjusted_evidence([family])
        of_chosen = [0.0 if each_seed else float(truth[number]) for truth in truths]
        said = [(decide(one), truth) for one, truth in zip(evidence, of_chosen, strict=True)]
        wrong += any(
            (verdict == "a_better" and truth < 1e-12) or (verdict == "b_better" and truth > -1e-12)
            for verdict, truth in said
        )
        anything += any(verdict != "undecided" for verdict, _ in said)
        for one, truth in zip(evidence, of_chosen, strict=True):
            held += one.bounds is not None and one.bounds[0] <= truth <= one.bounds[1]
    differently = float((made != made[..., :1]).any(axis=(1, 2)).mean())
    return [differently, wrong / count, held / (count * len(effects)), anything / count]


def _arm(name: str, values: NDArray[np.float64]) -> ArmValues:
    return ArmValues(name, dict(enumerate(values.tolist())))


def rows(count: int) -> Iterable[Sequence[str | float]]:
    curves = {
        "6 settings, all as good": FLAT,
        "6 settings, steep": BOWL,
        "6 settings, shallow": SHALLOW,
        "2 settings, 0.4 points apart": gap(0.004),
    }
    for name, curve in curves.items():
        yield [name, "2", *simulate(curve, count, tuning_seeds=2, each_seed=False)]
    for name in ("6 settings, shallow", "2 settings, 0.4 points apart"):
        found = simulate(curves[name], count, tuning_seeds=1, each_seed=True)
        yield [name, "1, for each seed", *found]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--experiments", type=int, default=4000)
    count = parser.parse_args().experiments
    table(
        f"{count} experiments a row, 2 x 2 cells that are the same, tuned, then {SEEDS} fresh "
        "seeds, in %. Promised: at most 5 of false `better` among the three effects, 94 to 96 of "
        "the intervals.",
        [
            "settings", "tuning seeds", "given different settings", "better, false of the chosen",
            "t interval", "better, false of the cells",
        ],
        rows(count),
    )  # fmt: skip


if __name__ == "__main__":
    main()
