"""Evaluations: losses on fixed validation batches, and how well similarities tell labels apart."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from sklearn.metrics import average_precision_score, roc_auc_score

from models.errors import TrainingFault
from models.specs.experiment import ExperimentSpec, FixedThreshold
from models.specs.losses import LossSpec
from worker.training.data import Int64, RunData, pair_questions
from worker.training.duplicates import excluded_pairs, known_duplicates
from worker.training.encoders import Encoder
from worker.training.events import Evaluated
from worker.training.losses import batch_loss
from worker.training.thresholds import best_threshold

PAIRS_AT_ONCE = 512  # the course evaluates in batches of 512; with its padding this is visible

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class PairFigures:
    threshold: float
    accuracy: float
    roc_auc: float | None
    average_precision: float | None
    predicted_positive: float
    positive_mean: float | None
    negative_mean: float | None
    pairs: int


def pair_figures(scores: Floats, labels: npt.NDArray[np.int8], threshold: float) -> PairFigures:
    """Figures of P pairs from their similarities (P,) and labels (P,) in {0, 1}.

    A pair is called a duplicate when its similarity is strictly above the threshold. Ranks are
    scikit-learn's, where tied scores count as half right; they are None without both labels.
    """
    positive = labels == 1
    called = scores > np.float32(threshold)
    both = bool(positive.any() and not positive.all())
    return PairFigures(
        threshold=threshold,
        accuracy=float((called == positive).mean()),
        roc_auc=float(roc_auc_score(labels, scores)) if both else None,
        average_precision=float(average_precision_score(labels, scores)) if both else None,
        predicted_positive=float(called.mean()),
        positive_mean=float(scores[positive].mean(dtype=np.float64)) if positive.any() else None,
        negative_mean=None if positive.all() else float(scores[~positive].mean(dtype=np.float64)),
        pairs=len(scores),
    )


@torch.no_grad()
def pair_scores(encoder: Encoder, data: RunData, rows: Int64) -> Floats:
    """The similarity (cosine) of each pair in `rows`, in their order: (len(rows),) float32.

    Raises `TrainingFault` when a similarity is not a number.
    """
    scores = []
    for start in range(0, len(rows), PAIRS_AT_ONCE):
        chunk = rows[start : start + PAIRS_AT_ONCE]
        first, second = encoder.encode(pair_questions(data, chunk)).chunk(2)
        scores.append((first * second).sum(dim=1).cpu().numpy())
    result = np.concatenate(scores)
    if not np.isfinite(result).all():
        raise TrainingFault("an evaluation gave similarities that are not numbers")
    return result


@torch.no_grad()
def validation_losses(
    encoder: Encoder, spec: ExperimentSpec, losses: tuple[LossSpec, ...], data: RunData
) -> tuple[float, ...]:
    """The mean over the fixed validation batches of each of `losses`, as each reduces a batch.

    The batches are the first whole ones of the validation duplicates, in order: the same in
    every arm, seed and step.
    """
    whole = len(data.validation_duplicates) // spec.batch_size
    batches = min(spec.validation_batches, whole)
    totals = np.zeros(len(losses))
    for index in range(batches):
        rows = data.validation_duplicates[index * spec.batch_size :][: spec.batch_size]
        first, second = encoder.encode(pair_questions(data, rows)).chunk(2)
        similarities = first @ second.t()
        known = known_duplicates(data, rows, similarities.device)
        totals += [
            batch_loss(loss, similarities, excluded_pairs(loss, known)).item() for loss in losses
        ]
    return tuple(float(total) for total in totals / batches)


def validation_rows(data: RunData, count: int) -> Int64:
    """`count` rows spread evenly over the validation rows; all of them when there are fewer."""
    total = len(data.validation)
    count = min(count, total)
    return data.validation[np.arange(count) * total // count]


def evaluate_validation(
    encoder: Encoder, spec: ExperimentSpec, arm: str, data: RunData, step: int
) -> Evaluated:
    """The arm's own loss, the baseline's loss on the same batches, and the pair figures."""
    own = spec.arm(arm).loss
    loss, baseline_loss = validation_losses(encoder, spec, (own, spec.baseline.loss), data)
    rows = validation_rows(data, spec.validation_pairs)
    scores, labels = pair_scores(encoder, data, rows), data.labels[rows]
    figures = pair_figures(scores, labels, _threshold(spec, scores, labels))
    per_row = loss / spec.batch_size if own.reduction == "sum" else loss
    return Evaluated(step, "validation", loss, per_row, baseline_loss, **vars(figures))


def decision_threshold(spec: ExperimentSpec, encoder: Encoder, data: RunData) -> float:
    """The threshold that test pairs meet: as the spec fixes it, or chosen on validation pairs."""
    if isinstance(spec.threshold, FixedThreshold):
        return spec.threshold.value
    rows = validation_rows(data, spec.validation_pairs)
    return best_threshold(pair_scores(encoder, data, rows), data.labels[rows])


def evaluate_test(data: RunData, scores: Floats, step: int, threshold: float) -> Evaluated:
    """The pair figures of the test rows, from their scores."""
    figures = pair_figures(scores, data.labels[data.test], threshold)
    return Evaluated(step, "test", None, None, None, **vars(figures))


def _threshold(spec: ExperimentSpec, scores: Floats, labels: npt.NDArray[np.int8]) -> float:
    if isinstance(spec.threshold, FixedThreshold):
        return spec.threshold.value
    return best_threshold(scores, labels)
