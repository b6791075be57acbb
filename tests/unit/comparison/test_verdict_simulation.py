"""The promises of `models.comparison.verdict`, kept in simulated experiments with a known truth.

Each rate is compared with alpha plus three Monte Carlo standard deviations; the draws are seeded,
so a test is red only when the code changed.
"""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from models.comparison.evidence import Evidence, gather_evidence
from models.comparison.holm import holm
from models.comparison.inputs import ArmValues, ComparisonInput
from models.comparison.rule import DecisionRule
from models.comparison.verdict import decide

ALPHA = 0.05
EXPERIMENTS = 600
CEILING = ALPHA + 3 * math.sqrt(ALPHA * (1 - ALPHA) / EXPERIMENTS)

Noise = Callable[[np.random.Generator, int], NDArray[np.float64]]

NOISES: dict[str, Noise] = {
    "normal": lambda generator, n: generator.normal(size=n),
    "heavy-tailed": lambda generator, n: generator.standard_t(3, size=n),
    "skewed": lambda generator, n: generator.exponential(size=n) - 1,
}


def rates(
    noise: Noise, n: int, *, shift: float, margin: float, only_a: bool = False
) -> Counter[str]:
    """Share of each verdict over experiments where a is better than b by `shift`.

    Both arms share the seed's noise, and each has its own of the same shape (`only_a`: b has none).
    """
    generator = np.random.default_rng(2021)
    verdicts: Counter[str] = Counter()
    for _ in range(EXPERIMENTS):
        shared = noise(generator, n)
        a = shared + noise(generator, n) + shift
        b = shared if only_a else shared + noise(generator, n)
        verdicts[decide(evidence(a, b, margin))] += 1
    return Counter({verdict: count / EXPERIMENTS for verdict, count in verdicts.items()})


@pytest.mark.parametrize("n", [6, 10, 20])
@pytest.mark.parametrize("noise", NOISES.values(), ids=NOISES)
def test_without_a_difference_better_is_said_at_most_as_often_as_promised(
    noise: Noise, n: int
) -> None:
    # A margin so small that equivalence cannot hide a false `better`.
    found = rates(noise, n, shift=0.0, margin=1e-6)
    assert found["a_better"] + found["b_better"] <= CEILING


@pytest.mark.parametrize("n", [6, 20])
@pytest.mark.parametrize("noise", NOISES.values(), ids=NOISES)
def test_a_difference_of_the_margin_is_called_equivalent_at_most_as_often_as_promised(
    noise: Noise, n: int
) -> None:
    # Wide against the noise, so that TOST has the power to be wrong on this one side.
    assert rates(noise, n, shift=8.0, margin=8.0)["equivalent"] <= CEILING


def test_a_big_difference_is_found() -> None:
    assert rates(NOISES["normal"], 10, shift=5.0, margin=0.5)["a_better"] > 0.99
    assert rates(NOISES["normal"], 10, shift=-5.0, margin=0.5)["b_better"] > 0.99


def test_equivalence_is_found_under_a_generous_margin() -> None:
    assert rates(NOISES["normal"], 10, shift=0.0, margin=3.0)["equivalent"] > 0.95


def test_the_tests_themselves_have_power_close_to_the_promise() -> None:
    """A rule that never decides would pass the ceilings: the rate must also be near alpha."""
    found = rates(NOISES["normal"], 20, shift=0.0, margin=1e-6)
    assert found["a_better"] + found["b_better"] > ALPHA / 2
    assert rates(NOISES["normal"], 20, shift=8.0, margin=8.0)["equivalent"] > ALPHA / 2


@pytest.mark.parametrize("n", [6, 8, 10, 16])
def test_one_arm_with_a_long_tail_is_called_better_as_rarely_as_promised(n: int) -> None:
    found = rates(NOISES["skewed"], n, shift=0.0, margin=1e-6, only_a=True)
    assert ALPHA / 3 < found["a_better"] + found["b_better"] <= CEILING


@pytest.mark.parametrize("n", [6, 12])
def test_the_interval_holds_the_truth_as_often_as_it_says(n: int) -> None:
    generator = np.random.default_rng(7)
    held = 0
    for _ in range(EXPERIMENTS):
        bounds = evidence(generator.normal(size=n) + 3.0, np.zeros(n)).bounds
        assert bounds is not None
        held += bounds[0] <= 3.0 <= bounds[1]
    assert abs(held / EXPERIMENTS - 0.95) <= CEILING - ALPHA


def test_one_false_better_among_several_arms_is_as_rare_as_promised() -> None:
    """Four arms alike, so six comparisons in a document: each alone would say better in 5 %."""
    generator = np.random.default_rng(8)
    alone = among = 0
    for _ in range(EXPERIMENTS):
        arms = generator.normal(size=(4, 12))
        pairs = [evidence(arms[i], arms[j]) for i in range(4) for j in range(i)]
        adjusted = holm([pair.p for pair in pairs])
        verdicts = [
            decide(replace(pair, family=6, holm_p=p))
            for pair, p in zip(pairs, adjusted, strict=True)
        ]
        alone += any(decide(pair) != "undecided" for pair in pairs)
        among += any(verdict != "undecided" for verdict in verdicts)
    assert alone / EXPERIMENTS > 2 * CEILING
    assert ALPHA / 4 < among / EXPERIMENTS <= CEILING


def evidence(a: NDArray[np.float64], b: NDArray[np.float64], margin: float = 1e-6) -> Evidence:
    rule = DecisionRule("test.accuracy", margin, 1 - ALPHA)
    modified, vanilla = (
        ArmValues(n, dict(enumerate(v.tolist()))) for n, v in (("modified", a), ("vanilla", b))
    )
    return gather_evidence(ComparisonInput(modified, vanilla, rule))
