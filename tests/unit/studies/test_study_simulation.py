"""What the verdict of a study promises, kept in simulated studies with a known truth.

Rates are held against alpha plus three Monte Carlo standard deviations, and draws are seeded.
`benchmarks/simulation_studies.py` has the tables.
"""

import math

import pytest

from support.studies import study as load_study

ALPHA, STUDIES = 0.05, 400
CEILING = ALPHA + 3 * math.sqrt(ALPHA * (1 - ALPHA) / STUDIES)

simulation = load_study("simulation_studies")


@pytest.mark.parametrize("noise", ["equal", "one in four is 4 times as precise"])
@pytest.mark.parametrize("tau", [0.0, 1.0])
def test_nothing_is_found_where_nothing_is_as_often_as_promised(noise: str, tau: float) -> None:
    found = simulation.simulated(STUDIES, data_sets=4, seeds=6, noise=noise, tau=tau)
    assert found.better <= CEILING
    assert found.covered >= 1 - CEILING
    assert found.predicted >= 1 - ALPHA - 3 * math.sqrt(0.07 * 0.93 / STUDIES) - 0.02
    if noise != "equal" and tau:
        assert found.weighted > found.better, "else the usual weights would do"


def test_equivalence_at_the_margin_is_as_rare_as_promised() -> None:
    rule, margin = simulation.RULE, simulation.MARGIN
    found = simulation.simulated(STUDIES, data_sets=8, tau=1.0, mean=margin, rule=rule)
    assert found.equivalent <= CEILING
    same = simulation.simulated(100, data_sets=8, tau=1.0, rule=rule)
    assert same.equivalent > 0.5, "else it would be no claim at all"
