"""The hyperbolic tangent in float32, beside that of float64."""

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st

from worker.training.encoders.float32_tanh import tanh

Floats = npt.NDArray[np.float32]


def of(x: Floats) -> Floats:
    out = np.empty_like(x)
    tanh(x, out=out)
    return out


def every_so_many(step: int) -> Floats:
    """Every `step`-th of the floats from 0 to infinity, subnormal ones too."""
    return np.arange(0, 0x7F800001, step, dtype=np.int32).view(np.float32)


def test_it_is_within_three_units_in_the_last_place_of_the_exact_one() -> None:
    x = every_so_many(997)
    exact = np.tanh(x.astype(np.float64))
    unit = np.spacing(exact.astype(np.float32)).astype(np.float64)
    assert (np.abs(of(x) - exact) / unit).max() < 3


def test_it_is_odd_to_the_bit_and_ends_at_exactly_one() -> None:
    x = every_so_many(9973)
    assert (of(-x).view(np.int32) == (-of(x)).view(np.int32)).all()
    assert of(x).max() == 1
    assert of(np.array([9.5, 1e30, np.inf], dtype=np.float32)).tolist() == [1, 1, 1]


def test_what_is_not_a_number_stays_so() -> None:
    assert np.isnan(of(np.array([np.nan, -np.nan], dtype=np.float32))).all()


@given(value=st.floats(width=32, allow_nan=False))
def test_a_value_is_the_same_alone_among_others_and_in_place(value: float) -> None:
    many = np.full(37, value, dtype=np.float32)
    alone = of(many[:1])
    assert (of(many) == alone).all()
    tanh(many, out=many)
    assert (many == alone).all()
