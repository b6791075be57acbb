"""From the vectors of pairs and of given negatives to the batch as a loss takes it."""

import torch
from torch import Tensor

from models.specs.losses import LossSpec
from models.specs.training import NegativesSpec
from worker.training.data import NO_QUESTIONS, Int64, RunData
from worker.training.losses.batch import Batch, batch_of
from worker.training.losses.duplicates import excluded_pairs, known_duplicates
from worker.training.losses.given_negatives import Given


def further_questions(given: Given | None) -> Int64:
    """What is encoded behind the pairs of a batch."""
    return NO_QUESTIONS if given is None else given.questions


def loss_batch(
    loss: LossSpec,
    negatives: NegativesSpec,
    data: RunData,
    rows: Int64,
    given: Given | None,
    vectors: Tensor,
    *,
    step: int | None = None,
    seed: int | None = None,
    last_step: int | None = None,
) -> tuple[Batch, Tensor]:
    """The batch of the pairs `rows`, whose `vectors` (2B + m, D) are those of all first questions,
    of all second ones and of the given negatives; and what of it is known to ask the same."""
    known = known_duplicates(data, rows, vectors.device, given)
    excluded = excluded_pairs(loss, known)
    if given is None:
        first, second = vectors.chunk(2)
        batch = batch_of(
            first, second, step=step, seed=seed, excluded=excluded, last_step=last_step
        )
        return batch, known
    size = len(rows)
    sides, further = vectors[: 2 * size].view(2, size, -1), vectors[2 * size :]
    owners = torch.from_numpy(given.owners).to(vectors.device)
    if not negatives.in_batch:
        excluded = (
            _of_others(owners, known) if excluded is None else excluded | _of_others(owners, known)
        )
    batch = batch_of(
        sides[given.side],
        torch.cat((sides[1 - given.side], further)),
        step=step,
        seed=seed,
        excluded=excluded,
        last_step=last_step,
        owners=owners,
        turned=given.side == 1,
    )
    return batch, known


def _of_others(owners: Tensor, known: Tensor) -> Tensor:
    """True (B, B + m) but where a negative is given to the anchor of the row."""
    others = torch.ones_like(known)
    others[owners, len(known) + torch.arange(len(owners), device=known.device)] = False
    return others
