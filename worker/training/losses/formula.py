"""A formula as a term: its tree computed on a batch, with gradients that no unused value harms.

A number is a Python float, a row (B, 1) and a matrix (B, B), so that torch's own broadcasting lines
them up. The operations are those of the terms that are written by hand, in their order, so a
formula that says the same gives the same bits.

What is not used must not reach the gradient: an infinite slope times a gradient of 0 is NaN. So a
part of a formula is computed under a mask, `live`, of the places whose value is used: negatives
that count, rows that have one, the side of a `where` that was chosen. Where it is False, the
similarities enter detached, and whatever comes back there is dropped, NaN or not.
"""

from typing import cast

import torch
from torch import Tensor

from models.specs.formula.arrays import number
from models.specs.formula.grammar import parse
from models.specs.formula.language import Kind
from models.specs.formula.tree import Call, Name, Node, names, needs_a_negative
from models.specs.terms import Formula
from worker.training.losses.batch import Batch
from worker.training.losses.formula_operations import ELEMENTWISE, REDUCTIONS, cross_entropy
from worker.training.losses.hinges import negatives


def formula(term: Formula, margin: float, batch: Batch) -> Tensor:
    """The rows (B,) of the formula; 0 where no negative counts, unless it needs none.

    A formula that names s_an without needing one (it sums or counts) has its own value in a row
    without negatives, and 0 where that is not finite, as in 0 / 0.
    """
    tree = parse(term.row)
    counts = negatives(term.among_at(batch.step), margin, batch)
    computed = _Formula(margin, batch, counts)
    if "s_an" not in names(tree):
        return computed.of(tree, None).squeeze(1)
    dead = ~counts.any(dim=1, keepdim=True)
    if not needs_a_negative(tree):
        with torch.no_grad():
            dead &= ~computed.of(tree, ~dead).isfinite()
    return computed.of(tree, ~dead).masked_fill(dead, 0).squeeze(1)


class _Formula:
    """The batch and the numbers that the parts of a formula are computed from."""

    def __init__(self, margin: float, batch: Batch, counts: Tensor) -> None:
        self._margin, self._counts = margin, counts
        self._batch = batch
        self._positive = batch.similarities.diagonal()[:, None]

    def of(self, node: Node, live: Tensor | None) -> Tensor:
        """The value of a row, (B, 1), or of a matrix, (B, B)."""
        return cast(Tensor, self._value(node, live))

    def _value(self, node: Node, live: Tensor | None) -> Tensor | float:
        """`live` is bool, (B, 1) or for a matrix (B, B); None where every value is used."""
        if node.kind is Kind.NUMBER:
            return number(node, self._margin, self._step(node), len(self._positive))
        if isinstance(node, Name):
            return self._name(node.name, live)
        assert isinstance(node, Call)
        if node.function == "where":
            return self._where(node, live)
        if node.function == "detach":
            return self._inside(node.arguments[0], node, live).detach()
        arguments = [self._argument(one, node, live) for one in node.arguments]
        return self._call(node, arguments)

    def _call(self, node: Call, arguments: list[Tensor | float]) -> Tensor:
        over_negatives = node.arguments[0].kind is Kind.MATRIX and node.kind is Kind.ROW
        if node.function == "cross_entropy":
            positive, others = arguments
            return cross_entropy(cast(Tensor, positive), self._matrix(others), self._counts)
        if over_negatives or node.function == "rank":
            first, *numbers = arguments
            reduced = REDUCTIONS[node.function](
                self._matrix(first), self._counts, *cast(list[float], numbers)
            )
            return reduced.to(self._positive.dtype)  # a count is of integers, which have no log
        return cast(Tensor, ELEMENTWISE[node.function](*arguments))

    def _name(self, name: str, live: Tensor | None) -> Tensor:
        similarities = self._positive if name == "s_ap" else self._batch.similarities
        return similarities if live is None else _blocked(similarities, live)

    def _argument(self, inner: Node, outer: Node, live: Tensor | None) -> Tensor | float:
        if inner.kind is Kind.NUMBER:
            return self._value(inner, None)
        return self._inside(inner, outer, live)

    def _inside(self, inner: Node, outer: Node, live: Tensor | None) -> Tensor:
        """A part of the formula inside another; where it has another kind, `live` is made to fit
        it, and the value of a row that stands in a matrix is blocked pair by pair."""
        if inner.kind is Kind.MATRIX and outer.kind is not Kind.MATRIX:
            return self.of(inner, self._counts if live is None else self._counts & live)
        if inner.kind is Kind.ROW and outer.kind is Kind.MATRIX and live is not None:
            row = self.of(inner, (live & self._counts).any(dim=1, keepdim=True))
            return _blocked(row, live) if inner.learns else row
        return self.of(inner, live)

    def _where(self, node: Call, live: Tensor | None) -> Tensor:
        condition, first, second = node.arguments
        if condition.kind is Kind.NUMBER:
            chosen = first if self._value(condition, None) else second
            return self._tensor(self._argument(chosen, node, live))
        holds = self._inside(condition, node, live)
        a, b = (
            self._tensor(self._argument(branch, node, where if live is None else where & live))
            for branch, where in ((first, holds), (second, ~holds))
        )
        return torch.where(holds, a, b)

    def _step(self, node: Node) -> int:
        """The step; where a batch is only measured, the last one of the training."""
        step = self._batch.last_step if self._batch.step is None else self._batch.step
        if step is None:
            if "step" in names(node):
                raise ValueError("this batch has neither a step nor a last one")
            return 1
        return step

    def _tensor(self, value: Tensor | float) -> Tensor:
        """A number in the precision of the batch."""
        return value if isinstance(value, Tensor) else self._positive.new_tensor(value)

    def _matrix(self, value: Tensor | float) -> Tensor:
        return self._tensor(value).expand(self._counts.shape)


def _blocked(values: Tensor, live: Tensor) -> Tensor:
    """The values, through which no gradient comes back where `live` is False."""
    return torch.where(live, values, values.detach())
