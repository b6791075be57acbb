"""The simulation of programmes judges as the service does, and its rate is what is promised."""

import numpy as np
import pytest

from models.comparison.compare import compare
from models.programmes.levels import level

from support.studies import study as load_study

ALPHA = 0.05

simulation = load_study("simulation_programme")


def test_its_p_is_that_of_the_service() -> None:
    generator = np.random.default_rng(1)
    samples = generator.normal(loc=0.9, size=(40, 10))
    for sample, p in zip(samples, simulation.better_p(samples), strict=True):
        a, b = dict(enumerate(sample.tolist())), dict.fromkeys(range(10), 0.0)
        told = compare(
            a, b, a_name="a", b_name="b", metric="value", equivalence_margin=1e-9, confidence=0.95
        )
        own = told.multiplicity.p
        assert own is not None
        if told.reach is None and p <= ALPHA:
            assert p == pytest.approx(own, rel=1e-6)


@pytest.mark.parametrize("in_flight", [1, 3])
def test_its_levels_are_those_of_the_service(in_flight: int) -> None:
    made = simulation.drawn(simulation.Kind(0.4, seeds=10), programmes=5, questions=30)
    found, levels = simulation.discoveries(made.p, simulation.lord, in_flight)
    for own, given in zip(found, levels, strict=True):
        known: list[int] = []
        for start in range(0, 30, in_flight):
            for number in range(start + 1, start + in_flight + 1):
                assert given[number - 1] == pytest.approx(level(ALPHA, number, known), rel=2e-3)
            known += [start + in_flight] * int(own[start : start + in_flight].sum())


def test_few_discoveries_are_false() -> None:
    made = simulation.drawn(simulation.Kind(0.2, seeds=10), programmes=400, questions=100)
    found, _ = simulation.discoveries(made.p, simulation.lord, 1)
    assert 0 < simulation.false_rate(found, made.true) < ALPHA
    each, _ = simulation.discoveries(made.p, lambda _, known, __: np.full(len(known), ALPHA), 1)
    assert simulation.false_rate(each, made.true) > 2 * ALPHA
