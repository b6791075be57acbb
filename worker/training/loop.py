"""The training of one run, from its initial weights to its test scores, as a stream of events.

Equal spec, arm, seed, data, device kind and library versions give equal bits in every event but
`Started` and `Saved`, however often the training is stopped and resumed.
"""

from collections.abc import Iterator
from functools import cache

import torch
from torch import Tensor

from models.specs.experiment import ExperimentSpec
from worker.training.batches import batch_rows
from worker.training.checkpoints import Checkpoints
from worker.training.data import RunData
from worker.training.divergence import check_step
from worker.training.encoders.sparse_gradients import values_of
from worker.training.events import Event, StepDone
from worker.training.gauges import gauges_of, measure
from worker.training.losses.building import further_questions, loss_batch
from worker.training.losses.given_negatives import given_in_training
from worker.training.losses.terms import reduce_terms, term_rows
from worker.training.optimizer import clip_gradients, update_alone
from worker.training.schedules import learning_rate
from worker.training.state import TrainingState, identity_of


def train(
    spec: ExperimentSpec,
    arm: str,
    seed: int,
    data: RunData,
    *,
    device: str = "cpu",
    checkpoints: Checkpoints | None = None,
    tested: bool = True,
) -> Iterator[Event]:
    """Train `arm` under `seed`; yields `Started`, then what happens, and `Finished` last.

    `device` is `cpu` or `cuda`. With `checkpoints` the training resumes from the newest one of
    this very training, and saves a new one after a step whenever one is due. Without `tested` it
    never reads the test pairs, as a tuning run must not. Raises `Diverged`
    when the loss, the gradient or a similarity is not finite.
    """
    training = Training(spec, arm, seed, data, device, tested=tested)
    # a small run is over before its first checkpoint is due, and never needs the hash of all data
    identity = cache(lambda: identity_of(spec, arm, seed, data.fingerprint(), device))
    yield training.begin(checkpoints, identity)
    while not training.ended:
        yield training.advance()
        if training.measures_untrained:
            with training.with_initial_weights():
                untrained = training.measure_untrained(training.encoder)
            yield untrained
        yield from training.after_step(training.encoder, checkpoints, identity)
    kept_step = training.load_kept_weights()
    yield from training.end(training.encoder, kept_step)


class Training(TrainingState):
    """A training that takes its steps alone."""

    def advance(self) -> StepDone:
        """Do the next step."""
        step, seed, negatives = self.step + 1, self.draws.batch_order, self.spec.negatives
        rows = batch_rows(self.data.train, seed, step, self.spec.batch_size)
        given = given_in_training(self.data, rows, negatives, self.loss_spec.anchors, seed, step)
        self.encoder.begin_step(seed, step)
        vectors = self.encoder.encode_pairs(self.data, rows, further_questions(given))
        batch, known = loss_batch(
            self.loss_spec, negatives, self.data, rows, given, vectors, step=step, seed=seed
        )
        values = term_rows(self.loss_spec, batch)
        loss = reduce_terms(self.loss_spec, values)
        loss.backward()
        self.encoder.clear_held_gradients()
        gauges = gauges_of(measure(self.loss_spec, batch, values, loss, known).tolist())
        norm = self._gradient_norm()
        check_step(step, gauges, norm, self.encoder, self.optimizer)
        lr = learning_rate(self.spec.optimizer, step, self.spec.steps)
        clip_gradients(self._gradients(), self.spec.optimizer.clip, norm)
        update_alone(self.optimizer, self.encoder.named_parameters(), lr)
        self.encoder.restore_held()
        self.step = step
        return StepDone(step=step, **vars(gauges), gradient_norm=norm, lr=lr)

    def _gradient_norm(self) -> float:
        return float(torch.nn.utils.get_total_norm(self._gradients()))

    def _gradients(self) -> list[Tensor]:
        return [values_of(p.grad) for p in self.encoder.parameters() if p.grad is not None]
