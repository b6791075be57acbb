"""The promise of `until_decided`, kept in simulated experiments with a known truth; small.

`benchmarks/simulation_until_decided.py` has the whole study; this runs its code with fewer draws.
"""

import numpy as np
import pytest

from support.comparison import from_differences
from support.studies import study as load_study

ALPHA = 0.05
EXPERIMENTS = 4000
CEILING = ALPHA + 3 * (ALPHA * (1 - ALPHA) / EXPERIMENTS) ** 0.5


study = load_study("simulation_until_decided")


@pytest.mark.parametrize("ends", [(6, 8), (6, 20), (9, 40)])
def test_without_a_difference_better_is_said_at_most_as_often_as_promised(
    ends: tuple[int, int],
) -> None:
    drawn = study.differences(0.0, EXPERIMENTS, ends[1], seed=1)
    # a margin so small that equivalence cannot hide a false `better`
    found = study.judge(drawn, study.looks_of(*ends), margin=1e-9)
    assert ALPHA / 3 < found.share("a_better", "b_better") <= CEILING


@pytest.mark.parametrize("ends", [(6, 8), (6, 20), (9, 40)])
def test_a_difference_of_the_margin_is_called_equivalent_at_most_as_often_as_promised(
    ends: tuple[int, int],
) -> None:
    # wide against the noise, so that TOST has the power to be wrong on this one side; and every
    # look counts, while the service stops at the first `better`
    margin = 8 * study.SD
    drawn = study.differences(margin, EXPERIMENTS, ends[1], seed=2)
    wrong = np.zeros(EXPERIMENTS, dtype=bool)
    for pairs, level in study.looks_of(*ends):
        found = study.verdicts_at(drawn[:, :pairs], level, margin)
        wrong |= found == study.VERDICTS.index("equivalent")
    assert ALPHA / 2 < wrong.mean() <= CEILING


def test_looking_as_often_at_the_whole_level_would_break_the_promise() -> None:
    """What the plan is for: the same looks, each at 5 %."""
    drawn = study.differences(0.0, EXPERIMENTS, 20, seed=3)
    looks = [(pairs, ALPHA) for pairs, _ in study.looks_of(6, 20)]
    found = study.judge(drawn, looks, margin=1e-9)
    assert found.share("a_better", "b_better") > 1.5 * ALPHA


def test_a_clear_difference_is_found_with_few_seeds() -> None:
    drawn = study.differences(0.02, 500, 40, seed=4)
    found = study.judge(drawn, study.looks_of(6, 40))
    assert found.share("a_better") > 0.99
    assert found.seeds.mean() < 12


def test_the_studys_rule_is_the_services_own() -> None:
    for pairs, level in study.looks_of(6, 15):
        for difference in (0.0, 0.004, 0.01):
            drawn = study.differences(difference, 40, pairs, seed=5)
            ours = study.verdicts_at(drawn, level, study.MARGIN)
            service = [
                from_differences(row, equivalence_margin=study.MARGIN, confidence=1 - level).verdict
                for row in drawn.tolist()
            ]
            assert [study.VERDICTS[each] for each in ours] == service


def test_the_sampled_sign_flip_p_is_close_to_the_exact_one() -> None:
    drawn = study.differences(0.003, 20, 16, seed=6)
    sampled = study.sign_flip_ps(drawn)
    exact = [study.sign_flip_p(row) for row in drawn.tolist()]
    assert np.abs(sampled - exact).max() < 4 * 0.5 / study.PATTERNS**0.5
