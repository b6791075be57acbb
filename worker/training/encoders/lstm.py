"""An LSTM over questions that returns, for each, the sum of its outputs over time.

PyTorch's own layer would compute on padding, and keep every output only to be summed. Here the
questions are a tree of their beginnings (`beginnings.py`): a time step is one matrix product over
the nodes of a level, the input projection is done once for each distinct token, and the gradients
of the weights are one product each at the end. Equations and gate order (i, f, g, o) are those of
`torch.nn.LSTM` with a single bias; Hochreiter & Schmidhuber 1997, with the forget gate of Gers et
al. 2000. What is done node by node is in `lstm_cells.py`.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from worker.training.data import Questions
from worker.training.encoders.beginnings import Beginnings, lay_out
from worker.training.encoders.encoder import TokenEncoder
from worker.training.encoders.lstm_cells import Cells, halved


class LstmMeanEncoder(TokenEncoder):
    """The mean over time of an LSTM's outputs."""

    weight_ih: Tensor
    weight_hh: Tensor
    bias: Tensor
    shares_beginnings = True

    def means(self, questions: Questions) -> Tensor:
        layout = lay_out(questions, self.embedding.device)
        weights = self.weight_ih, self.weight_hh, self.bias
        total = lstm_sum(self.embedded(layout.distinct), *weights, layout)
        return total / torch.from_numpy(questions.lengths).to(total)[:, None]


def lstm_sum(
    embedded: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias: Tensor, layout: Beginnings
) -> Tensor:
    """Sum over time of the LSTM's outputs: (Q, H) in the questions' order.

    `embedded` is (U, D): the embeddings of `layout.distinct`. `weight_ih` is (4H, D),
    `weight_hh` (4H, H), `bias` (4H,).
    """
    projected = torch.addmm(halved(bias), embedded, halved(weight_ih).t())
    if not torch.is_grad_enabled():
        return layout.paths.sums(_advance(projected, weight_hh, layout, sloped=False).outputs)
    result: Tensor = _LstmSum.apply(projected, weight_hh, layout)  # type: ignore[no-untyped-call]
    return result


@np.errstate(all="ignore")
def _advance(projected: Tensor, weight_hh: Tensor, layout: Beginnings, *, sloped: bool) -> Cells:
    """Go down the tree, level by level. Numbers that are not finite raise no warning, as in
    PyTorch: the loss tells of them."""
    hidden = weight_hh.shape[1]
    cells = Cells(len(layout.index), max(layout.sizes), hidden, projected, sloped=sloped)
    into, above = halved(weight_hh).t(), slice(0, 0)
    index = layout.index.split(layout.sizes)
    for nodes, tokens, branches in zip(_levels(layout), index, layout.branches, strict=True):
        gates = cells.gates_of(nodes)
        torch.index_select(projected, 0, tokens, out=gates)
        if nodes.start:
            if branches is None:
                before = cells.outputs[above.start : above.start + len(tokens)]
            else:
                before = cells.outputs[above].index_select(0, branches.parents)
                cells.descend(branches.parents)
            gates.addmm_(before, into)
        cells.advance(nodes)
        above = nodes
    return cells


@np.errstate(all="ignore")
def _retreat(cells: Cells, grad_outputs: Tensor, weight_hh: Tensor, layout: Beginnings) -> None:
    """Go up the tree, level by level; `grad_outputs` (N, H) gets what comes from below added."""
    cells.begin_retreat(grad_outputs)
    below = slice(0, 0)
    for level, nodes in reversed(list(enumerate(_levels(layout)))):
        inner = layout.inner[level]
        if inner:
            grads = grad_outputs[nodes.start : nodes.start + inner]
            branches = layout.branches[level + 1]
            if branches is None:
                grads.addmm_(cells.gates[below], weight_hh)
            else:
                grads.add_(branches.children.sums(cells.gates[below] @ weight_hh))
                cells.ascend(branches.children, layout.sizes[level + 1])
        cells.retreat(nodes, inner)
        below = nodes


def _levels(layout: Beginnings) -> Iterator[slice]:
    """The nodes of each level."""
    start = 0
    for size in layout.sizes:
        yield slice(start, start + size)
        start += size


class _LstmSum(torch.autograd.Function):
    """`projected` (U, 4H), whose gates i, f and o are halved, and `weight_hh` -> total (Q, H)."""

    @staticmethod
    def forward(ctx: Any, projected: Tensor, weight_hh: Tensor, layout: Beginnings) -> Tensor:
        ctx.cells, ctx.layout = _advance(projected, weight_hh, layout, sloped=True), layout
        ctx.save_for_backward(weight_hh)
        return layout.paths.sums(ctx.cells.outputs)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_total: Tensor) -> tuple[Tensor, Tensor, None]:
        """Raises `RuntimeError` the second time: the gradients overwrite what they come from."""
        cells: Cells | None = ctx.cells
        layout: Beginnings = ctx.layout
        (weight_hh,) = ctx.saved_tensors
        if cells is None:
            raise RuntimeError("the gradients of this LSTM were computed before")
        ctx.cells = None
        _retreat(cells, layout.below.sums(grad_total), weight_hh, layout)
        before = cells.outputs.index_select(0, layout.above)
        grad_weight = cells.gates[layout.sizes[0] :].t() @ before
        # of what was given halved the gradient is twice that of the gates
        grad_projected = _doubled(layout.same.sums(cells.gates))
        return grad_projected, grad_weight, None


def _doubled(grad_gates: Tensor) -> Tensor:
    """Gradients (U, 4H) with those of the gates i, f and o times two, in place."""
    width = grad_gates.shape[1] // 4
    grad_gates[:, : 2 * width] *= 2
    grad_gates[:, 3 * width :] *= 2
    return grad_gates
