"""The LSTM of `worker/training/lstm.py` for a whole stack: batched products of fixed shapes.

Equations and gate order are the same. A slot's numbers come from its own weights and rows alone:
a product is one for each slot, of a shape that the layout's constants decide. What does not wait
for the time step before (input projections, gradients of weights) is done for `CHUNK` time steps
at a time, always the same ones. Past its own end a question's output is multiplied by zero on the
way into the sum, and so is the gradient on its way back: gradients of later time steps are exact
zeros, and however many of them are added, no bit of a sum changes.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from worker.training.stack.layout import CHUNK
from worker.training.stack.slots import Slots, room
from worker.training.stack.tokens import Group


@dataclass(frozen=True)
class History:
    """What the way back needs: for every token, in the layout's order."""

    inputs: Tensor  # (N, D); the way back leaves the inputs' gradients in their place
    gates: Tensor  # (N, 4H) after their functions
    cells: Tensor  # (N, H)
    squashed: Tensor  # (N, H): tanh of the cells
    before: Tensor  # (N, H): the output of the time step before


@dataclass(frozen=True)
class Gradients:
    """Of the inputs (N, D), and of each slot's weights."""

    inputs: Tensor
    weight_ih: Tensor
    weight_hh: Tensor
    bias: Tensor


def forward(
    slots: Slots, inputs: Tensor, shown: Tensor, groups: list[Group]
) -> tuple[Tensor, History]:
    """Sums over time (K, places, H) of the outputs, from inputs (N, D); `shown` (K, places) is how
    many tokens of each question are read."""
    width, hidden = slots.width, slots.hidden
    count = len(inputs)
    history = History(inputs, *(inputs.new_empty(count, size * hidden) for size in (4, 1, 1, 1)))
    totals = inputs.new_zeros(width, shown.shape[1], hidden)
    into, within = slots.weight_ih.transpose(1, 2), slots.weight_hh.transpose(1, 2)
    bias = slots.bias[:, None]
    for group in groups:
        read, gates, cells, squashed, before = _parts(history, group, width)
        total, left = totals[:, group.places], shown[:, group.places, None]
        h = c = inputs.new_zeros(width, group.size, hidden)
        for chunk in range(group.chunks):
            flat = gates[chunk].flatten(1, 2)
            torch.baddbmm(bias, read[chunk].flatten(1, 2), into, out=flat)
            for step in range(CHUNK):
                gate = gates[chunk, :, step]
                before[chunk, :, step].copy_(h)
                gate.baddbmm_(h, within)
                i, f, g, o = _activate(gate, hidden)
                c = torch.mul(i, g, out=cells[chunk, :, step]).addcmul_(f, c)
                h = torch.tanh(c, out=squashed[chunk, :, step]) * o
                total.addcmul_(h, (left > chunk * CHUNK + step).to(h.dtype))
    return totals, history


def backward(
    slots: Slots, history: History, grad_totals: Tensor, shown: Tensor, groups: list[Group]
) -> Gradients:
    """The gradients from those of the sums; uses up the history."""
    width, hidden = slots.width, slots.hidden
    grad_ih, grad_hh, grad_bias = (
        room(width, weights.shape[1:], weights.device)
        for weights in (slots.weight_ih, slots.weight_hh, slots.bias)
    )
    for group in groups:
        read, gates, cells, squashed, before = _parts(history, group, width)
        grad_total, left = grad_totals[:, group.places], shown[:, group.places, None]
        grad_gates = gates.new_empty(width, CHUNK, group.size, 4 * hidden)
        grad_c = gates.new_zeros(width, group.size, hidden)
        grad_h, nothing = torch.zeros_like(grad_c), torch.zeros_like(grad_c)
        for chunk in range(group.chunks - 1, -1, -1):
            for step in range(CHUNK - 1, -1, -1):
                time = chunk * CHUNK + step
                i, f, g, o = gates[chunk, :, step].chunk(4, dim=2)
                di, df, dg, do = grad_gates[:, step].chunk(4, dim=2)
                tanh_c = squashed[chunk, :, step]
                held = cells[(time - 1) // CHUNK, :, (time - 1) % CHUNK] if time else nothing
                grad_h.addcmul_(grad_total, (left > time).to(grad_h.dtype))
                grad_c.add_(grad_h * o * (1 - tanh_c * tanh_c))
                torch.mul(grad_h * tanh_c, o * (1 - o), out=do)
                torch.mul(grad_c * g, i * (1 - i), out=di)
                torch.mul(grad_c * i, 1 - g * g, out=dg)
                torch.mul(grad_c * held, f * (1 - f), out=df)
                grad_c.mul_(f)
                torch.bmm(grad_gates[:, step], slots.weight_hh, out=grad_h)
            flat, rows = grad_gates.flatten(1, 2), read[chunk].flatten(1, 2)
            grad_ih.baddbmm_(flat.transpose(1, 2), rows)
            grad_hh.baddbmm_(flat.transpose(1, 2), before[chunk].flatten(1, 2))
            grad_bias.add_(flat.sum(dim=1))
            torch.bmm(flat, slots.weight_ih, out=rows)
    return Gradients(history.inputs, grad_ih, grad_hh, grad_bias)


def _parts(history: History, group: Group, width: int) -> list[Tensor]:
    """Each buffer's tokens of a group: (chunks, K, CHUNK, size, ...)."""
    shape = (group.chunks, width, CHUNK, group.size)
    return [part[group.tokens].view(*shape, -1) for part in vars(history).values()]


def _activate(gates: Tensor, hidden: int) -> tuple[Tensor, ...]:
    """Apply the gates' functions in place; the four gates as views."""
    gates[..., : 2 * hidden].sigmoid_()
    gates[..., 2 * hidden : 3 * hidden].tanh_()
    gates[..., 3 * hidden :].sigmoid_()
    parts: tuple[Tensor, ...] = gates.chunk(4, dim=2)
    return parts
