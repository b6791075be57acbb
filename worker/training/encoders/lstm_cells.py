"""What an LSTM does node by node: its cell forward, and the chain rule backward.

This costs as much as the matrix products. On a CPU it is NumPy that does it, in the tensors'
memory: a call costs a fifth of PyTorch's, and a tanh a seventh. Some rows are done at a time, so
that they are still in the cache when the next function needs them. On a GPU it is PyTorch, whose
functions have the same names.

The sigmoid of a gate is 1/2 + 1/2 tanh(x / 2). So all four gates take one call, if the gates that
have a sigmoid are given halved: their weights are, which is exact.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from worker.training.encoders.beginnings import Bags

AT_ONCE = 128  # rows; at the usual width their gates are 256 KiB


def halved(weights: Tensor) -> Tensor:
    """A copy of weights (4H, ...), of gates in the order i, f, g, o, with those of i, f and o
    halved."""
    i, f, g, o = weights.chunk(4)
    return torch.cat((i / 2, f / 2, g, o / 2))


def is_on_cpu(tensor: Tensor) -> bool:
    """Whether NumPy can work in the memory of this tensor."""
    return tensor.device.type == "cpu"


class Cells:
    """The cells of N nodes, of which a level of `widest` at most is worked on at a time.

    `gates` (rows, 4H) and `outputs` (N, H) are what the products need. With `sloped` there is a row
    of `gates` for each node, which ends as the factors of the chain rule, from the gradient of the
    cell (for the last gate, of the output) to those of the gates; without, for a level's only.
    """

    def __init__(self, count: int, widest: int, hidden: int, like: Tensor, *, sloped: bool) -> None:
        self._sloped, self._hidden, self._on_cpu = sloped, hidden, is_on_cpu(like)
        self._xp = np if self._on_cpu else torch
        self._step = min(AT_ONCE, widest) if self._on_cpu else widest
        self.gates = like.new_empty(count if sloped else widest, 4 * hidden)
        self.outputs = like.new_empty(count, hidden)
        self._level = like.new_zeros(widest, hidden)
        # factors from an output's gradient to its cell's, and from a cell's to its parent's
        factors = like.new_empty(2, count if sloped else 0, hidden)
        self._arrays = self._array(self.gates), self._array(self.outputs), self._array(self._level)
        self._through, self._forget = self._array(factors)
        self._spare = self._array(like.new_empty(4, self._step, hidden))

    def gates_of(self, nodes: slice) -> Tensor:
        """The gates of a level's nodes (n, 4H)."""
        return self.gates[nodes] if self._sloped else self.gates[: nodes.stop - nodes.start]

    def descend(self, parents: Tensor) -> None:
        """Give each node of a level the cell of its parent, by its place in the level before."""
        self._level[: len(parents)] = self._level.index_select(0, parents)

    def advance(self, nodes: slice) -> None:
        """From the gates of a level's nodes before their functions, i, f and o halved, and from
        the cells of their parents, compute their cells and outputs."""
        xp, hidden = self._xp, self._hidden
        gates, outputs, cells = self._arrays
        for rows, here in self._blocks(nodes):
            gate, h, c = gates[here if self._sloped else rows], outputs[here], cells[rows]
            i, f, g, o = (gate[:, k * hidden : (k + 1) * hidden] for k in range(4))
            fresh, held, squashed, spare = self._spare[:, : len(c)]
            xp.tanh(gate, out=gate)
            for part in (gate[:, : 2 * hidden], o):
                xp.multiply(part, 0.5, out=part)
                xp.add(part, 0.5, out=part)
            xp.multiply(i, g, out=fresh)
            xp.multiply(f, c, out=held)
            xp.add(fresh, held, out=c)
            xp.tanh(c, out=squashed)
            xp.multiply(squashed, o, out=h)
            if not self._sloped:
                continue
            self._forget[here] = f
            xp.multiply(h, squashed, out=spare)
            xp.subtract(o, spare, out=self._through[here])  # o (1 - tanh(c)^2)
            xp.multiply(fresh, g, out=spare)
            xp.subtract(i, spare, out=g)  # i (1 - g^2)
            for part, product in ((i, fresh), (f, held), (o, h)):  # which has the gate as a factor
                xp.multiply(part, product, out=spare)
                xp.subtract(product, spare, out=part)  # product (1 - gate)

    def begin_retreat(self, grad_outputs: Tensor) -> None:
        """From now on the cells are gradients, and so are the gates of the levels that are done;
        `grad_outputs` (N, H) are those of the outputs."""
        self._grad_outputs = self._array(grad_outputs)

    def ascend(self, children: Bags, count: int) -> None:
        """Give each parent the sum over its children, of which there are `count` together."""
        self._level[: len(children.starts)] = children.sums(self._level[:count])

    def retreat(self, nodes: slice, inner: int) -> None:
        """From the gradients of the outputs of a level's nodes, and from those that the first
        `inner` cells have from their children, compute those of the gates, and for each node that
        of its parent's cell."""
        xp = self._xp
        gates, _, cells = self._arrays
        cells[inner : nodes.stop - nodes.start] = 0
        for rows, here in self._blocks(nodes):
            dc, dh = cells[rows], self._grad_outputs[here]
            spare = self._spare[0, : len(dc)]
            gate = gates[here].reshape(len(dc), 4, -1)
            xp.multiply(dh, self._through[here], out=spare)
            xp.add(dc, spare, out=dc)
            xp.multiply(gate[:, :3], dc[:, None], out=gate[:, :3])
            xp.multiply(gate[:, 3], dh, out=gate[:, 3])
            xp.multiply(dc, self._forget[here], out=dc)

    def _array(self, tensor: Tensor) -> Any:
        """A tensor's memory, as the functions here take it."""
        return tensor.numpy() if self._on_cpu else tensor

    def _blocks(self, nodes: slice) -> Iterator[tuple[slice, slice]]:
        """Some of a level's nodes at a time: their places in the level, and among all nodes."""
        size = nodes.stop - nodes.start
        for start in range(0, size, self._step):
            end = min(start + self._step, size)
            yield slice(start, end), slice(nodes.start + start, nodes.start + end)
