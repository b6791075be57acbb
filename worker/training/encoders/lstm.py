"""An LSTM over packed questions that returns, for each, the sum of its outputs over time.

PyTorch's own layer would compute on padding, or (packed) keep every output only to be summed.
Here each time step is one matrix product over the questions that still have a token, the
input projection is done once for each distinct token, and the gradients of the weights are
one product each at the end. Equations and gate order (i, f, g, o) are those of `torch.nn.LSTM`
with a single bias; Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from worker.training.encoders.encoder import PackedEncoder
from worker.training.encoders.packing import Packed


class LstmMeanEncoder(PackedEncoder):
    """The mean over time of an LSTM's outputs."""

    weight_ih: Tensor
    weight_hh: Tensor
    bias: Tensor

    def pooled_sum(self, embedded: Tensor, packed: Packed) -> Tensor:
        return lstm_sum(embedded, self.weight_ih, self.weight_hh, self.bias, packed)


def lstm_sum(
    embedded: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias: Tensor, packed: Packed
) -> Tensor:
    """Sum over time of the LSTM's outputs: (Q, H) in the packed order, longest question first.

    `embedded` is (U, D): the embeddings of `packed.distinct`. `weight_ih` is (4H, D),
    `weight_hh` (4H, H), `bias` (4H,).
    """
    projected = torch.addmm(bias, embedded, weight_ih.t())
    if not torch.is_grad_enabled():
        return _sum_without_history(projected, weight_hh, packed)
    result: Tensor = _LstmSum.apply(projected, weight_hh, packed)  # type: ignore[no-untyped-call]
    return result


def _sum_without_history(projected: Tensor, weight_hh: Tensor, packed: Packed) -> Tensor:
    """The same as `_LstmSum.forward`, keeping only what the next time step needs."""
    hidden = weight_hh.shape[1]
    total = projected.new_zeros(packed.sizes[0], hidden)
    h, c = torch.zeros_like(total), torch.zeros_like(total)
    start, transposed = 0, weight_hh.t()
    for size in packed.sizes:
        gates = projected.index_select(0, packed.index[start : start + size])
        gates.addmm_(h[:size], transposed)
        i, f, g, o = activate(gates, hidden)
        c = (f * c[:size]).addcmul_(i, g)
        h = torch.tanh(c).mul_(o)
        total[:size] += h
        start += size
    return total


def activate(gates: Tensor, hidden: int) -> tuple[Tensor, ...]:
    """Apply the functions of gates (..., 4H) in place; the four gates as views."""
    gates[..., : 2 * hidden].sigmoid_()
    gates[..., 2 * hidden : 3 * hidden].tanh_()
    gates[..., 3 * hidden :].sigmoid_()
    parts: tuple[Tensor, ...] = gates.chunk(4, dim=-1)
    return parts


class _LstmSum(torch.autograd.Function):
    """`projected` (U, 4H) -> total (Q, H). All buffers are packed, time-major: N rows."""

    @staticmethod
    def forward(ctx: Any, projected: Tensor, weight_hh: Tensor, packed: Packed) -> Tensor:
        hidden, sizes = weight_hh.shape[1], packed.sizes
        gates = projected.index_select(0, packed.index)
        cells, squashed = gates.new_empty(len(gates), hidden), gates.new_empty(len(gates), hidden)
        before = gates.new_zeros(len(gates), hidden)  # each token's h of the time step before
        total = gates.new_zeros(sizes[0], hidden)
        previous, start, transposed = 0, 0, weight_hh.t()
        for step, size in enumerate(sizes):
            end, gate = start + size, gates[start : start + size]
            if step:
                gate.addmm_(before[start:end], transposed)
            i, f, g, o = activate(gate, hidden)
            cell = torch.mul(i, g, out=cells[start:end])
            if step:
                cell.addcmul_(f, cells[previous : previous + size])
            h = torch.tanh(cell, out=squashed[start:end]) * o
            total[:size] += h
            if step + 1 < len(sizes):
                before[end : end + sizes[step + 1]] = h[: sizes[step + 1]]
            previous, start = start, end
        ctx.packed = packed
        ctx.save_for_backward(weight_hh, gates, cells, squashed, before)
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_total: Tensor) -> tuple[Tensor, Tensor, None]:
        packed: Packed = ctx.packed
        weight_hh, gates, cells, squashed, before = ctx.saved_tensors
        hidden = weight_hh.shape[1]
        grad_gates = torch.empty_like(gates)
        starts = [0]
        for size in packed.sizes:
            starts.append(starts[-1] + size)
        grad_h = grad_total.clone()
        grad_c = torch.zeros_like(grad_total)
        for step in range(len(packed.sizes) - 1, -1, -1):
            size, rows = packed.sizes[step], slice(starts[step], starts[step + 1])
            i, f, g, o = gates[rows].chunk(4, dim=1)
            di, df, dg, do = grad_gates[rows].chunk(4, dim=1)
            dh, dc, tanh_c = grad_h[:size], grad_c[:size], squashed[rows]
            dc.add_(dh * o * (1 - tanh_c * tanh_c))
            torch.mul(dh * tanh_c, o * (1 - o), out=do)
            torch.mul(dc * g, i * (1 - i), out=di)
            torch.mul(dc * i, 1 - g * g, out=dg)
            if step == 0:
                df.zero_()  # the cell before the first token is zero
                break
            held = cells[starts[step - 1] : starts[step - 1] + size]
            torch.mul(dc * held, f * (1 - f), out=df)
            dc.mul_(f)
            torch.addmm(grad_total[:size], grad_gates[rows], weight_hh, out=dh)
        grad_weight = grad_gates.t() @ before
        grad_projected = gates.new_zeros(len(packed.distinct), 4 * hidden)
        grad_projected.index_add_(0, packed.index, grad_gates)
        return grad_projected, grad_weight, None
