"""An LSTM over questions that returns, for each, the sum of its outputs over time.

PyTorch's own layer would compute on padding, and keep every output only to be summed. Here the
questions are a tree of their beginnings (`beginnings.py`): a time step is one matrix product over
the nodes of a level that have children, the input projection is done once for each distinct token,
and the gradients of the weights are one product each at the end. Equations and gate order
(i, f, g, o) are those of `torch.nn.LSTM` with a single bias; Hochreiter & Schmidhuber 1997, with
the forget gate of Gers et al. 2000. What is done node by node is in `lstm_cells.py`.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from worker.training.data import Questions
from worker.training.encoders.beginnings import Beginnings, lay_out
from worker.training.encoders.encoder import TokenEncoder
from worker.training.encoders.lstm_cells import Cells, TensorCells, halved
from worker.training.encoders.lstm_compiled import CompiledCells, can_be_compiled

ROWS_AT_ONCE = 256
"""At the usual width the gradients of so many nodes' gates are 512 KiB."""


class LstmMeanEncoder(TokenEncoder):
    """The mean over time of an LSTM's outputs."""

    weight_ih: Tensor
    weight_hh: Tensor
    bias: Tensor
    shares_beginnings = True

    def means(self, questions: Questions) -> Tensor:
        layout = lay_out(questions, self.embedding.device)
        embedded = self.embedded(layout.tensor(layout.distinct))
        total = lstm_sum(embedded, self.weight_ih, self.weight_hh, self.bias, layout)
        return total / torch.from_numpy(questions.lengths).to(total)[:, None]


def lstm_sum(
    embedded: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias: Tensor, layout: Beginnings
) -> Tensor:
    """Sum over time of the LSTM's outputs: (Q, H) in the questions' order.

    `embedded` is (U, D): the embeddings of `layout.distinct`. `weight_ih` is (4H, D),
    `weight_hh` (4H, H), `bias` (4H,).
    """
    weights = weight_ih, weight_hh, bias
    if not torch.is_grad_enabled():
        return _of_questions(_advance(embedded, *weights, layout, sloped=False))
    result: Tensor = _LstmSum.apply(embedded, *weights, layout)  # type: ignore[no-untyped-call]
    return result


@np.errstate(all="ignore")
def _advance(
    embedded: Tensor,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias: Tensor,
    layout: Beginnings,
    *,
    sloped: bool,
) -> Cells:
    """Go down the tree, level by level. Numbers that are not finite raise no warning, as in
    PyTorch: the loss tells of them."""
    projected = torch.addmm(halved(bias), embedded, halved(weight_ih).t())
    kind = CompiledCells if can_be_compiled(projected) else TensorCells
    cells = kind(projected, layout, sloped=sloped)
    into = halved(weight_hh).t().contiguous()
    for level in range(layout.levels):
        if level:
            torch.mm(cells.heads_of(level - 1), into, out=cells.products_of(level - 1))
        cells.advance(level)
    return cells


@np.errstate(all="ignore")
def _retreat(cells: Cells, grad_totals: Tensor, weight_hh: Tensor) -> Tensor:
    """Go up the tree, level by level, from the gradients (E, H) of the totals. Returns the gradient
    of `weight_hh`, turned (H, 4H): rows are added to it while they are still in the cache, and not
    a few at a time."""
    cells.begin_retreat(grad_totals)
    grad_weight = weight_hh.new_zeros(weight_hh.t().shape)
    added = len(cells.heads)  # rows from here on have been added
    for level in reversed(range(cells.layout.levels)):
        if cells.layout.inner[level]:
            torch.mm(cells.grad_products_of(level), weight_hh, out=cells.grad_heads_of(level))
        cells.retreat(level)
        start = cells.inner_rows[max(level - 1, 0)]
        if added - start >= ROWS_AT_ONCE or level == 0:
            rows = slice(start, added)
            grad_weight.addmm_(cells.heads[rows].t(), cells.grad_products[rows])
            added = start
    return grad_weight


def _of_questions(cells: Cells) -> Tensor:
    """The sum of each question: (Q, H)."""
    return cells.totals.index_select(0, cells.layout.tensor(cells.layout.end_of))


class _LstmSum(torch.autograd.Function):
    """`embedded` (U, D), `weight_ih`, `weight_hh` and `bias` -> total (Q, H)."""

    @staticmethod
    def forward(
        ctx: Any,
        embedded: Tensor,
        weight_ih: Tensor,
        weight_hh: Tensor,
        bias: Tensor,
        layout: Beginnings,
    ) -> Tensor:
        ctx.cells = _advance(embedded, weight_ih, weight_hh, bias, layout, sloped=True)
        ctx.save_for_backward(embedded, weight_ih, weight_hh)
        return _of_questions(ctx.cells)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_total: Tensor) -> tuple[Tensor | None, ...]:
        """Raises `RuntimeError` the second time: the gradients overwrite what they come from."""
        cells: Cells | None = ctx.cells
        embedded, weight_ih, weight_hh = ctx.saved_tensors
        if cells is None:
            raise RuntimeError("the gradients of this LSTM were computed before")
        ctx.cells = None
        grad_hh = _retreat(cells, cells.layout.ending.sums(grad_total), weight_hh)
        grad_gates = cells.grad_projected
        grad_ih = embedded.t() @ grad_gates  # to turn the narrow matrix is a tenth faster on a CPU
        return (
            grad_gates @ weight_ih,
            grad_ih.t().contiguous(),
            grad_hh.t().contiguous(),
            grad_gates.sum(dim=0),
            None,
        )
