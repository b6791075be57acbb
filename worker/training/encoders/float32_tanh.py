"""The hyperbolic tangent in float32, out of operations that every processor rounds alike.

A library's tanh has other bits on another processor. This one has additions, multiplications and a
division alone, so that compiled code (`lstm_kernels.c`) can have the same bits as NumPy.

tanh x = -e / (e + 2) with e = exp(-2|x|) - 1, which loses nothing near zero. exp(y) is 2^n exp(r),
with n the whole number that is nearest to y / ln 2. To add 1.5 x 2^23 rounds to whole numbers, and
leaves n in the lowest bits. exp(r) - 1 - r over |r| <= ln 2 / 2 is r^2 times a polynomial, with the
least largest error relative to exp(r) - 1, which is 1.3e-8. From |x| = 10 on tanh x is 1.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

LARGEST = np.float32(10)
PER_LN2 = np.float32(1.44269504)
ROUNDING = np.float32(12582912)
LN2 = np.float32(0.693359375), np.float32(-2.12194440e-4)  # the first times n is exact
SERIES = np.array(
    [0.00138825166, 0.00836654752, 0.0416672006, 0.166665435, 0.49999997], dtype=np.float32
)
ONE = np.int32(0x3F800000)  # as bits


def tanh(x: Floats, out: Floats) -> None:
    """Write tanh x to `out`, which may be `x`. It is at most 2.5 units in the last place off."""
    scaled = np.minimum(np.abs(x), LARGEST) * np.float32(-2)
    nearest = scaled * PER_LN2 + ROUNDING
    whole = nearest - ROUNDING
    rest = (scaled - whole * LN2[0]) - whole * LN2[1]
    series = np.full_like(rest, SERIES[0])
    for coefficient in SERIES[1:]:
        series = series * rest + coefficient
    series = rest + (rest * rest) * series
    power = ((nearest.view(np.int32) << 23) + ONE).view(np.float32)
    less_one = power * series + (power - np.float32(1))
    np.copysign(less_one / (less_one + np.float32(2)), x, out=out)
