"""Metrics, verdicts and levels in words: short, and never more certain than they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.result_words import interaction_verdict, level_words, short_verdict, verdict_words


@pytest.mark.parametrize(
    ("confidence", "words"),
    [
        (0.95, "95 %"),
        (0.9, "90 %"),
        (0.975, "97.5 %"),
        (0.982171, "98.2 %"),
        (0.999166, "99.917 %"),
        (0.99, "99 %"),
        (0.845, "85 %"),  # 84.5 goes up, as in numbers of sentences and of the page
    ],
)
def test_a_level_is_told_to_two_digits_of_what_it_leaves_out(confidence: float, words: str) -> None:
    assert level_words(confidence) == words


@given(st.floats(0.5, 1 - 1e-6))
def test_no_level_is_told_as_certainty_or_far_from_itself(confidence: float) -> None:
    told = float(level_words(confidence).removesuffix(" %"))
    assert told < 100
    assert abs(told - 100 * confidence) <= 0.051 * 100 * (1 - confidence)


def test_a_verdict_names_the_arm_that_does_better() -> None:
    assert short_verdict("a_better", "modified", "vanilla") == "modified better"
    assert short_verdict("b_better", "modified", "vanilla") == "vanilla better"
    assert short_verdict("equivalent", "modified", "vanilla") == "equivalent"
    assert verdict_words("b_better", "modified", "vanilla") == "vanilla does better than modified"
    assert verdict_words("undecided", "m", "v") == "m against v: undecided"


def test_an_interaction_names_no_arm() -> None:
    assert interaction_verdict("a_better") == "better together"
    assert interaction_verdict("b_better") == "worse together"
    assert interaction_verdict("undecided") == "undecided"
