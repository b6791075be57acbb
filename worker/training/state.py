"""The progress of one training: what it is made of between two steps, and what follows a step.

How the steps themselves are done is not said here: alone (`loop.py`), or as one of many at once
(`stack/loop.py`). All else is the same for both, and stands here once.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from models.errors import TrainingFault
from models.specs.experiment import ExperimentSpec
from worker.training.best_weights import Keeping
from worker.training.checkpoints import Checkpoints
from worker.training.data import RunData
from worker.training.devices import prepare_device
from worker.training.divergence import Diverged, broken_by_update
from worker.training.early_stopping import EarlyStopping
from worker.training.encoders.encoders import build_encoder
from worker.training.encoders.initial import Weights, initial_weights
from worker.training.evaluation import (
    PairEncoder,
    decision_threshold,
    evaluate_test,
    evaluate_validation,
    pair_scores,
)
from worker.training.events import Evaluated, Finished, Saved, Started
from worker.training.optimizer import ShrinkingAdam


class Progress:
    """The state of a training between two steps: weights, moments, the step's number, and what
    the evaluations so far have decided. Its `spec` is the arm's own, `asked` the whole one."""

    def __init__(
        self, spec: ExperimentSpec, arm: str, seed: int, data: RunData, device: str
    ) -> None:
        self.asked, self.arm = spec, arm
        self.spec, self.seed, self.data, self.step = spec.for_arm(arm), seed, data, 0
        self.loss_spec = spec.arm(arm).loss
        weights = initial_weights(self.spec.encoder, data.vocabulary_size, seed)
        self.encoder = build_encoder(self.spec.encoder, weights).to(prepare_device(device))
        self.optimizer = ShrinkingAdam(self.spec.optimizer, self.encoder.named_parameters())
        self.early_stopping = EarlyStopping(self.spec.early_stop)
        self.keeping = Keeping(self.spec.checkpoint)

    def begin(self, checkpoints: Checkpoints | None, identity: str) -> Started:
        """Go on from the newest checkpoint of this very training, if there is one."""
        found = checkpoints.newest(identity) if checkpoints else None
        if found:
            self.load(found.tensors, found.step)
        return Started(self.step)

    def after_step(
        self, encoder: PairEncoder, checkpoints: Checkpoints | None, identity: str
    ) -> Iterator[Evaluated | Saved]:
        """What is due after a step. `encoder` encodes with the weights of now."""
        if self.is_to_be_evaluated:
            with self.evaluating():
                evaluated = evaluate_validation(encoder, self.asked, self.arm, self.data, self.step)
            self.early_stopping.see(evaluated)
            self.keeping.see(evaluated, self.encoder)
            yield evaluated
        if checkpoints and not self.ended and checkpoints.due(self.step):
            checkpoints.save(self.step, self.tensors(), identity)
            yield Saved(self.step)

    def take_kept_weights(self) -> int:
        """After the end: have the weights that are to be tested and kept; the step they are of."""
        return self.keeping.give_to(self.encoder, self.step)

    def end(self, encoder: PairEncoder, kept_step: int) -> Iterator[Evaluated | Finished]:
        """The test, of the weights of `kept_step` that were taken and that `encoder` has."""
        with self.evaluating():
            scores = pair_scores(encoder, self.data, self.data.test)
            threshold = decision_threshold(self.spec, encoder, self.data)
        yield evaluate_test(self.data, scores, kept_step, threshold)
        weights, why = self.weights(), self.stopped_early
        yield Finished(self.step, kept_step, threshold, scores, weights, why)

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """Evaluations in here raise `Diverged` where the weights have broken."""
        try:
            yield
        except TrainingFault:
            found = broken_by_update(self.encoder, self.optimizer)
            raise Diverged(self.step, found or "update", {}) from None

    @property
    def is_to_be_evaluated(self) -> bool:
        return self.step % self.spec.evaluate_every == 0 or self.step == self.spec.steps

    @property
    def ended(self) -> bool:
        return self.step == self.spec.steps or self.stopped_early is not None

    @property
    def stopped_early(self) -> str | None:
        """Why there are no more steps although some are left; None when that is not so."""
        return self.early_stopping.reason if self.step < self.spec.steps else None

    def tensors(self) -> dict[str, Tensor]:
        """All that a bit-exact resume needs beside the step: weights, Adam's moments, and what
        the evaluations have left."""
        decided = self.early_stopping.state() | self.keeping.state()
        return {**self.encoder.state_dict(), **self.optimizer.state(), **decided}

    def load(self, tensors: dict[str, Tensor], step: int) -> None:
        """Become what `tensors()` was after `step`."""
        weights = {name: tensors[name] for name in self.encoder.state_dict()}
        self.encoder.load_state_dict(weights)
        self.optimizer.load(tensors, step)
        self.early_stopping.load(tensors)
        self.keeping.load(tensors)
        self.step = step

    def weights(self) -> Weights:
        """Copies of the weights by name, float32."""
        return {n: t.detach().cpu().numpy().copy() for n, t in self.encoder.state_dict().items()}


def identity_of(
    spec: ExperimentSpec, arm: str, seed: int, fingerprint: str, device: str, *more: str
) -> str:
    """What a checkpoint must have in common with the training that goes on from it.

    `fingerprint` is that of the data; `more` is what else changes the bits of a training.
    """
    # what bounds a training does not change it
    document = spec.model_dump_json(exclude={"time_limit"})
    said = "\n".join((document, arm, str(seed), fingerprint, device, torch.__version__, *more))
    return hashlib.sha256(said.encode()).hexdigest()
