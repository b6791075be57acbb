"""One step of every training in a stack: one forward, one backward, one update, one transfer."""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from models.specs.seeds import Draws
from worker.training.batches import batch_rows
from worker.training.data import Int64
from worker.training.divergence import Diverged, check_step
from worker.training.events import StepDone
from worker.training.gauges import gauges_of
from worker.training.losses.building import further_questions
from worker.training.losses.given_negatives import Given, given_in_training
from worker.training.optimizer import Update, clip_gradients, update_together
from worker.training.schedules import learning_rate
from worker.training.stack.encoder import StackEncoder
from worker.training.stack.layout import Layout, room_for
from worker.training.stack.losses import GivenBatch, SlotBatch, SlotLosses, slot_losses
from worker.training.state import TrainingState

Batches = dict[int, tuple[Draws, int]]  # slot -> the draws and the step of its batch


class Drawn(NamedTuple):
    """What the batch of a slot is made of."""

    rows: Int64
    given: Given | None


class Ahead(NamedTuple):
    """Batches that are drawn and laid out."""

    batches: Batches
    drawn: Mapping[int, Drawn]
    layout: Layout


class Steps:
    """Takes the steps of a stack whose batches have `size` pairs, each with up to `given` negatives
    that are given."""

    def __init__(self, encoder: StackEncoder, size: int, given: int) -> None:
        self._encoder, self._size, self._room = encoder, size, room_for(given * size)
        self._ahead: Ahead | None = None

    def advance(self, members: Mapping[int, TrainingState]) -> dict[int, StepDone | Exception]:
        """Do the next step of the trainings in these slots; by slot what happened, or an exception.

        A training whose loss or gradient is not finite is left as it was.
        """
        batches = {slot: (member.draws, member.step + 1) for slot, member in members.items()}
        _, drawn, layout = self._drawn(batches, members)
        table = self._encoder.table(layout)
        totals = self._encoder.forward(layout.times, table)
        slot_batches = [
            _slot_batch(slot, members[slot], draws, step, drawn[slot])
            for slot, (draws, step) in batches.items()
        ]
        losses = slot_losses(slot_batches, totals, table, self._size)
        gradients = self._encoder.backward(losses.gradient)
        norms = _norms(gradients)
        # laid out while a GPU still computes; useless where a member ends with this step
        following = {slot: (draws, step + 1) for slot, (draws, step) in batches.items()}
        self._ahead = self._drawn(following, members)
        measured, norms_now = _to_host(losses, norms)
        done: dict[int, StepDone | Exception] = {}
        updates = []
        for slot, member in members.items():
            if slot in losses.errors:
                done[slot] = losses.errors[slot]
                continue
            step, norm, gauges = member.step + 1, norms_now[slot], gauges_of(measured[slot])
            try:
                check_step(step, gauges, norm, member.encoder, member.optimizer)
            except Diverged as error:
                done[slot] = error
                continue
            lr = learning_rate(member.spec.optimizer, step, member.spec.steps)
            own = {name: gradient[slot] for name, gradient in gradients.items()}
            clip_gradients(own.values(), member.spec.optimizer.clip, norm)
            updates.append(Update(member.optimizer, own, lr))
            done[slot] = StepDone(step=step, **vars(gauges), gradient_norm=norm, lr=lr)
            member.step = step
        update_together(updates)
        for slot, outcome in done.items():
            if isinstance(outcome, StepDone):
                members[slot].encoder.restore_held()
        self._encoder.forget()
        return done

    def _drawn(self, batches: Batches, members: Mapping[int, TrainingState]) -> Ahead:
        if self._ahead and self._ahead.batches == batches:
            return self._ahead
        drawn = {
            slot: _draw(members[slot], draws.batch_order, step, self._size)
            for slot, (draws, step) in batches.items()
        }
        rows = {slot: one.rows for slot, one in drawn.items()}
        further = {slot: further_questions(one.given) for slot, one in drawn.items()}
        layout = self._encoder.layout(rows, further, self._size, self._room)
        return Ahead(batches, drawn, layout)


def _draw(member: TrainingState, seed: int, step: int, size: int) -> Drawn:
    data, negatives = member.data, member.spec.negatives
    rows = batch_rows(data.train, seed, step, size)
    anchors = member.loss_spec.anchors
    return Drawn(rows, given_in_training(data, rows, negatives, anchors, seed, step))


def _slot_batch(
    slot: int, member: TrainingState, draws: Draws, step: int, drawn: Drawn
) -> SlotBatch:
    rows, given = drawn
    negatives = member.spec.negatives
    own = None if given is None else GivenBatch(member.data, negatives, rows, given)
    dropout = member.spec.encoder.dropout
    return SlotBatch(slot, member.loss_spec, draws.batch_order, step, dropout, own)


def _norms(gradients: Mapping[str, Tensor]) -> Tensor:
    """The norm of each slot's gradient (K,)."""
    norms = [torch.linalg.vector_norm(one.flatten(1), dim=1) for one in gradients.values()]
    total: Tensor = torch.linalg.vector_norm(torch.stack(norms), dim=0)
    return total


def _to_host(losses: SlotLosses, norms: Tensor) -> tuple[dict[int, list[float]], list[float]]:
    """Every slot's gauges, and the norms, in one transfer: on a GPU each would stall the step."""
    parts = [part.reshape(-1) for _, part in losses.gauges]
    numbers = torch.cat([norms, *parts]).tolist()
    gauges: dict[int, list[float]] = {}
    start = len(norms)
    for rows, part in losses.gauges:
        count = part.shape[1]
        for slot, row in rows.items():
            gauges[slot] = numbers[start + row * count :][:count]
        start += part.numel()
    return gauges, numbers[: len(norms)]
