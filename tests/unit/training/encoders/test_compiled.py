"""The compiled code gives what NumPy gives, bit by bit, and is used only where it is the present
one."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from models.specs.training import LstmEncoder
from worker.training.encoders import beginnings, compiled, lstm_compiled
from worker.training.encoders.beginnings import Beginnings, lay_out
from worker.training.encoders.build import build_encoder
from worker.training.encoders.initial import initial_weights
from worker.training.encoders.lstm_cells import Cells, TensorCells
from worker.training.encoders.lstm_compiled import CompiledCells, can_be_compiled
from worker.training.loop import train

from support.kernels import build, built_kernels
from support.questions import WORDS, gradient_of, questions
from support.training import figures, tiny_data, tiny_spec

CPU = torch.device("cpu")
alike = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=7), min_size=1, max_size=9)
numbers = st.floats(width=32, min_value=-12, max_value=12)


@contextmanager
def using(library: ctypes.CDLL | None) -> Iterator[None]:
    """Within this context the encoders use this compiled code, or none."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (beginnings, lstm_compiled):
            patch.setattr(module, "kernels", lambda: library)
        yield


def both_ways(kind: type[Cells], gates: Tensor, layout: Beginnings) -> list[Tensor]:
    """All that cells give on the way down and up, with a product that is made up."""
    with using(built_kernels()):
        cells = kind(gates, layout, sloped=True)
        for level in range(layout.levels):
            if level:
                torch.mul(
                    cells.heads_of(level - 1).repeat(1, 4), 1.5, out=cells.products_of(level - 1)
                )
            cells.advance(level)
        totals = cells.totals.clone()
        cells.begin_retreat(totals.sin())
        for level in reversed(range(layout.levels)):
            if layout.inner[level]:
                back = cells.grad_products_of(level).view(layout.inner[level], 4, -1).sum(dim=1)
                cells.grad_heads_of(level).copy_(back)
            cells.retreat(level)
    return [totals, cells.heads, cells.grad_products, cells.grad_projected]


@given(texts=alike, hidden=st.integers(1, 40), seed=st.integers(0, 9), scale=st.floats(0.1, 9))
@settings(deadline=None, max_examples=80)
def test_compiled_cells_have_the_bits_of_numpys(
    texts: list[list[int]], hidden: int, seed: int, scale: float
) -> None:
    layout = lay_out(questions(*texts), CPU)
    draw = np.random.default_rng(seed).normal(size=(len(layout.distinct), 4 * hidden)) * scale
    gates = torch.from_numpy(draw.astype(np.float32))
    slow, fast = (both_ways(kind, gates, layout) for kind in (TensorCells, CompiledCells))
    for one, other in zip(slow, fast, strict=True):
        assert torch.equal(one, other)


@given(gates=st.lists(numbers, min_size=4, max_size=4))
def test_compiled_gates_have_numpys_bits_whatever_they_are(gates: list[float]) -> None:
    layout = lay_out(questions([0]), CPU)
    values = torch.tensor([gates])
    slow, fast = (both_ways(kind, values, layout) for kind in (TensorCells, CompiledCells))
    assert torch.equal(slow[0], fast[0])
    assert torch.equal(slow[3], fast[3])


@pytest.mark.parametrize("depth", [1, 3, 32])
@given(texts=alike)
@settings(deadline=None, max_examples=40)
def test_the_compiled_layout_is_that_of_sorting(depth: int, texts: list[list[int]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(beginnings, "SHARED", depth)
        with using(None):
            expected = vars(lay_out(questions(*texts), CPU))
        with using(built_kernels()):
            found = vars(lay_out(questions(*texts), CPU))
    assert found.keys() == expected.keys()
    for name, value in found.items():
        assert np.array_equal(value, expected[name]), name


def test_many_words_are_laid_out_as_by_sorting() -> None:
    """So many that slots of the hash table are taken."""
    draws = np.random.default_rng(5)
    texts = [(draws.zipf(1.3, size=draws.integers(1, 50)) % 50_000).tolist() for _ in range(600)]
    layouts = []
    for library in (None, built_kernels()):
        with using(library):
            layouts.append(lay_out(questions(*texts), CPU))
    assert np.array_equal(layouts[0].tokens, layouts[1].tokens)
    assert np.array_equal(layouts[0].parents, layouts[1].parents)


def test_a_whole_training_has_the_same_bits_with_and_without_compiled_code() -> None:
    with using(None):
        expected = figures(list(train(tiny_spec(), "modified", 1, tiny_data())))
    with using(built_kernels()):
        assert figures(list(train(tiny_spec(), "modified", 1, tiny_data()))) == expected


def test_gradients_of_compiled_cells_are_those_of_float64() -> None:
    texts = [[word % 5, *range(word % 7)] for word in range(150)]
    spec = LstmEncoder(kind="lstm", embedding_dim=24, hidden_dim=24)
    gradients = []
    for double in (False, True):
        encoder = build_encoder(spec, initial_weights(spec, WORDS, 3))
        encoder = encoder.double() if double else encoder
        with using(built_kernels()):
            assert can_be_compiled(next(encoder.parameters())) != double
            vectors = encoder.encode(questions(*texts))
            (vectors * torch.arange(24).sin()).sum().backward()
        gradients.append([gradient_of(one) for one in encoder.parameters()])
    for found, exact in zip(*gradients, strict=True):
        assert (found - exact).norm() < 2e-6 * exact.norm()


def test_what_was_built_of_another_source_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built_kernels()  # or there is no compiler
    (file,) = build(tmp_path)
    changed = tmp_path / "kernels.c"
    changed.write_text(compiled.SOURCE.read_text() + "\n")
    monkeypatch.setattr(compiled, "SOURCE", changed)
    with pytest.warns(UserWarning, match=r"kernels\..* was built of another source: install again"):
        assert compiled.load(file) is None


def test_without_a_compiler_the_package_is_installed_all_the_same(tmp_path: Path) -> None:
    assert build(tmp_path, environment={"CC": "/absent/cc", "PATH": "/absent"}) == []
