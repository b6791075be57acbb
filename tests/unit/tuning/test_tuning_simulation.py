"""What a verdict on tuned arms promises, kept in simulated experiments with a known truth.

As in `test_verdict_simulation.py`, rates are held against alpha plus three Monte Carlo standard
deviations, and draws are seeded. `benchmarks/simulation_tuning.py` has the tables.
"""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from models.comparison.evidence import gather_evidence
from models.comparison.inputs import ArmValues, ComparisonInput
from models.comparison.rule import DecisionRule
from models.comparison.verdict import decide
from models.tuning.choosing import choose

ALPHA = 0.05
EXPERIMENTS = 600
CEILING = ALPHA + 3 * math.sqrt(ALPHA * (1 - ALPHA) / EXPERIMENTS)
SEEDS, SD = 8, 1.0
# no equivalence can hide a false `better`
RULE = DecisionRule("test.accuracy", 1e-9, 1 - ALPHA)
SHALLOW = np.array([-2.0, -0.6, 0.0, -0.6, -2.0])  # tuning often misses the best


def chosen(generator: np.random.Generator, tuning_seeds: int) -> int:
    tried = SHALLOW[:, None] + generator.normal(scale=SD, size=(len(SHALLOW), tuning_seeds))
    found = choose([dict(enumerate(values.tolist())) for values in tried])
    assert found is not None
    return found.setting


def judged(a: NDArray[np.float64], b: NDArray[np.float64], truth: float) -> tuple[bool, bool]:
    """Whether `better` is said of an arm that is not, and whether the interval holds the truth."""
    first, second = (
        ArmValues(name, dict(enumerate(v.tolist()))) for name, v in (("a", a), ("b", b))
    )
    evidence = gather_evidence(ComparisonInput(first, second, RULE))
    assert evidence.bounds is not None
    verdict = decide(evidence)
    wrong = (verdict == "a_better" and truth <= 0) or (verdict == "b_better" and truth >= 0)
    return wrong, evidence.bounds[0] <= truth <= evidence.bounds[1]


def test_fresh_seeds_judge_the_chosen_settings_as_promised() -> None:
    """Whatever chose them: the truth is the difference of the two settings that were chosen."""
    generator = np.random.default_rng(9)
    wrong = covered = differently = 0
    for _ in range(EXPERIMENTS):
        first, second = (chosen(generator, 2) for _ in "ab")
        a, b = (
            SHALLOW[setting] + generator.normal(scale=SD, size=SEEDS) for setting in (first, second)
        )
        said_wrong, holds = judged(a, b, float(SHALLOW[first] - SHALLOW[second]))
        wrong, covered = wrong + said_wrong, covered + holds
        differently += first != second
    assert differently > EXPERIMENTS / 3, "else nothing was chosen by chance"
    assert wrong / EXPERIMENTS <= CEILING
    assert covered / EXPERIMENTS >= 1 - CEILING


@pytest.mark.parametrize("tuning_seeds", [1, 2])
def test_with_a_choice_for_each_seed_equal_arms_are_called_different_as_rarely_as_promised(
    tuning_seeds: int,
) -> None:
    generator = np.random.default_rng(10 + tuning_seeds)
    wrong = covered = 0
    for _ in range(EXPERIMENTS):
        a, b = (
            np.array([SHALLOW[chosen(generator, tuning_seeds)] for _ in range(SEEDS)])
            + generator.normal(scale=SD, size=SEEDS)
            for _ in "ab"
        )
        said_wrong, holds = judged(a, b, 0.0)
        wrong, covered = wrong + said_wrong, covered + holds
    assert wrong / EXPERIMENTS <= CEILING
    assert covered / EXPERIMENTS >= 1 - CEILING
