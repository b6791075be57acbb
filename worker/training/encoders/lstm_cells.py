"""What an LSTM does node by node: its cell forward, and the chain rule backward.

This costs as much as the matrix products. In float32 on a CPU it is compiled code that does it
(`lstm_compiled.py`), where that was built; else it is NumPy, in the tensors' memory, with the same
bits. Some rows are done at a time, so that they are still in the cache when the next function needs
them. On a GPU it is PyTorch, whose functions have the same names.

The sigmoid of a gate is 1/2 + 1/2 tanh(x / 2). So all four gates take one call, if the gates that
have a sigmoid are given halved: their weights are, which is exact.
"""

from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Any

import numpy as np
import torch
from torch import Tensor

from worker.training.encoders import float32_tanh
from worker.training.encoders.beginnings import Beginnings

AT_ONCE = 128  # rows; at the usual width their gates are 256 KiB


def halved(weights: Tensor) -> Tensor:
    """A copy of weights (4H, ...), of gates in the order i, f, g, o, with those of i, f and o
    halved."""
    factors = weights.new_tensor([0.5, 0.5, 1.0, 0.5])
    return (weights.view(4, -1) * factors[:, None]).view_as(weights)


def is_on_cpu(tensor: Tensor) -> bool:
    """Whether NumPy, and what is compiled, can work in the memory of this tensor."""
    return tensor.device.type == "cpu"


class Cells:
    """The cells of a tree's nodes, level by level: down with `advance`, then up with `retreat`.

    Between two levels their owner multiplies: `heads_of` a level by the recurrent weights, into
    `products_of` it, which is what its children get; on the way up `grad_products_of` a level by
    them, into `grad_heads_of` it. `projected` (U, 4H) are the gates of each distinct token before
    their functions, those of i, f and o halved, as are the products. Without `sloped` there is no
    way up, and the memory of two levels is used in turn.
    """

    totals: Tensor  # (E, H): at each end the sum of the outputs of its path
    grad_projected: Tensor  # (U, 4H), after the way up

    def __init__(self, projected: Tensor, layout: Beginnings, *, sloped: bool) -> None:
        self.projected, self.layout, self.sloped = projected, layout, sloped
        self.hidden = projected.shape[1] // 4
        self.widest = widest = max(layout.inner)
        # where the inner nodes of each level start in what has a row for each inner node
        self.inner_rows = [0, *accumulate(layout.inner[:-1])]
        count = sum(layout.inner)
        if not sloped:
            self.inner_rows = [level % 2 * widest for level in range(layout.levels)]
            count = 2 * widest
        self.heads = projected.new_empty(count, self.hidden)
        self.products = projected.new_empty(widest, 4 * self.hidden)
        self.totals = projected.new_empty(len(layout.ends), self.hidden)

    def heads_of(self, level: int) -> Tensor:
        """The outputs (n, H) of a level's inner nodes."""
        return self.heads.narrow(0, self.inner_rows[level], self.layout.inner[level])

    def products_of(self, level: int) -> Tensor:
        """Room for what the children of a level's inner nodes get from them (n, 4H)."""
        return self.products.narrow(0, 0, self.layout.inner[level])

    def advance(self, level: int) -> None:
        """Compute the cells and outputs of a level's nodes."""
        raise NotImplementedError

    def begin_retreat(self, grad_totals: Tensor) -> None:
        """From now on it goes up; `grad_totals` (E, H) are the gradients of `totals`."""
        self.totals = grad_totals
        self.grad_heads = grad_totals.new_empty(self.widest, self.hidden)
        self.grad_products = grad_totals.new_empty(len(self.heads), 4 * self.hidden)

    def grad_heads_of(self, level: int) -> Tensor:
        """Room for the gradients (n, H) that the outputs of a level's inner nodes get from their
        children."""
        return self.grad_heads.narrow(0, 0, self.layout.inner[level])

    def grad_products_of(self, level: int) -> Tensor:
        """The gradients (n, 4H) of what the children of a level's inner nodes got from them."""
        return self.grad_products.narrow(0, self.inner_rows[level], self.layout.inner[level])

    def retreat(self, level: int) -> None:
        """Compute the gradients of what a level's nodes came from. After that of the first level,
        `grad_projected` is complete."""
        raise NotImplementedError


