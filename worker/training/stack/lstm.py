"""The LSTM of `worker/training/encoders/lstm.py` for a whole stack: batched products of fixed
shapes.

Equations and gate order are the same. A slot's numbers depend on its own weights and rows alone:
there is one product for each slot, of a shape that the layout's constants decide. What does not
need the time step before (input projections, gradients of weights) is done for `CHUNK` time steps
at a time, always the same ones. Past a question's end its output is multiplied by zero before it is
added to the sum, and so is the gradient: gradients of later time steps are exact zeros, and however
many of them are added, no bit of a sum changes.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from worker.training.stack.layout import CHUNK
from worker.training.stack.slots import Slots, room
from worker.training.stack.tokens import Group


@dataclass(frozen=True)
class History:
    """What the backward pass needs: for every token, in the layout's order."""

    inputs: Tensor  # (N, D); the backward pass overwrites them with their gradients
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
        total, mask = totals[:, group.places], _mask(shown, group)
        h = before[0, :, 0].zero_()
        c = torch.zeros_like(total)
        for chunk in range(group.chunks):
            flat = gates[chunk].flatten(1, 2)
            torch.baddbmm(bias, read[chunk].flatten(1, 2), into, out=flat)
            for step in range(CHUNK):
                time, gate = chunk * CHUNK + step, gates[chunk, :, step]
                gate.baddbmm_(h, within)
                i, f, g, o = _activate(gate, hidden)
                c = torch.mul(i, g, out=cells[chunk, :, step]).addcmul_(f, c)
                torch.tanh(c, out=squashed[chunk, :, step])
                following = time + 1 < group.times
                h = _at(before, time + 1) if following else torch.empty_like(c)
                torch.mul(squashed[chunk, :, step], o, out=h)
                total.addcmul_(h, mask[time])
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
        grad_total, mask = grad_totals[:, group.places], _mask(shown, group)
        slopes, through = _slopes(gates, cells, squashed)
        grad_gates = gates.new_empty(width, CHUNK, group.size, 4 * hidden)
        grad_h = gates.new_zeros(width, group.size, hidden)
        grad_c = torch.zeros_like(grad_h)
        for chunk in range(group.chunks - 1, -1, -1):
            for step in range(CHUNK - 1, -1, -1):
                gate, slope = grad_gates[:, step], slopes[chunk, :, step]
                f = gates[chunk, :, step, :, hidden : 2 * hidden]
                grad_h.addcmul_(grad_total, mask[chunk * CHUNK + step])
                grad_c.addcmul_(grad_h, through[chunk, :, step])
                of_cell = (width, group.size, 3, hidden)  # i, f and g act through the cell
                cut = 3 * hidden
                out = gate[..., :cut].view(of_cell)
                torch.mul(slope[..., :cut].view(of_cell), grad_c[:, :, None], out=out)
                torch.mul(slope[..., cut:], grad_h, out=gate[..., cut:])
                grad_c.mul_(f)
                torch.bmm(gate, slots.weight_hh, out=grad_h)
            flat, rows = grad_gates.flatten(1, 2), read[chunk].flatten(1, 2)
            grad_ih.baddbmm_(flat.transpose(1, 2), rows)
            grad_hh.baddbmm_(flat.transpose(1, 2), before[chunk].flatten(1, 2))
            grad_bias.add_(flat.sum(dim=1))
            torch.bmm(flat, slots.weight_ih, out=rows)
    return Gradients(history.inputs, grad_ih, grad_hh, grad_bias)


def _activate(gates: Tensor, hidden: int) -> tuple[Tensor, ...]:
    """Apply the functions of gates (..., 4H) in place; the four gates as views."""
    gates[..., : 2 * hidden].sigmoid_()
    gates[..., 2 * hidden : 3 * hidden].tanh_()
    gates[..., 3 * hidden :].sigmoid_()
    parts: tuple[Tensor, ...] = gates.chunk(4, dim=-1)
    return parts


def _parts(history: History, group: Group, width: int) -> list[Tensor]:
    """Each buffer's tokens of a group: (chunks, K, CHUNK, size, ...)."""
    shape = (group.chunks, width, CHUNK, group.size)
    return [part[group.tokens].view(*shape, -1) for part in vars(history).values()]


def _mask(shown: Tensor, group: Group) -> Tensor:
    """At every time step of a group 1 where a question has a token, else 0: (times, K, size, 1)."""
    time = torch.arange(group.times, device=shown.device)[:, None, None, None]
    return (shown[None, :, group.places, None] > time).float()


def _at(part: Tensor, time: int) -> Tensor:
    """A buffer's tokens of one time step: (K, size, ...)."""
    return part[time // CHUNK, :, time % CHUNK]


def _slopes(gates: Tensor, cells: Tensor, squashed: Tensor) -> tuple[Tensor, Tensor]:
    """The factors (chunks, K, CHUNK, size, ...) of the chain rule: from the gradient of the cell
    (for the last gate, of the output) to those of the gates, and from the output's to the cell's.

    No factor needs another time step, so they are a few large kernels instead of many small ones.
    """
    before = torch.zeros_like(cells)  # the cells of the time step before
    before[:, :, 1:], before[1:, :, 0] = cells[:, :, :-1], cells[:-1, :, -1]
    slopes = torch.empty_like(gates)
    (i, f, g, o), (di, df, dg, do) = gates.chunk(4, dim=-1), slopes.chunk(4, dim=-1)
    torch.mul(i * g, 1 - i, out=di)
    torch.mul(f * before, 1 - f, out=df)
    torch.mul(i, 1 - g * g, out=dg)
    torch.mul(o * squashed, 1 - o, out=do)
    return slopes, o * (1 - squashed * squashed)
