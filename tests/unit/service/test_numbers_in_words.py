"""Numbers in sentences: digits that a person reads, and a minus sign that is one."""

from models.numbers_in_words import decimals, in_full, p_words, significant


def test_decimals_keep_what_they_would_round_away_and_drop_the_noise_of_sums() -> None:
    values = (0.12345, -0.1316, 0.00001, -0.000012, 1e-17, 0, 1234.5, None)
    assert [decimals(one) for one in values] == [
        "0.1235", "−0.1316", "0.00001", "−0.000012", "0", "0", "1,234.5000", "–"
    ]  # fmt: skip
    assert [decimals(one, sign="+") for one in (0.02, -0.02, 0)] == ["+0.0200", "−0.0200", "0"]


def test_digits_are_counted_from_the_first_and_no_exponent_is_written() -> None:
    values = (1550.0, 123456.7, 0.00012345, 9.9996, -0.5, None)
    assert [significant(one, 3) for one in values] == [
        "1,550", "123,457", "0.000123", "10", "−0.5", "–"
    ]  # fmt: skip
    assert significant(-1.5e30, 3) == decimals(-1.5e30) == "−1.500 × 10^30"


def test_a_p_value_is_three_digits_or_below_the_least_that_says_something() -> None:
    assert [p_words(one) for one in (0.03125, 1, 0.0001, 1.82e-12, None)] == [
        "0.0313", "1", "0.0001", "below 0.0001", "–"
    ]  # fmt: skip


def test_what_a_person_chose_is_written_in_full() -> None:
    assert [in_full(one) for one in (1e-8, 0.25, 1400, -0.5, 20)] == [
        "0.00000001", "0.25", "1,400", "−0.5", "20"
    ]  # fmt: skip
