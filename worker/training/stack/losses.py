"""Losses and gauges of every slot's batch, in as few calls as there are different losses.

A loss is computed for all slots at once, with the functions of a training that runs alone. It is
so even where few slots have this loss, so that no tensor's shape, and with it no bit of a result,
depends on how many have it. A slot with another loss goes in as zeros, and no gradient comes back
through it, not even a NaN. A loss with a term that draws at random, or with one of the library's
(whose shapes depend on values), is computed slot by slot.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor

from models.specs.losses import LossSpec
from models.specs.terms import Formula, Mined, MultipleNegatives, SelectivelyContrastive
from worker.training.encoders.dropout import kept_outputs
from worker.training.gauges import measure
from worker.training.losses.batch import Batch
from worker.training.losses.duplicates import excluded_pairs
from worker.training.losses.terms import reduce_terms, term_rows
from worker.training.stack.encoder import unit_vectors
from worker.training.stack.sharing import hits_all

TOGETHER = (Mined, SelectivelyContrastive, MultipleNegatives)  # kinds of terms


@dataclass(frozen=True)
class SlotBatch:
    """The batch of a slot at its step, under its loss and seed."""

    slot: int
    loss: LossSpec
    seed: int
    step: int
    dropout: float = 0.0


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
    groups = table[4].view(len(table[4]), 2, -1)[:, :, :size]
    known = groups[:, 0, :, None] == groups[:, 1, None]
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
    """What dropout keeps (K, 2, half, H); None where no slot has any."""
    if not any(batch.dropout for batch in batches):
        return None
    slots, places, width = totals.shape
    kept = torch.ones(slots, 2, places // 2, width)
    for one in batches:
        own = kept_outputs(one.seed, one.step, 2 * size, width, one.dropout)
        kept[one.slot, :, :size] = own.view(2, size, width)
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
        alike.setdefault((loss, rules) if _is_of_all(loss) else batch.slot, []).append(batch)
    return list(alike.values())


def _is_of_all(loss: LossSpec) -> bool:
    """Whether the loss is computed for all slots at once."""
    return all(isinstance(term, TOGETHER) for term in loss.terms)


def _group_loss(
    group: list[SlotBatch], vectors: Tensor, known: Tensor, size: int
) -> tuple[Tensor, dict[int, int], Tensor]:
    """The sum of a group's losses, which row of its gauges each slot has, and these gauges."""
    spec, step = group[0].loss, group[0].step
    slots = [batch.slot for batch in group]
    if not _is_of_all(spec):
        (batch,), (slot,) = group, slots
        first, second, similarities = (p[0] for p in _batches(vectors[slot : slot + 1], size))
        loss, gauges = _batch_loss(spec, step, batch.seed, first, second, similarities, known[slot])
        return loss, {slot: 0}, gauges[None]
    others = torch.ones(len(vectors), dtype=torch.bool)
    others[slots] = False
    others = others.to(vectors.device)
    batches = _batches(vectors.masked_fill(others[:, None, None, None], 0), size)

    losses, gauges = torch.func.vmap(partial(_batch_loss, spec, step, None))(*batches, known)
    return losses.sum(), {slot: slot for slot in slots}, gauges


def _batches(vectors: Tensor, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """First and second vectors (K, size, H), and similarities (K, size, size)."""
    first, second = vectors.unbind(1)
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
    values = term_rows(spec, batch)
    loss = reduce_terms(spec, values)
    return loss, measure(spec, batch, values, loss, known)
