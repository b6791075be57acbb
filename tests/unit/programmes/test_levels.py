"""The levels of a programme: LORD++, against its formula written out, and its own bookkeeping."""

import random
from fractions import Fraction

import pytest

from models.programmes.levels import level

ALPHA = 0.05
ZETA = 2.285765665680129 - 1 - 2**-1.6 - 3**-1.6  # the sum of (t + 3)^-1.6


def slow_level(alpha: float, number: int, known_after: list[int]) -> float:
    """Term by term as the paper writes it: w g(t) + (alpha - w) g(t - r1) + alpha sum g(t - rj)."""
    w = 0.9 * alpha
    total: float = w * (1 / (number + 3) ** 1.6) / ZETA
    for j, after in enumerate(sorted(known_after), start=1):
        wait = number - after
        if wait < 1:
            continue
        gamma = (1 / (wait + 3) ** 1.6) / ZETA
        total += (alpha - w) * gamma if j == 1 else alpha * gamma
    return total


def history(draw: random.Random, questions: int) -> list[int]:
    """For each of some discoveries, how many questions had been asked when it was known: each
    later than its own question, and several may become known at once."""
    known = []
    for number in range(1, questions):
        if draw.random() < 0.3:
            known.append(min(number + draw.randrange(4), questions - 1))
    return known


@pytest.mark.parametrize("seed", range(20))
def test_levels_are_those_of_the_formula_written_out(seed: int) -> None:
    draw = random.Random(seed)
    for number in (1, 2, 7, 50, 200):
        known = history(draw, number)
        slow = slow_level(ALPHA, number, known)
        assert level(ALPHA, number, known) == pytest.approx(slow, rel=2e-3)
        assert level(ALPHA, number, known) <= slow


@pytest.mark.parametrize("seed", range(5))
def test_the_levels_never_add_up_to_more_than_the_discoveries_known_allow(seed: int) -> None:
    draw = random.Random(seed)
    known: list[int] = []
    spent = Fraction(0)
    for number in range(1, 400):
        spent += Fraction(level(ALPHA, number, known))
        assert spent <= Fraction(ALPHA) * max(1, len(known))
        known += [number] * draw.choice([0, 0, 0, 1, 2])


def test_a_discovery_raises_the_next_level_and_its_order_does_not_matter() -> None:
    assert level(ALPHA, 5, [4]) > level(ALPHA, 5, [2]) > level(ALPHA, 5, [])
    assert level(ALPHA, 9, [7, 3, 5]) == level(ALPHA, 9, [3, 5, 7])


def test_without_discoveries_the_levels_fade_and_are_nine_tenths_of_the_budget() -> None:
    levels = [level(ALPHA, number, []) for number in range(1, 2000)]
    assert levels == sorted(levels, reverse=True)
    assert levels[0] == 0.00625
    assert 0.95 * 0.9 * ALPHA < sum(levels) < 0.9 * ALPHA


def test_a_level_has_four_digits_and_is_rounded_down() -> None:
    for number in range(1, 300):
        given = level(ALPHA, number, [])
        assert given == float(f"{given:.4g}")
        assert given <= slow_level(ALPHA, number, [])
