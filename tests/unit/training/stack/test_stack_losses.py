"""Losses of all slots at once: those of each alone, and what is broken stays where it is."""

from collections.abc import Sequence
from typing import NoReturn

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from models.metrics import BatchMetrics
from models.specs.losses import LossSpec
from worker.training.gauges import gauges_of, measure
from worker.training.losses.batch import batch_of
from worker.training.losses.terms import reduce_terms, term_rows
from worker.training.stack.layout import HALF
from worker.training.stack.losses import SlotBatch, SlotLosses, slot_losses
from worker.training.stack.sharing import hits_all

from support.expect import expect
from support.stack import TERMS, arms_of_every_loss, stack_spec

SPEC = stack_spec(arms=arms_of_every_loss())
LOSSES = {arm.name: arm.loss for arm in SPEC.arms}
SIZE, HIDDEN = 7, 4


def sums_and_table(slots: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Sums over time of random questions, and the two columns of a table that are read here."""
    torch.manual_seed(seed)
    table = torch.zeros(6, slots, 2 * HALF, dtype=torch.int64)
    real = torch.zeros(2, HALF, dtype=torch.bool)
    real[:, :SIZE] = True
    table[4] = torch.randint(0, 12, table[4].shape)
    table[5] = torch.randint(1, 9, table[5].shape) * real.flatten()
    return torch.randn(slots, 2 * HALF, HIDDEN) * (table[5] > 0)[:, :, None], table


def loss_alone(
    loss: LossSpec, sums: Tensor, table: Tensor, step: int, seed: int
) -> tuple[BatchMetrics, Tensor]:
    """Gauges and gradient of one slot, by what a training alone uses."""
    sums = sums.clone().requires_grad_()
    mean = sums / table[5].clamp(min=1)[:, None]
    sides = torch.nn.functional.normalize(mean, dim=1).view(2, HALF, -1)[:, :SIZE]
    groups = table[4].view(2, HALF)[:, :SIZE]
    known = (groups[0][:, None] == groups[1]).fill_diagonal_(True)
    excluded = known if loss.exclude_known_duplicates else None
    batch = batch_of(*sides, step=step, seed=seed, excluded=excluded)
    values = term_rows(loss, batch)
    total = reduce_terms(loss, values)
    total.backward()
    measured = measure(loss, batch, values, total, known)
    return gauges_of(measured.tolist()), expect(Tensor, sums.grad)


def rows_of(losses: SlotLosses) -> dict[int, Tensor]:
    return {slot: part[row] for rows, part in losses.gauges for slot, row in rows.items()}


def asked_for(names: Sequence[str | None], seed: int = 3, step: int = 5) -> list[SlotBatch]:
    """Members that are at different steps, before and after a change of the mining rule."""
    return [
        SlotBatch(slot, LOSSES[name], seed, (step + slot) % 6 + 1)
        for slot, name in enumerate(names)
        if name
    ]


@settings(max_examples=30)
@given(
    names=st.lists(st.sampled_from([*TERMS, None]), min_size=1, max_size=6).filter(any),
    seed=st.integers(0, 99),
    step=st.integers(1, 6),
)
def test_each_slot_has_the_gauges_and_the_gradient_of_its_own_loss(
    names: list[str | None], seed: int, step: int
) -> None:
    sums, table = sums_and_table(len(names), seed)
    asked = asked_for(names, seed, step)
    losses = slot_losses(asked, sums, table, SIZE)
    steps = {one.slot: one.step for one in asked}
    found = rows_of(losses)
    for slot, name in enumerate(names):
        if name is None:
            assert slot not in found
            assert (losses.gradient[slot] == 0).all()
            continue
        gauges, gradient = loss_alone(LOSSES[name], sums[slot], table[:, slot], steps[slot], seed)
        named = {**vars(gauges), "active": None}.values()  # in a batch without given negatives
        expected = [np.nan if one is None else one for one in [*named][:-1]] + [*gauges.active]
        np.testing.assert_allclose(found[slot], expected, atol=1e-5, rtol=1e-5)
        # an element may be the small difference of large terms, and keeps their rounding
        rounding = 1e-6 * max(1.0, float(gradient.abs().max()))
        torch.testing.assert_close(losses.gradient[slot], gradient, atol=rounding, rtol=1e-4)


def test_slots_of_one_formula_read_each_the_step_it_is_at() -> None:
    sums, table = sums_and_table(3)
    asked = asked_for(["ramped"] * 3)
    assert len({one.step for one in asked}) == 3
    found = rows_of(slot_losses(asked, sums, table, SIZE))
    for one in asked:
        alone, _ = loss_alone(LOSSES["ramped"], sums[one.slot], table[:, one.slot], one.step, 3)
        assert float(found[one.slot][0]) == pytest.approx(alone.loss, rel=1e-5)


@pytest.mark.parametrize("name", TERMS)
@pytest.mark.parametrize("neighbour", TERMS)
def test_a_slot_of_no_numbers_leaves_the_others_theirs(name: str, neighbour: str) -> None:
    names = [name, neighbour, name]
    sums, table = sums_and_table(3)
    sound = slot_losses(asked_for(names), sums, table, SIZE)
    sums[1, :SIZE] = float("nan")
    broken = slot_losses(asked_for(names), sums, table, SIZE)
    for slot in (0, 2):
        of_both = rows_of(sound)[slot], rows_of(broken)[slot]
        assert of_both[0].numpy().tobytes() == of_both[1].numpy().tobytes()
        assert torch.equal(sound.gradient[slot], broken.gradient[slot])


def test_a_loss_that_raises_ends_the_slot_that_has_it_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def raises(*_arguments: object) -> NoReturn:
        raise IndexError("index 7 is out of bounds")

    sums, table = sums_and_table(2)
    sound = slot_losses(asked_for(["circle", "mean"]), sums, table, SIZE)
    monkeypatch.setattr("worker.training.losses.library.library_rows", raises)
    losses = slot_losses(asked_for(["circle", "mean"]), sums, table, SIZE)
    assert isinstance(losses.errors[0], IndexError)
    assert torch.equal(losses.gradient[1], sound.gradient[1])
    assert (losses.gradient[0] == 0).all()


@pytest.mark.parametrize(
    ("error", "on_cpu", "on_cuda"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), True, True),
        (MemoryError(), True, True),
        (RuntimeError("can't allocate memory: you tried to allocate 8 bytes"), True, True),
        (RuntimeError("cuBLAS error"), False, True),
        (OSError(28, "No space left on device"), False, False),
        (IndexError("index 7 is out of bounds"), False, False),
    ],
)
def test_what_the_members_share_breaks_all_of_them(
    error: Exception, on_cpu: bool, on_cuda: bool
) -> None:
    assert hits_all(error, "cpu") == on_cpu
    assert hits_all(error, "cuda") == on_cuda


def test_memory_that_runs_out_in_one_members_loss_is_no_fault_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def raises(*_arguments: object) -> NoReturn:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr("worker.training.losses.library.library_rows", raises)
    with pytest.raises(torch.OutOfMemoryError):
        slot_losses(asked_for(["circle", "mean"]), *sums_and_table(2), SIZE)
