"""The gradient of an embedding holds only the rows that were read, and updates are as with all."""

from typing import Any

import pytest
import torch
from pydantic import TypeAdapter
from torch import Tensor, nn

from models.specs.training import OptimizerSpec
from worker.training.encoders.held_rows import HeldRows
from worker.training.encoders.sparse_gradients import rows_of, values_of
from worker.training.optimizer import build_optimizer, update_alone

READ = [[4, 0, 7], [1, 4], [9], [0, 1, 2, 3]]
SPECS: list[dict[str, Any]] = [
    {"kind": "adam"},
    {"kind": "adamw", "weight_decay": 0.1},
    {"kind": "sgd", "momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
]


def trained(spec: dict[str, Any], *, sparse: bool) -> tuple[Tensor, list[Tensor]]:
    """A matrix after updates from rows of it, and the numbers of each gradient."""
    start = torch.arange(30.0).view(10, 3).sin()
    matrix = nn.Parameter(start.clone())
    parsed: OptimizerSpec = TypeAdapter(OptimizerSpec).validate_python(spec)
    optimizer = build_optimizer(parsed, [("embedding", matrix)])
    values = []
    for rows in READ:
        index = torch.tensor(rows)
        read = rows_of(matrix, index) if sparse else matrix.index_select(0, index)
        (read * read).sum().backward()
        assert matrix.grad is not None
        assert matrix.grad.is_sparse == sparse
        values.append(values_of(matrix.grad).clone())
        update_alone(optimizer, [("embedding", matrix)], 0.01)
    return matrix.detach(), values


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec["kind"])
def test_updates_from_sparse_gradients_have_the_bits_of_those_from_whole_ones(
    spec: dict[str, Any],
) -> None:
    sparse, few = trained(spec, sparse=True)
    whole, many = trained(spec, sparse=False)
    assert torch.equal(sparse, whole)
    for rows, own, every in zip(READ, few, many, strict=True):
        assert torch.equal(own, every[torch.tensor(rows)])


def test_held_rows_get_no_gradient_in_a_sparse_one_either() -> None:
    matrix = nn.Parameter(torch.ones(6, 2))
    held = HeldRows(matrix, torch.tensor([1, 4]).numpy())
    rows_of(matrix, torch.tensor([0, 4, 5])).sum().backward()
    assert matrix.grad is not None
    held.clear(matrix.grad)
    assert matrix.grad.to_dense()[:, 0].tolist() == [1, 0, 0, 0, 0, 1]
