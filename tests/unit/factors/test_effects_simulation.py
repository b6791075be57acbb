"""The families of effects keep their promise in simulated experiments with a known truth.

Fewer of them than in `benchmarks/simulation_factors.py`; each rate is compared with the promise
plus three Monte Carlo standard deviations, and the draws are seeded.
"""

import math

import pytest

from models.comparison.inputs import ArmValues
from models.comparison.rule import DecisionRule
from models.factors.contrasts import compared_sides

from support.studies import study as load_study

study = load_study("simulation_factors")
EXPERIMENTS = 300
CEILING = 0.05 + 3 * math.sqrt(0.05 * 0.95 / EXPERIMENTS)


@pytest.mark.parametrize(
    ("levels", "more"),
    [
        ((2, 2), {}),
        ((2, 2), {"effects": "with_interactions"}),
        ((2, 2, 3), {"effects": "with_interactions"}),
        ((2, 2, 3), {"design": "one_at_a_time"}),
    ],
)
def test_a_false_better_among_all_declared_effects_stays_rare(
    levels: tuple[int, ...], more: dict[str, str]
) -> None:
    spec = study.design(*levels, **more)
    assert study.simulate(spec, EXPERIMENTS, 12).false_better <= CEILING
    one_true = study.simulate(spec, EXPERIMENTS, 12, true=2 * study.TRUE)
    assert one_true.false_better <= CEILING
    assert one_true.power is not None
    assert one_true.power > 0.5
    # intervals of one experiment share its seeds, hence the wide bounds
    assert 0.91 <= one_true.coverage <= 0.98


def test_without_holms_rule_a_false_better_would_be_common() -> None:
    """Each effect judged alone: the test above would notice."""
    spec = study.design(2, 2, 3, effects="with_interactions")
    assert study.simulate(spec, EXPERIMENTS, 12, together=False).false_better > CEILING


def test_the_sides_of_all_experiments_at_once_are_those_of_each() -> None:
    spec = study.design(2, 2, 3, effects="with_interactions")
    cells = study.drawn(spec, 3, 8, study.TRUE, study.NOISES["normal"])
    for effect in spec.declared_effects:
        a, b = study.sides(effect, cells)
        for number in range(3):
            values = {
                name: ArmValues(name, dict(enumerate(rows[number].tolist())))
                for name, rows in cells.items()
            }
            alone = compared_sides(effect, values, DecisionRule("test.accuracy", None, 0.95))
            assert [*alone.a.by_seed.values()] == pytest.approx(a[number].tolist(), abs=1e-14)
            assert [*alone.b.by_seed.values()] == pytest.approx(b[number].tolist(), abs=1e-14)
