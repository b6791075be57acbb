"""Losses and gauges of every slot's batch, in as few calls as there are different losses.

A loss is computed for all slots at once, with the functions of a training that runs alone. It is
so even where few slots have this loss, so that no tensor's shape, and with it no bit of a result,
depends on how many have it. A slot with another loss goes in as zeros, and no gradient comes back
through it, not even a NaN. A loss with a term that draws at random, or with one of the library's
(whose shapes depend on values), is computed slot by slot, and so is that of a batch with given
negatives, whose number differs from batch to batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor

from models.specs.losses import LossSpec
from models.specs.terms import Formula, Mined, MultipleNegatives, SelectivelyContrastive
from models.specs.training import NegativesSpec
from worker.training.data import Int64, RunData
from worker.training.encoders.dropout import kept_outputs
from worker.training.gauges import measure
from worker.training.losses.batch import Batch
from worker.training.losses.building import loss_batch
from worker.training.losses.duplicates import excluded_pairs
from worker.training.losses.given_negatives import Given
from worker.training.losses.terms import reduce_terms, term_rows
from worker.training.stack.encoder import of_batch, unit_vectors
from worker.training.stack.layout import half_of
from worker.training.stack.sharing import hits_all

TOGETHER = (Mined, SelectivelyContrastive, MultipleNegatives)  # kinds of terms


@dataclass(frozen=True)
class GivenBatch:
    """The pairs of a batch and the negatives that are given to them."""

    data: RunData
    negatives: NegativesSpec
    rows: Int64
    given: Given


@dataclass(frozen=True)
class SlotBatch:
    """The batch of a slot at its step, under its loss and seed."""

    slot: int
    loss: LossSpec
    seed: int
    step: int
    dropout: float = 0.0
    own: GivenBatch | None = None
    """Of a batch with given negatives."""


@dataclass
class SlotLosses:
    """The result of `slot_losses` for the batches of all slots."""

    gradient: Tensor  # of the sums, (K, places, H)
    gauges: list[tuple[dict[int, int], Tensor]] = field(default_factory=list)
    """Values (rows, n) of `measure`, still on the device, and which row each slot has."""
    errors: dict[int, Exception] = field(default_factory=dict)


def slot_losses(
    batches: Sequence[SlotBatch], totals: Tensor, table: Tensor, size: int
) -> SlotLosses:
    """Losses of batches of `size` pairs from their sums over time, and the sums' gradient."""
    sums = totals.detach().requires_grad_()
    vectors = unit_vectors(sums, table[5], _kept(batches, totals, size))
    ours, theirs, _ = of_batch(table[4], size)  # duplicate groups
    known = ours[:, :, None] == theirs[:, None]
    known |= torch.eye(size, dtype=torch.bool, device=known.device)
    result, losses = SlotLosses(torch.zeros_like(totals)), []
    for group in _alike(batches):
        try:
            loss, rows, gauges = _group_loss(group, vectors, known, size)
        except Exception as error:
            if len(group) > 1 or hits_all(error, totals.device.type):
                raise
            result.errors[group[0].slot] = error
            continue
        result.gauges.append((rows, gauges))
        losses.append(loss)
    if losses:
        (result.gradient,) = torch.autograd.grad(torch.stack(losses).sum(), sums)
    return result


def _kept(batches: Sequence[SlotBatch], totals: Tensor, size: int) -> Tensor | None:
    """What dropout keeps (K, places, H); None where no slot has any."""
    if not any(batch.dropout for batch in batches):
        return None
    kept = torch.ones(totals.shape)
    for one in batches:
        further = 0 if one.own is None else len(one.own.given.questions)
        width = totals.shape[2]
        own = kept_outputs(one.seed, one.step, 2 * size + further, width, one.dropout)
        parts = of_batch(kept[one.slot][None], size, further)
        for part, drawn in zip(parts, own.split((size, size, further)), strict=True):
            part[0] = drawn
    return kept.to(totals.device)