class TensorCells(Cells):
    """Cells computed by NumPy, or on a GPU by PyTorch."""

    def __init__(self, projected: Tensor, layout: Beginnings, *, sloped: bool) -> None:
        super().__init__(projected, layout, sloped=sloped)
        self._on_cpu = is_on_cpu(projected)
        self._xp = np if self._on_cpu else torch
        self._tanh = _tanh_for(projected)
        sizes = np.diff(layout.starts)
        widest, count = int(sizes.max()), int(layout.starts[-1])
        self._step = min(AT_ONCE, widest) if self._on_cpu else widest
        self._tokens, self._parents, self._ends = (
            layout.tensor(array) for array in (layout.tokens, layout.parents, layout.ends)
        )
        self._gates = projected.new_empty(count if sloped else widest, 4 * self.hidden)
        # factors from an output's gradient to its cell's, and from a cell's to its parent's
        factors = projected.new_empty(2, count if sloped else 0, self.hidden)
        self._through, self._forget = self._array(factors)
        self._spare = self._array(projected.new_empty(4, self._step, self.hidden))
        self._cells, self._sums = projected.new_zeros(2, int(sizes[0]), self.hidden)

    def advance(self, level: int) -> None:
        nodes, inner = self.layout.nodes(level), self.layout.inner[level]
        count = nodes.stop - nodes.start
        gates = self._gates[nodes] if self.sloped else self._gates[:count]
        torch.index_select(self.projected, 0, self._tokens[nodes], out=gates)
        if level:
            above = self.products, self._cells, self._sums
            products, self._cells, self._sums = (self._of_parents(one, level) for one in above)
            gates.add_(products)
        outputs = gates.new_empty(count, self.hidden)
        self._advance_blocks(nodes, *map(self._array, (gates, outputs, self._cells)))
        self._sums.add_(outputs)
        self.heads_of(level).copy_(outputs[:inner])
        ends = self._ends_of(level)
        if ends.stop > ends.start:
            self.totals[ends] = self._sums.index_select(0, self._ends[ends] - nodes.start)

    def _advance_blocks(self, nodes: slice, gates: Any, outputs: Any, cells: Any) -> None:
        xp, hidden = self._xp, self.hidden
        for rows, here in self._blocks(nodes):
            gate, h, c = gates[rows], outputs[rows], cells[rows]
            i, f, g, o = (gate[:, k * hidden : (k + 1) * hidden] for k in range(4))
            fresh, held, squashed, spare = self._spare[:, : len(c)]
            self._tanh(gate, out=gate)
            for part in (gate[:, : 2 * hidden], o):
                xp.multiply(part, 0.5, out=part)
                xp.add(part, 0.5, out=part)
            xp.multiply(i, g, out=fresh)
            xp.multiply(f, c, out=held)
            xp.add(fresh, held, out=c)
            self._tanh(c, out=squashed)
            xp.multiply(squashed, o, out=h)
            if not self.sloped:
                continue
            self._forget[here] = f
            xp.multiply(h, squashed, out=spare)
            xp.subtract(o, spare, out=self._through[here])  # o (1 - tanh(c)^2)
            xp.multiply(fresh, g, out=spare)
            xp.subtract(i, spare, out=g)  # i (1 - g^2)
            for part, product in ((i, fresh), (f, held), (o, h)):  # which has the gate as a factor
                xp.multiply(part, product, out=spare)
                xp.subtract(product, spare, out=part)  # product (1 - gate)

    def retreat(self, level: int) -> None:
        nodes, inner = self.layout.nodes(level), self.layout.inner[level]
        count = nodes.stop - nodes.start
        gates, ends = self._gates[nodes], self._ends_of(level)
        grad_cells, grad_sums, grad_outputs = self.totals.new_zeros(3, count, self.hidden)
        grad_sums[self._ends[ends] - nodes.start] = self.totals[ends]
        if inner:  # what came from their children
            grad_cells[:inner] = self._cells
            grad_sums[:inner] += self._sums
            grad_outputs[:inner] = self.grad_heads_of(level)
        grad_outputs += grad_sums
        self._retreat_blocks(nodes, *map(self._array, (gates, grad_outputs, grad_cells)))
        if level:
            below = gates, grad_cells, grad_sums
            if self.layout.branched[level]:
                children = self.layout.children(level - 1)
                below = tuple(map(children.sums, below))  # type: ignore[assignment]
            products, self._cells, self._sums = below
            self.grad_products_of(level - 1).copy_(products)
        else:
            self.grad_projected = self.layout.same.sums(self._gates)

    def _retreat_blocks(self, nodes: slice, gates: Any, grad_outputs: Any, grad_cells: Any) -> None:
        xp = self._xp
        for rows, here in self._blocks(nodes):
            dc, dh = grad_cells[rows], grad_outputs[rows]
            spare = self._spare[0, : len(dc)]
            gate = gates[rows].reshape(len(dc), 4, -1)
            xp.multiply(dh, self._through[here], out=spare)
            xp.add(dc, spare, out=dc)
            xp.multiply(gate[:, :3], dc[:, None], out=gate[:, :3])
            xp.multiply(gate[:, 3], dh, out=gate[:, 3])
            xp.multiply(dc, self._forget[here], out=dc)

    def _of_parents(self, values: Tensor, level: int) -> Tensor:
        """For each node of a level the row of its parent, by its place in the level before."""
        nodes = self.layout.nodes(level)
        if self.layout.branched[level]:
            return values.index_select(0, self._parents[nodes])
        return values[: nodes.stop - nodes.start]

    def _ends_of(self, level: int) -> slice:
        """The ends of a level among all ends."""
        return slice(*map(int, self.layout.first_ends[level : level + 2]))

    def _array(self, tensor: Tensor) -> Any:
        """A tensor's memory, as the functions here take it."""
        return tensor.numpy() if self._on_cpu else tensor

    def _blocks(self, nodes: slice) -> Iterator[tuple[slice, slice]]:
        """Some of a level's nodes at a time: their places in the level, and among all nodes."""
        size = nodes.stop - nodes.start
        for start in range(0, size, self._step):
            end = min(start + self._step, size)
            yield slice(start, end), slice(nodes.start + start, nodes.start + end)


def _tanh_for(tensor: Tensor) -> Callable[..., Any]:
    """The hyperbolic tangent that is used for such numbers, as `tanh(x, out=...)`."""
    if not is_on_cpu(tensor):
        return torch.tanh
    return float32_tanh.tanh if tensor.dtype == torch.float32 else np.tanh
