"""The operations of formulas on torch's tensors, and what they do where a slope has no value.

`log` and `sqrt` are held at the edge of where they are defined, since similarities of unit vectors
exceed 1 by rounding: sqrt(x) is 0 below 0, and log(x) is that of the smallest positive number. At
the edge and beyond no gradient goes back. `relu` has the slope 0 at 0, `abs` too, and two equal
values share the gradient of `min` and `max`. Of equal negatives, `max` and `min` share it too;
`topk` takes the first ones.
"""

import operator
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor


def _log(x: Tensor) -> Tensor:
    return x.clamp(min=torch.finfo(x.dtype).tiny).log()


def _sqrt(x: Tensor) -> Tensor:
    positive = x > 0
    return x.masked_fill(~positive, 1).sqrt().masked_fill(~positive, 0)


def _of_two(choose: Callable[[Tensor, Tensor], Tensor], a: Any, b: Any) -> Tensor:
    """`torch.minimum` or `torch.maximum`, one of whose arguments may be a number."""
    some = a if isinstance(a, Tensor) else b
    a, b = (one if isinstance(one, Tensor) else some.new_tensor(one) for one in (a, b))
    return choose(a, b)


def _minus(a: Any, *b: Any) -> Any:
    return operator.sub(a, *b) if b else -a


ELEMENTWISE: Mapping[str, Callable[..., Any]] = {
    "+": operator.add, "-": _minus, "*": operator.mul, "/": operator.truediv, "^": operator.pow,
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "==": operator.eq, "!=": operator.ne,
    "and": lambda a, b: a & _truth(b) if isinstance(a, Tensor) else b & _truth(a),
    "or": lambda a, b: a | _truth(b) if isinstance(a, Tensor) else b | _truth(a),
    "not": operator.invert,
    "min": partial(_of_two, torch.minimum), "max": partial(_of_two, torch.maximum),
    "relu": torch.relu, "softplus": torch.nn.functional.softplus, "exp": torch.exp, "log": _log,
    "sqrt": _sqrt, "abs": torch.abs, "tanh": torch.tanh, "sigmoid": torch.sigmoid,
}  # fmt: skip


def _truth(value: Tensor | float) -> Tensor | bool:
    """A truth that is the same for all rows is the number 1 or 0."""
    return value if isinstance(value, Tensor) else bool(value)


def _only(x: Tensor, counts: Tensor, other: float) -> Tensor:
    return x.masked_fill(~counts, other)


def _max(x: Tensor, counts: Tensor) -> Tensor:
    return _only(x, counts, -torch.inf).amax(dim=1, keepdim=True)


def _min(x: Tensor, counts: Tensor) -> Tensor:
    return _only(x, counts, torch.inf).amin(dim=1, keepdim=True)


def _sum(x: Tensor, counts: Tensor) -> Tensor:
    return _only(x, counts, 0).sum(dim=1, keepdim=True)


def _size(counts: Tensor, most: int | None = None) -> Tensor:
    return counts.sum(dim=1, keepdim=True).clamp(min=1, max=most)


def _mean(x: Tensor, counts: Tensor) -> Tensor:
    return _sum(x, counts) / _size(counts)


def _logsumexp(x: Tensor, counts: Tensor) -> Tensor:
    return _only(x, counts, -torch.inf).logsumexp(dim=1, keepdim=True)


def _logmeanexp(x: Tensor, counts: Tensor) -> Tensor:
    return _logsumexp(x, counts) - _size(counts).log()


def _count(x: Tensor, counts: Tensor) -> Tensor:
    """How many negatives count, or of a truth, for how many it holds."""
    holds = counts & x if x.dtype == torch.bool else counts
    return holds.sum(dim=1, keepdim=True)


def _falling(x: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
    """Each row from the largest on, the first of equals first, and where each value stood."""
    return _only(x, counts, -torch.inf).sort(dim=1, descending=True, stable=True)


def _topk(x: Tensor, counts: Tensor, k: float) -> Tensor:
    """The mean of the k largest; of all, where there are fewer."""
    most = int(k)
    largest = _falling(x, counts)[0][:, :most]
    there = torch.arange(largest.shape[1], device=x.device) < counts.sum(dim=1, keepdim=True)
    return largest.masked_fill(~there, 0).sum(dim=1, keepdim=True) / _size(counts, most)


def _rank(x: Tensor, counts: Tensor) -> Tensor:
    """1 for the largest negative of a row, one more for each that is larger; equals have one."""
    falling, places = _falling(x.detach(), counts)
    same = torch.nn.functional.pad(falling[:, 1:] == falling[:, :-1], (1, 0))
    order = torch.arange(1, x.shape[1] + 1, device=x.device, dtype=x.dtype).expand(x.shape)
    ranks = order.masked_fill(same, 0).cummax(dim=1).values
    return torch.zeros_like(ranks).scatter(1, places, ranks)


REDUCTIONS: Mapping[str, Callable[..., Tensor]] = {
    "max": _max, "min": _min, "sum": _sum, "mean": _mean, "logsumexp": _logsumexp,
    "logmeanexp": _logmeanexp, "topk": _topk, "count": _count, "rank": _rank,
}  # fmt: skip


def cross_entropy(positive: Tensor, x: Tensor, counts: Tensor) -> Tensor:
    """-log of the positive's share of the exponentials of its row: (B, 1)."""
    logits = _only(x, counts, -torch.inf).diagonal_scatter(positive.expand(len(x), 1).squeeze(1))
    own = torch.arange(len(logits), device=logits.device)
    return torch.nn.functional.cross_entropy(logits, own, reduction="none")[:, None]
