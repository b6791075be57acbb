"""Batches for the tests of losses: from bare similarities, and from unit vectors."""

from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st
from torch import Tensor

from worker.training.losses.batch import Batch, batch_of

DTYPES = (torch.float32, torch.float64)


def batch(
    similarities: Tensor,
    *,
    excluded: Tensor | None = None,
    step: int | None = 1,
    seed: int | None = None,
    width: int = 8,
    owners: Tensor | None = None,
) -> Batch:
    """A batch with these similarities (B, B + m); it has no vectors, only their width."""
    own = torch.eye(*similarities.shape, dtype=torch.bool)
    first, second = (similarities.new_zeros(size, width) for size in similarities.shape)
    never = own if excluded is None else own | excluded
    return Batch(first, second, similarities, never, step, seed, owners=owners)


def unit_vectors(
    size: int, width: int = 6, dtype: torch.dtype = torch.float64, seed: int = 0
) -> Tensor:
    """Two times `size` random unit vectors of `width` dimensions."""
    generator = torch.Generator().manual_seed(seed)
    vectors = torch.randn(2, size, width, generator=generator, dtype=dtype)
    return torch.nn.functional.normalize(vectors, dim=2)


def random_batch(
    size: int, width: int = 6, dtype: torch.dtype = torch.float64, seed: int = 0, **options: Any
) -> Batch:
    first, second = unit_vectors(size, width, dtype, seed)
    return batch_of(first, second, step=1, **options)


def collapsed_batch(size: int = 16, width: int = 6, **options: Any) -> tuple[Batch, Tensor]:
    """Every question is the same vector, from which gradients can flow back."""
    vector = torch.full((size, width), width**-0.5, requires_grad=True)
    return batch_of(vector, vector, step=1, **options), vector


@st.composite
def similarity_matrices(draw: st.DrawFn) -> Tensor:
    """Random, tied, collapsed and all-masked batches: few distinct values make ties likely."""
    size = draw(st.integers(2, 7))
    values = st.one_of(
        st.sampled_from([-1.0, -0.5, 0.0, 0.25, 0.5, 1.0]),
        st.floats(-1, 1, width=32, allow_nan=False),
    )
    flat = draw(st.lists(values, min_size=size * size, max_size=size * size))
    return torch.tensor(flat, dtype=draw(st.sampled_from(DTYPES))).reshape(size, size)


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    """Batches of such similarities where some pairs are excluded besides the diagonal."""
    similarities = draw(similarity_matrices())
    size = len(similarities)
    some = st.lists(st.booleans(), min_size=size * size, max_size=size * size)
    excluded = draw(st.just([False] * size * size) | st.just([True] * size * size) | some)
    return batch(similarities, excluded=torch.tensor(excluded).reshape(size, size))


@st.composite
def batches_with_given(draw: st.DrawFn) -> Batch:
    """Such batches with negatives that are given: none of them, or several to one anchor."""
    of = draw(batches())
    size = len(of.similarities)
    owners = draw(st.lists(st.integers(0, size - 1), max_size=2 * size).map(sorted))
    values = st.sampled_from([-1.0, 0.0, 0.5, 1.0]) | st.floats(-1, 1, width=32)
    count = size * len(owners)
    flat = draw(st.lists(values, min_size=count, max_size=count))
    never = draw(st.lists(st.booleans(), min_size=count, max_size=count))
    further = torch.tensor(flat).to(of.similarities).view(size, -1)
    excluded = torch.tensor(never, dtype=torch.bool).view(size, -1)
    return batch(
        torch.cat((of.similarities, further), dim=1),
        excluded=torch.cat((of.excluded, excluded), dim=1),
        owners=torch.tensor(owners, dtype=torch.int64),
    )


def rows_of(numbers: Tensor) -> list[list[np.floating[Any]]]:
    """A matrix as lists of scalars in its own precision, for loops that a reader can check."""
    number = np.float32 if numbers.dtype == torch.float32 else np.float64
    return [[number(value) for value in row] for row in numbers.tolist()]


def tolerance_of(dtype: torch.dtype) -> float:
    return 1e-6 if dtype == torch.float32 else 1e-12