def _alike(batches: Sequence[SlotBatch]) -> list[list[SlotBatch]]:
    """Groups of batches whose losses are one computation; any other batch is a group alone."""
    alike: dict[object, list[SlotBatch]] = {}
    for batch in batches:
        loss = batch.loss
        rules: tuple[object, ...] = tuple(
            t.among_at(batch.step) for t in loss.terms if isinstance(t, Mined)
        )
        if any(isinstance(t, Formula) and "step" in t.names for t in loss.terms):
            rules = (*rules, batch.step)
        alike.setdefault((loss, rules) if _is_of_all(batch) else batch.slot, []).append(batch)
    return list(alike.values())


def _is_of_all(batch: SlotBatch) -> bool:
    """Whether the loss is computed for all slots at once."""
    return batch.own is None and all(isinstance(term, TOGETHER) for term in batch.loss.terms)


def _group_loss(
    group: list[SlotBatch], vectors: Tensor, known: Tensor, size: int
) -> tuple[Tensor, dict[int, int], Tensor]:
    """The sum of a group's losses, which row of its gauges each slot has, and these gauges."""
    spec, step = group[0].loss, group[0].step
    slots = [batch.slot for batch in group]
    if group[0].own is not None:
        (batch,), (slot,) = group, slots
        loss, gauges = _given_loss(batch, group[0].own, vectors[slot : slot + 1], size)
        return loss, {slot: 0}, gauges[None]
    if not _is_of_all(group[0]):
        (batch,), (slot,) = group, slots
        first, second, similarities = (p[0] for p in _batches(vectors[slot : slot + 1], size))
        loss, gauges = _batch_loss(spec, step, batch.seed, first, second, similarities, known[slot])
        return loss, {slot: 0}, gauges[None]
    others = torch.ones(len(vectors), dtype=torch.bool)
    others[slots] = False
    others = others.to(vectors.device)
    batches = _batches(vectors.masked_fill(others[:, None, None], 0), size)

    losses, gauges = torch.func.vmap(partial(_batch_loss, spec, step, None))(*batches, known)
    return losses.sum(), {slot: slot for slot in slots}, gauges


def _batches(vectors: Tensor, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """First and second vectors (K, size, H), and similarities (K, size, size)."""
    half = half_of(size)
    first, second = vectors[:, :half], vectors[:, half : 2 * half]
    similarities = torch.bmm(first, second.transpose(1, 2))
    return first[:, :size], second[:, :size], similarities[:, :size, :size]


def _batch_loss(
    spec: LossSpec,
    step: int,
    seed: int | None,
    first: Tensor,
    second: Tensor,
    similarities: Tensor,
    known: Tensor,
) -> tuple[Tensor, Tensor]:
    """Loss and gauges of one batch."""
    excluded = excluded_pairs(spec, known)
    own = torch.eye(len(known), dtype=torch.bool, device=known.device)
    batch = Batch(first, second, similarities, own if excluded is None else excluded, step, seed)
    return _loss_and_gauges(spec, batch, known)


def _given_loss(
    batch: SlotBatch, own: GivenBatch, vectors: Tensor, size: int
) -> tuple[Tensor, Tensor]:
    """The same of a batch with given negatives, by what a training alone uses."""
    every = torch.cat(of_batch(vectors, size, len(own.given.questions)), dim=1)[0]
    built, known = loss_batch(
        batch.loss,
        own.negatives,
        own.data,
        own.rows,
        own.given,
        every,
        step=batch.step,
        seed=batch.seed,
    )
    return _loss_and_gauges(batch.loss, built, known)


def _loss_and_gauges(spec: LossSpec, batch: Batch, known: Tensor) -> tuple[Tensor, Tensor]:
    values = term_rows(spec, batch)
    loss = reduce_terms(spec, values)
    return loss, measure(spec, batch, values, loss, known)
