"""How long an experiment will take, said before it is started, and how that is known.

One model of the arithmetic serves both answers: what finished runs took tells how much of it this
service does a second; before any has finished a modest rate is assumed, and the reply says so.
"""

import math
from dataclasses import dataclass
from statistics import median

from sqlalchemy.orm import Session

from api.progress import whole_seconds
from models.experiments import list_experiments, runs_of
from models.specs.experiment import ExperimentSpec
from models.specs.parse import parse_spec
from models.specs.training import LstmEncoder
from models.states import RunState
from models.tables import Dataset, Run, Worker

ASSUMED_RATE = 20e9  # operations a second of one slot: one CPU core with small matrices
STARTUP_SECONDS = 3.0  # of one run: a fresh process imports torch and maps the data
BACKWARD = 3  # a training step costs about three times its forward pass
EXPERIMENTS_LOOKED_AT = 20


@dataclass(frozen=True)
class Estimate:
    seconds: float
    how: str


def estimate(
    session: Session, spec: ExperimentSpec, dataset: Dataset, test_pairs: int, workers: list[Worker]
) -> Estimate:
    """Seconds from the first step to the last of all runs there may be, with the workers of now."""
    able = [w for w in workers if spec.device != "cuda" or w.cuda_devices]
    slots = sum(worker.slots for worker in able) or 1
    rates = _measured_rates(session, spec, dataset)
    rate = median(rates) if rates else ASSUMED_RATE
    one_run = operations(spec, dataset, test_pairs) / rate + STARTUP_SECONDS
    rounds = math.ceil(spec.run_count / slots)
    known = (
        f"the speed of {len(rates)} finished runs like these"
        if rates
        else f"arithmetic alone, at an assumed {ASSUMED_RATE / 1e9:g} GFLOP/s a run, since no run "
        "like these has finished here yet: expect it to be wrong by a factor of three"
    )
    side = f"{slots} side by side" if able else "one at a time, since no fitting worker is alive"
    fewest = spec.run_count_at_start
    runs = f"{fewest} to {spec.run_count}" if fewest < spec.run_count else f"{fewest}"
    how = f"{runs} runs, {side}, about {one_run:.0f} s each, from {known}"
    return Estimate(round(rounds * one_run, 1), how)


def _measured_rates(session: Session, spec: ExperimentSpec, dataset: Dataset) -> list[float]:
    """Operations a second of finished runs on the same data, device and kind of encoder."""
    rates: list[float] = []
    recent = list_experiments(
        session,
        state=None,
        dataset=dataset.name,
        name_contains=None,
        after=None,
        limit=EXPERIMENTS_LOOKED_AT,
    )
    for experiment, counts in recent:
        if not counts.get(RunState.SUCCEEDED):
            continue
        past = parse_spec(experiment.spec)
        if (past.device, past.encoder.kind) != (spec.device, spec.encoder.kind):
            continue
        work = operations(past, dataset, experiment.test_pairs)
        rates += [work / taken for run in runs_of(session, experiment.id) if (taken := _taken(run))]
    return rates


def _taken(run: Run) -> float | None:
    """Seconds of a run that was done in one go, without its start."""
    whole = whole_seconds(run)
    return whole - STARTUP_SECONDS if whole is not None and whole > STARTUP_SECONDS else None


def operations(spec: ExperimentSpec, dataset: Dataset, test_pairs: int) -> float:
    """Floating-point operations of one run: training, evaluations, test."""
    evaluations = math.ceil(spec.steps / spec.evaluate_every)
    evaluated = spec.validation_pairs + spec.validation_batches * spec.batch_size
    pairs = BACKWARD * spec.steps * spec.batch_size + evaluations * evaluated + test_pairs
    return 2 * pairs * _tokens(spec, dataset) * _per_token(spec)


def _tokens(spec: ExperimentSpec, dataset: Dataset) -> float:
    """Tokens read for one question, with the padding that the spec asks for."""
    if spec.encoder.padding == "masked":
        return max(dataset.token_length_mean, 1.0)
    return float(2 ** math.ceil(math.log2(max(dataset.token_length_p99, 2.0))))


def _per_token(spec: ExperimentSpec) -> float:
    encoder = spec.encoder
    if isinstance(encoder, LstmEncoder):
        return 8.0 * encoder.hidden_dim * (encoder.embedding_dim + encoder.hidden_dim)
    return 2.0 * encoder.embedding_dim
