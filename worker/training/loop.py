"""The training of one run, from its initial weights to its test scores, as a stream of events.

Equal spec, arm, seed, data, device kind and library versions give equal bits in every event but
`Started` and `Saved`, however often the training is stopped and gone on with.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from models.errors import TrainingFault
from models.specs.experiment import ExperimentSpec
from worker.training.batches import batch_rows
from worker.training.checkpoints import Checkpoints
from worker.training.data import RunData, pair_questions
from worker.training.devices import prepare_device
from worker.training.divergence import Diverged, broken_by_update, check_step
from worker.training.duplicates import excluded_pairs, known_duplicates
from worker.training.encoders import Encoder, build_encoder
from worker.training.evaluation import (
    decision_threshold,
    evaluate_test,
    evaluate_validation,
    pair_scores,
)
from worker.training.events import Evaluated, Event, Finished, Saved, Started, StepDone
from worker.training.gauges import measure
from worker.training.initial import Weights, initial_weights
from worker.training.keeping import Keeping
from worker.training.losses.batch import batch_of
from worker.training.losses.terms import reduce_terms, term_rows
from worker.training.optimizer import ShrinkingAdam
from worker.training.schedules import learning_rate
from worker.training.stopping import EarlyStopping


def train(
    spec: ExperimentSpec,
    arm: str,
    seed: int,
    data: RunData,
    *,
    device: str = "cpu",
    checkpoints: Checkpoints | None = None,
) -> Iterator[Event]:
    """Train `arm` under `seed`; yields `Started`, then what happens, and `Finished` last.

    `device` is `cpu` or `cuda`. With `checkpoints` the training goes on from the newest one of
    this very training, and saves a new one after a step whenever one is due. Raises
    `Diverged` when the loss, or a similarity, is no longer a number.
    """
    training = Training(spec, arm, seed, data, device)
    identity = _identity(spec, arm, seed, data, device) if checkpoints else ""
    found = checkpoints.newest(identity) if checkpoints else None
    if found:
        training.load(found.tensors, found.step)
    yield Started(training.step)
    while not training.ended:
        yield training.advance()
        if training.is_to_be_evaluated:
            with training.evaluating() as encoder:
                evaluated = evaluate_validation(encoder, spec, arm, data, training.step)
            training.see(evaluated)
            yield evaluated
        if checkpoints and not training.ended and checkpoints.due(training.step):
            checkpoints.save(training.step, training.tensors(), identity)
            yield Saved(training.step)
    kept_step = training.take_kept_weights()
    with training.evaluating() as encoder:
        scores = pair_scores(encoder, data, data.test)
        threshold = decision_threshold(training.spec, encoder, data)
    yield evaluate_test(data, scores, kept_step, threshold)
    weights, why = training.weights(), training.stopped_early
    yield Finished(training.step, kept_step, threshold, scores, weights, why)


class Training:
    """The state of a training between two steps: weights, moments, the step's number, and what
    the evaluations so far have decided. Its `spec` is the arm's own."""

    def __init__(
        self, spec: ExperimentSpec, arm: str, seed: int, data: RunData, device: str
    ) -> None:
        self.spec, self.seed, self.data, self.step = spec.for_arm(arm), seed, data, 0
        self.loss_spec = spec.arm(arm).loss
        weights = initial_weights(self.spec.encoder, data.vocabulary_size, seed)
        self.encoder = build_encoder(self.spec.encoder, weights).to(prepare_device(device))
        self.optimizer = ShrinkingAdam(self.spec.optimizer, self.encoder.named_parameters())
        self.early_stopping = EarlyStopping(self.spec.early_stop)
        self.keeping = Keeping(self.spec.checkpoint)

    def advance(self) -> StepDone:
        """Do the next step."""
        step = self.step + 1
        rows = batch_rows(self.data.train, self.seed, step, self.spec.batch_size)
        first, second = self.encoder.encode(pair_questions(self.data, rows)).chunk(2)
        known = known_duplicates(self.data, rows, first.device)
        excluded = excluded_pairs(self.loss_spec, known)
        batch = batch_of(first, second, step=step, seed=self.seed, excluded=excluded)
        values = term_rows(self.loss_spec, batch)
        loss = reduce_terms(self.loss_spec, values)
        loss.backward()  # type: ignore[no-untyped-call]
        gauges = measure(self.loss_spec, batch.similarities, values, loss, known, excluded)
        norm = self._gradient_norm()
        check_step(step, gauges, norm, self.encoder, self.optimizer)
        lr = learning_rate(self.spec.optimizer, step, self.spec.steps)
        self.optimizer.update(lr)
        self.step = step
        return StepDone(step, gauges, norm, lr)

    @contextmanager
    def evaluating(self) -> Iterator[Encoder]:
        """The encoder, for evaluations that raise `Diverged` where it has broken."""
        try:
            yield self.encoder
        except TrainingFault:
            found = broken_by_update(self.encoder, self.optimizer)
            raise Diverged(self.step, found or "update", {}) from None

    @property
    def is_to_be_evaluated(self) -> bool:
        return self.step % self.spec.evaluate_every == 0 or self.step == self.spec.steps

    def see(self, evaluated: Evaluated) -> None:
        """Take an evaluation on validation into account: it may end the training, and may make
        the weights of now the ones to keep."""
        self.early_stopping.see(evaluated)
        self.keeping.see(evaluated, self.encoder)

    @property
    def ended(self) -> bool:
        return self.step == self.spec.steps or self.stopped_early is not None

    @property
    def stopped_early(self) -> str | None:
        """Why there are no more steps although some are left; None when that is not so."""
        return self.early_stopping.reason if self.step < self.spec.steps else None

    def take_kept_weights(self) -> int:
        """After the end: have the weights that are to be tested and kept; the step they are of."""
        return self.keeping.give_to(self.encoder, self.step)

    def _gradient_norm(self) -> float:
        gradients = [p.grad for p in self.encoder.parameters() if p.grad is not None]
        return float(torch.nn.utils.get_total_norm(gradients))

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


def _identity(spec: ExperimentSpec, arm: str, seed: int, data: RunData, device: str) -> str:
    """What a checkpoint must have in common with the training that goes on from it."""
    # what bounds a training does not change it
    document = spec.model_dump_json(exclude={"time_limit"})
    said = "\n".join((document, arm, str(seed), data.fingerprint(), device, torch.__version__))
    return hashlib.sha256(said.encode()).hexdigest()
