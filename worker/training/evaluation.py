"""Evaluations: losses on fixed validation batches, and how well similarities tell labels apart."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from models.errors import TrainingFault
from models.metrics import LossMetrics, PairMetrics, RetrievalMetrics, declared
from models.specs.experiment import ExperimentSpec
from models.specs.losses import LossSpec
from models.specs.training import FixedThreshold, NegativesSpec
from worker.training.confusion import confusion
from worker.training.data import NO_QUESTIONS, Int64, RunData
from worker.training.encoders.encoder import Encoder
from worker.training.events import Evaluated
from worker.training.graded import Grades, correlations, triplet_accuracy
from worker.training.losses.building import further_questions, loss_batch
from worker.training.losses.given_negatives import (
    Given,
    given_in_validation,
    rows_to_validate,
)
from worker.training.losses.terms import batch_loss
from worker.training.ranking import average_precision, ranking, roc_auc
from worker.training.retrieval import Retrieved, retrieve
from worker.training.thresholds import best_threshold

PAIRS_AT_ONCE = 512  # the course evaluates in batches of 512; with its padding this is visible
SHARING_AT_ONCE = 4096  # where the other pairs of a call save work, and change rounding at most

Floats = npt.NDArray[np.float32]
NO_GRADES = Grades()


class PairEncoder(Protocol):
    """Anything that can be evaluated: it gives the unit vectors of pairs."""

    def encode_pairs(self, data: RunData, rows: Int64, further: Int64 = NO_QUESTIONS) -> Tensor:
        """(2 len(rows) + len(further), width): the first questions of all rows, then the second
        ones, then the further questions."""


def pair_metrics(
    scores: Floats, labels: npt.NDArray[np.int8], threshold: float, grades: Grades = NO_GRADES
) -> PairMetrics:
    """Metrics of P pairs from their similarities (P,) and labels (P,) in {0, 1}.

    A pair is called a duplicate when its similarity is strictly above the threshold. What ranks
    pairs, where ties count as half right, and what weighs the two kinds of mistakes, is None
    without both labels; what needs scores that people gave, or triplets, without these.
    """
    positive = labels == 1
    called = scores > np.float32(threshold)
    both = positive.any() and not positive.all()
    ranked = ranking(scores, labels) if both else None
    counts = confusion(called, positive) if both else None
    correlated = None if grades.scores is None else correlations(scores, grades.scores)
    return PairMetrics(
        threshold=threshold,
        accuracy=float((called == positive).mean()),
        roc_auc=None if ranked is None else roc_auc(ranked),
        average_precision=None if ranked is None else average_precision(ranked),
        predicted_positive=float(called.mean()),
        positive_mean=float(scores[positive].mean(dtype=np.float64)) if positive.any() else None,
        negative_mean=None if positive.all() else float(scores[~positive].mean(dtype=np.float64)),
        pairs=len(scores),
        precision=None if counts is None else counts.precision,
        recall=None if counts is None else counts.recall,
        f1=None if counts is None else counts.f1,
        mcc=None if counts is None else counts.mcc,
        spearman=None if correlated is None else correlated[0],
        pearson=None if correlated is None else correlated[1],
        triplet_accuracy=None
        if grades.triplets is None
        else triplet_accuracy(scores, labels, grades.triplets),
    )


def grades_of(data: RunData, rows: Int64) -> Grades:
    """What is known of these rows beside their labels."""
    return Grades(
        None if data.scores is None else data.scores[rows],
        None if data.triplets is None else data.triplets[rows],
    )


@torch.no_grad()
def pair_scores(encoder: PairEncoder, data: RunData, rows: Int64) -> Floats:
    """The similarity (cosine) of each pair in `rows`, in their order: (len(rows),) float32.

    Raises `TrainingFault` when a similarity is not a number.
    """
    if not len(rows):
        return np.empty(0, np.float32)
    return _similarities(_encoded(encoder, data, rows))


def _similarities(encoded: Iterable[Sequence[Tensor]]) -> Floats:
    scores = [(first * second).sum(dim=1).cpu().numpy() for first, second in encoded]
    result = np.concatenate(scores)
    if not np.isfinite(result).all():
        raise TrainingFault("an evaluation gave similarities that are not numbers")
    return result


def _encoded(encoder: PairEncoder, data: RunData, rows: Int64) -> Iterator[Sequence[Tensor]]:
    """The unit vectors (some, width) of the first and of the second questions of some rows at a
    time."""
    at_once = SHARING_AT_ONCE if _shares(encoder) else PAIRS_AT_ONCE
    for start in range(0, len(rows), at_once):
        yield encoder.encode_pairs(data, rows[start : start + at_once]).chunk(2)


def _shares(encoder: PairEncoder) -> bool:
    """Whether pairs may be encoded with any others, and had better be."""
    return isinstance(encoder, Encoder) and encoder.shares_beginnings and not encoder.padded


@torch.no_grad()
def score_test(encoder: PairEncoder, data: RunData) -> tuple[Floats, Retrieved | None]:
    """The similarity of each test pair (P,), and what retrieval finds with the same vectors.

    Raises `TrainingFault` when a similarity is not a number.
    """
    encoded = list(_encoded(encoder, data, data.test))
    scores = _similarities(encoded)
    vectors = torch.cat([torch.stack(tuple(pairs), dim=1).flatten(0, 1) for pairs in encoded])
    return scores, retrieve(data, vectors)


def validation_losses(
    encoder: PairEncoder, spec: ExperimentSpec, arm: str, data: RunData
) -> tuple[float, float]:
    """The arm's own loss and the baseline's, each the mean over its fixed validation batches.

    The batches are the first whole ones of the validation duplicates, in order: the same in
    every arm, seed and step, except for their size. Each loss is measured on batches of its own
    arm's size and with the negatives that its spec gives, since more of them make another loss; so
    the baseline's loss is a yardstick that all arms share.

    The losses of one run can be compared from step to step, since early stopping and the choice
    of weights do: a mining schedule is at its last rule throughout, and where training draws
    negatives, the expected value over the draw is taken; a formula reads the last step.
    """
    own, baseline = spec.for_arm(arm), spec.for_arm(spec.baseline.name)
    measured = [
        _Measured(one.arms[0].loss, one.negatives, one.batch_size, one.steps)
        for one in (own, baseline)
    ]
    if measured[0].batches == measured[1].batches:
        loss, yardstick = _mean_losses(encoder, measured, data, spec.validation_batches)
        return loss, yardstick
    loss, yardstick = (
        _mean_losses(encoder, [one], data, spec.validation_batches)[0] for one in measured
    )
    return loss, yardstick


class _Measured(NamedTuple):
    """A loss that is measured, on batches of these negatives and this many pairs; `steps` is the
    last step of its training."""

    loss: LossSpec
    negatives: NegativesSpec
    batch_size: int
    steps: int

    @property
    def batches(self) -> tuple[object, ...]:
        """What its batches depend on."""
        anchors = self.loss.anchors if self.negatives.given else None
        return self.batch_size, self.negatives, anchors


@torch.no_grad()
def _mean_losses(
    encoder: PairEncoder, measured: Sequence[_Measured], data: RunData, at_most: int
) -> list[float]:
    """The mean of each loss, as it reduces a batch, over the first whole batches, which are the
    same for all of them."""
    _, negatives, size, _ = first = measured[0]
    held_out = rows_to_validate(data, negatives, first.loss.anchors)
    batches = min(at_most, len(held_out) // size)
    totals = np.zeros(len(measured))
    together = max(1, SHARING_AT_ONCE // size) if _shares(encoder) else 1
    for start in range(0, batches, together):
        some = [
            (rows, given_in_validation(data, rows, negatives, first.loss.anchors))
            for rows in (
                held_out[index * size :][:size]
                for index in range(start, min(start + together, batches))
            )
        ]
        encoded = _encoded_batches(encoder, data, some)
        for (rows, given), vectors in zip(some, encoded, strict=True):
            for place, (loss, _, _, steps) in enumerate(measured):
                batch, _ = loss_batch(loss, negatives, data, rows, given, vectors, last_step=steps)
                totals[place] += batch_loss(loss, batch).item()
    return [float(total) for total in totals / batches]


def _encoded_batches(
    encoder: PairEncoder, data: RunData, batches: Sequence[tuple[Int64, Given | None]]
) -> list[Tensor]:
    """The vectors of batches, all encoded in one call: of each those of the first questions of its
    pairs, of the second ones and of its given negatives."""
    every = [further_questions(given) for _, given in batches]
    rows = np.concatenate([rows for rows, _ in batches])
    vectors = encoder.encode_pairs(data, rows, np.concatenate(every))
    sizes = [len(rows) for rows, _ in batches]
    parts = vectors.split([*sizes, *sizes, *map(len, every)])
    count = len(batches)
    return [torch.cat(parts[index::count]) for index in range(count)]


def validation_rows(data: RunData, count: int) -> Int64:
    """`count` rows spread evenly over the validation rows; all of them when there are fewer. Of
    triplets about as many rows, whole triplets spread evenly."""
    total = len(data.validation)
    count = min(count, total)
    if data.triplets is None:
        return data.validation[np.arange(count) * total // count]
    triplets = data.triplets[data.validation]
    numbers = np.unique(triplets)
    taken = max(1, count * len(numbers) // total)
    chosen = numbers[np.arange(taken) * len(numbers) // taken]
    return data.validation[np.isin(triplets, chosen)]


def evaluate_validation(
    encoder: PairEncoder, spec: ExperimentSpec, arm: str, data: RunData, step: int
) -> Evaluated:
    """The arm's own loss, the baseline's as the common yardstick, and the metrics of the pairs."""
    own = spec.for_arm(arm)
    loss, baseline_loss = validation_losses(encoder, spec, arm, data)
    rows = validation_rows(data, spec.validation_pairs)
    scores, labels = pair_scores(encoder, data, rows), data.labels[rows]
    threshold = _threshold(own, scores, labels)
    metrics = pair_metrics(scores, labels, threshold, grades_of(data, rows))
    per_row = loss / own.batch_size if own.arm(arm).loss.reduction == "sum" else loss
    return Evaluated(
        step=step,
        split="validation",
        loss=loss,
        loss_per_row=per_row,
        baseline_loss=baseline_loss,
        **vars(metrics),
        **_without(RetrievalMetrics),
    )


def decision_threshold(spec: ExperimentSpec, encoder: PairEncoder, data: RunData) -> float:
    """The threshold for the test pairs: fixed by the arm's own spec, or chosen on validation."""
    if isinstance(spec.threshold, FixedThreshold):
        return spec.threshold.value
    rows = validation_rows(data, spec.validation_pairs)
    return best_threshold(pair_scores(encoder, data, rows), data.labels[rows])


def evaluate_test(
    data: RunData, scores: Floats, retrieved: Retrieved | None, step: int, threshold: float
) -> Evaluated:
    """The metrics of the test pairs, from their scores and what retrieval found; they have no
    losses."""
    grades = grades_of(data, data.test)
    metrics = pair_metrics(scores, data.labels[data.test], threshold, grades)
    found = _without(RetrievalMetrics) if retrieved is None else vars(retrieved.metrics())
    return Evaluated(step=step, split="test", **_without(LossMetrics), **vars(metrics), **found)


def _without(form: type) -> dict[str, Any]:
    """The metrics of a declaration, of which there are none."""
    return dict.fromkeys(declared(form))


def _threshold(spec: ExperimentSpec, scores: Floats, labels: npt.NDArray[np.int8]) -> float:
    if isinstance(spec.threshold, FixedThreshold):
        return spec.threshold.value
    return best_threshold(scores, labels)
