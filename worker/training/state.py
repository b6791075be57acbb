"""The state of one training: what it consists of between two steps, and what follows a step.

The steps themselves are done elsewhere: alone (`loop.py`), or as one of many at once
(`stack/loop.py`). All else is the same for both, and is here.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from models.errors import TrainingFault
from models.specs.base import IDENTITY
from models.specs.experiment import ExperimentSpec
from models.specs.training import NegativesSpec
from worker.training.best_weights import BestWeights
from worker.training.checkpoints import Checkpoints
from worker.training.data import RunData
from worker.training.devices import prepare_device
from worker.training.divergence import Diverged, broken_by_update
from worker.training.early_stopping import EarlyStopping
from worker.training.encoders.build import start_encoder, start_weights
from worker.training.encoders.initial import Weights
from worker.training.evaluation import (
    PairEncoder,
    decision_threshold,
    evaluate_test,
    evaluate_validation,
    score_test,
)
from worker.training.events import Evaluated, Finished, Saved, Started, Untrained
from worker.training.losses.given_negatives import rows_to_train
from worker.training.optimizer import build_optimizer
from worker.training.training_rows import with_drawn_rows

ARITHMETIC = 4
"""The version of what a training computes: raised where the same spec and seed get other bits."""


class TrainingState:
    """The state of a training between two steps: weights, Adam's moments, the step's number, and
    what the evaluations so far have decided.

    `spec` is the arm's own spec, `experiment` that of the whole experiment. A training that is not
    `tested` never reads the test pairs, and ends without their scores.
    """

    def __init__(
        self,
        spec: ExperimentSpec,
        arm: str,
        seed: int,
        data: RunData,
        device: str,
        *,
        tested: bool = True,
    ) -> None:
        self.experiment, self.arm, self._tested = spec, arm, tested
        self.spec, self.draws, self.step = spec.for_arm(arm), spec.seeds.draws(seed, arm), 0
        self.loss_spec = spec.arm(arm).loss
        rows = rows_to_train(data, self.spec.negatives, self.loss_spec.anchors)
        self.data = with_drawn_rows(replace(data, train=rows), self.draws.training_rows)
        encoder = start_encoder(self.spec.encoder, data, self.draws.initial_weights)
        self.encoder = encoder.to(prepare_device(device))
        trained = [one for one in self.encoder.named_parameters() if one[1].requires_grad]
        self.optimizer = build_optimizer(self.spec.optimizer, trained)
        self.early_stopping = EarlyStopping(self.spec.early_stop)
        self.best_weights = BestWeights(self.spec.checkpoint)

    def begin(self, checkpoints: Checkpoints | None, identity: Callable[[], str]) -> Started:
        """Resume from the newest checkpoint of this very training, if there is one."""
        checkpoint = checkpoints.newest(identity) if checkpoints else None
        if checkpoint:
            self.load(checkpoint.tensors, checkpoint.step)
        return Started(self.step)

    @property
    def measures_untrained(self) -> bool:
        """Whether the initial weights are to be measured now: before the first evaluation, which
        every training comes to. So one that resumes before it measures them, and no other."""
        return self._tested and self.step == min(self.spec.evaluate_every, self.spec.steps)

    @contextmanager
    def with_initial_weights(self) -> Iterator[None]:
        """Within this context the network has the weights that it began with.

        They are in the memory of its own, which come back after it, all in the same bits. What is
        not trained stays. No random number of the training is drawn.
        """
        trained = {n: one for n, one in self.encoder.named_parameters() if one.requires_grad}
        initial = start_weights(self.spec.encoder, self.data, self.draws.initial_weights)
        # not in a GPU's memory, which a stack may fill
        kept = {name: one.detach().to("cpu", copy=True) for name, one in trained.items()}
        try:
            _overwrite(trained, {name: torch.from_numpy(initial[name]) for name in trained})
            del initial
            yield
        finally:
            _overwrite(trained, kept)

    def measure_untrained(self, encoder: PairEncoder) -> Untrained:
        """Measure the initial weights, which `encoder` has.

        It draws no random number and decides nothing, so the training is the same without it.
        """
        with self.evaluating(0):
            validation = evaluate_validation(encoder, self.experiment, self.arm, self.data, 0)
            threshold = decision_threshold(self.spec, encoder, self.data)
            scores, retrieved = score_test(encoder, self.data)
        tested = evaluate_test(self.data, scores, retrieved, 0, threshold)
        return Untrained(validation, tested)

    def after_step(
        self, encoder: PairEncoder, checkpoints: Checkpoints | None, identity: Callable[[], str]
    ) -> Iterator[Evaluated | Saved]:
        """Evaluate and save where that is due; `encoder` has the weights after the step."""
        if self.is_to_be_evaluated:
            with self.evaluating(self.step):
                evaluated = evaluate_validation(
                    encoder, self.experiment, self.arm, self.data, self.step
                )
            self.early_stopping.see(evaluated)
            self.best_weights.see(evaluated, self.encoder)
            yield evaluated
        if checkpoints and not self.ended and checkpoints.due(self.step):
            checkpoints.save(self.step, self.tensors(), identity())
            yield Saved(self.step)

    def load_kept_weights(self) -> int:
        """After the last step, load the weights that are to be tested and kept; their step."""
        return self.best_weights.load_into(self.encoder, self.step)

    def end(self, encoder: PairEncoder, kept_step: int) -> Iterator[Evaluated | Finished]:
        """Test the weights of `kept_step`, which were loaded and which `encoder` has."""
        scores, retrieved = np.empty(0, np.float32), None
        with self.evaluating(self.step):
            if self._tested:
                scores, retrieved = score_test(encoder, self.data)
            threshold = decision_threshold(self.spec, encoder, self.data)
        if self._tested:
            yield evaluate_test(self.data, scores, retrieved, kept_step, threshold)
        weights, reason = self.weights(), self.stopped_early
        yield Finished(self.step, kept_step, threshold, scores, weights, reason, retrieved)

    @contextmanager
    def evaluating(self, step: int) -> Iterator[None]:
        """Within this context an evaluation of the weights after `step` raises `Diverged` where its
        similarities are NaN."""
        try:
            yield
        except TrainingFault:
            culprit = broken_by_update(self.encoder, self.optimizer)
            raise Diverged(step, culprit or "update", {}) from None

    @property
    def is_to_be_evaluated(self) -> bool:
        return self.step % self.spec.evaluate_every == 0 or self.step == self.spec.steps

    @property
    def ended(self) -> bool:
        return self.step == self.spec.steps or self.stopped_early is not None

    @property
    def stopped_early(self) -> str | None:
        """Why the training ended before its last step; None where it did not."""
        return self.early_stopping.reason if self.step < self.spec.steps else None

    def tensors(self) -> dict[str, Tensor]:
        """All that a bit-exact resume needs beside the step: weights, Adam's moments, and the state
        of early stopping and of the best weights."""
        decided = self.early_stopping.state() | self.best_weights.state()
        return {**self.encoder.state_dict(), **self.optimizer.state(), **decided}

    def load(self, tensors: dict[str, Tensor], step: int) -> None:
        """Restore what `tensors()` returned after `step`."""
        weights = {name: tensors[name] for name in self.encoder.state_dict()}
        self.encoder.load_state_dict(weights)
        self.optimizer.load(tensors, step)
        self.early_stopping.load(tensors)
        self.best_weights.load(tensors)
        self.step = step

    def weights(self) -> Weights:
        """Copies of the weights by name, float32."""
        return {n: t.detach().cpu().numpy().copy() for n, t in self.encoder.state_dict().items()}


@torch.no_grad()
def _overwrite(parameters: Mapping[str, Tensor], values: Mapping[str, Tensor]) -> None:
    """Write these values into parameters, by name."""
    for name, parameter in parameters.items():
        parameter.copy_(values[name])


def identity_of(
    spec: ExperimentSpec, arm: str, seed: int, fingerprint: str, device: str, *more: str
) -> str:
    """A hash of what a checkpoint must have in common with the training that resumes from it.

    `fingerprint` is that of the data; `more` is what else changes the bits of a training.
    """
    # neither a limit on the time nor a programme changes a training, and what is tuned is in the
    # arms already;
    # negatives are left out where they are as before they were in the spec
    left_out = {"time_limit", "tuning", "programme"}
    if spec.negatives == NegativesSpec():
        left_out.add("negatives")
    document = spec.model_dump_json(exclude=left_out, context=IDENTITY)
    versions = torch.__version__, np.__version__, str(ARITHMETIC)
    text = "\n".join((document, arm, str(seed), fingerprint, device, *versions, *more))
    return hashlib.sha256(text.encode()).hexdigest()
