"""One arm with a long tail is called better in at most 5 %, in simulated experiments; small.

`benchmarks/simulation_tails.py` has the whole study. The rule is that of
`benchmarks/simulation_until_decided.py` for all experiments at once, which
`test_group_sequential_simulation.py` holds against the service's own.
"""

import math

import numpy as np
import pytest

from support.studies import study as load_study

ALPHA = 0.05
EXPERIMENTS = 30_000
CEILING = ALPHA + 3 * math.sqrt(ALPHA * (1 - ALPHA) / EXPERIMENTS)
NO_MARGIN = 1e-9  # so small that `equivalent` cannot hide a false `better`

rule = load_study("simulation_until_decided")


def exponential(pairs: int) -> np.ndarray:
    """Differences of mean zero with a tail below: [experiments, pairs]."""
    return 1 - np.random.default_rng(pairs).exponential(size=(EXPERIMENTS, pairs))


def better(verdicts: np.ndarray) -> float:
    said = [rule.VERDICTS.index(one) for one in ("a_better", "b_better")]
    return float(np.isin(verdicts, said).mean())


@pytest.mark.parametrize("pairs", [6, 7, 8, 10, 12, 14])
def test_with_any_number_of_seeds(pairs: int) -> None:
    drawn = exponential(pairs)
    assert ALPHA / 2 < better(rule.verdicts_at(drawn, ALPHA, NO_MARGIN)) <= CEILING
    assert better(rule.verdicts_at(drawn, ALPHA, NO_MARGIN, plain=True)) > CEILING


def test_through_looks() -> None:
    drawn, looks = exponential(20), rule.looks_of(6, 20)
    assert better(rule.judge(drawn, looks, NO_MARGIN).verdict) <= CEILING
    assert better(rule.judge(drawn, looks, NO_MARGIN, plain=True).verdict) > CEILING


def test_the_cost_under_normal_noise_is_bounded() -> None:
    """In power for a difference of 1.4 sds; what the module says of it."""
    for pairs, most in ((6, 0.075), (8, 0.09), (10, 0.035), (12, 0.012)):
        drawn = np.random.default_rng(pairs).normal(1.4, 1.0, size=(4_000, pairs))
        plain, ours = (
            better(rule.verdicts_at(drawn, ALPHA, NO_MARGIN, plain=each)) for each in (True, False)
        )
        assert 0 < plain - ours < most
