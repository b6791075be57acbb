"""Numbers as sentences, tables and reports write them: a real minus sign, and never an exponent."""

import math
from decimal import ROUND_HALF_UP, Decimal

MINUS = "−"
NOISE = 1e-9
"""What is smaller is the rounding of sums in double precision, and written as 0."""
HUGE = 1e15
"""Beyond, a double has no decimals, and its digits fill a line."""
SMALLEST_P = 0.0001
"""Below, the digits of a p value say nothing that its size does not."""


def decimals(value: float | None, places: int = 4, sign: str = "") -> str:
    """Write to so many decimals; to two digits where these would all be 0. `sign` "+" marks what
    is above 0; None is a dash."""
    if value is None or abs(value) < NOISE or abs(value) >= HUGE:
        return _without_digits(value)
    if abs(value) < 0.5 * 10**-places:
        return significant(value, 2, sign)
    return _signed(f"{_rounded(value, places):{sign},f}")


def significant(value: float | None, digits: int, sign: str = "") -> str:
    """Write to so many digits, of a number above them all those before the point."""
    if value is None or abs(value) < NOISE or abs(value) >= HUGE:
        return _without_digits(value)
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{_rounded(value, places):{sign},f}"
    return _signed(text.rstrip("0").rstrip(".") if "." in text else text)


def p_words(p: float | None) -> str:
    """Write a p value: 3 digits, or that it is below 0.0001."""
    if p is not None and p < SMALLEST_P:
        return "below 0.0001"
    return significant(p, 3)


def in_full(value: float) -> str:
    """Write a number that a person chose: 0.00001 and 1,400."""
    return significant(value, 12)


def _without_digits(value: float | None) -> str:
    """Write what has no digits to choose: None, what is as good as 0, and what is huge."""
    if value is None:
        return "–"
    if abs(value) < NOISE:
        return "0"
    digits, _, power = f"{value:.3e}".partition("e+")
    return _signed(f"{digits} × 10^{power}")


def _rounded(value: float, places: int) -> Decimal:
    """Round as scripts of the page do: a half goes up, and 0.03125 has the digits 0.0313."""
    return Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def _signed(text: str) -> str:
    return text.replace("-", MINUS)
