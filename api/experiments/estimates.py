"""The estimate of how long an experiment will take, and how it was made.

It counts the operations of a run, and divides by the rate that finished runs achieved here; while
none has finished, a modest rate is assumed, and the reply says so.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from sqlalchemy.orm import Session

from api.experiments.run_costs import memory_bytes, operations
from api.runs.progress import whole_seconds
from models.errors import Unreadable
from models.specs.experiment import ExperimentSpec
from models.specs.parse import stored_spec
from models.specs.tuned_arms import for_run
from models.specs.tuning_budget import settings_trained, tuning_stops
from models.states import RunState
from models.store.experiments import list_experiments, runs_of
from models.store.tables import Dataset, PretrainedModel, Run, Worker
from models.store.uploads.pretrained_models import MODELS

ASSUMED_RATE = 20e9  # operations per second of one slot: a CPU core with small matrices
STARTUP_SECONDS = 0.3  # of a run: it is forked, maps the data, and writes its end down
RECENT_EXPERIMENTS = 20  # whose runs are measured


@dataclass(frozen=True)
class Estimate:
    seconds: float
    how: str
    """How the seconds were estimated, in words."""
    memory: int | None
    """Bytes that a run may need, where it starts from a pretrained model; else null."""


def estimate(
    session: Session, spec: ExperimentSpec, dataset: Dataset, test_pairs: int, workers: list[Worker]
) -> Estimate:
    """Estimate the seconds for all runs that there may be, with the workers that are alive now."""
    able = [w for w in workers if spec.device != "cuda" or w.cuda_devices]
    pretrained = any(spec.starts_pretrained(arm.name) for arm in spec.arms)
    if pretrained:
        able = [worker for worker in able if worker.pretrained]
    models = {model.name: model for model in MODELS.all(session)}
    slots = sum(worker.slots for worker in able) or 1
    rates = _measured_rates(session, spec, dataset, models)
    arms = list(_arms(spec))
    each = [
        operations(arm, dataset, test_pairs, models) / _rate(rates, arm) + STARTUP_SECONDS
        for arm in arms
    ]
    seconds = sum(
        share * max(math.ceil(count / slots) * fmean(each), max(each))
        for count, share in _phases(spec)
    )
    side = f"{slots} side by side" if able else "one at a time, since no fitting worker is alive"
    fewest = spec.fewest_runs
    runs = f"{fewest} to {spec.run_count}" if fewest < spec.run_count else f"{fewest}"
    tuned = f" ({spec.tuning_run_count} of them to choose the settings)" if spec.tuning else ""
    how = f"{runs} runs{tuned}, {side}, about {_span(each)} s each, from {_known(rates, arms)}"
    if any(arm.early_stop for arm in arms):
        how += "; less when runs stop early"
    if pretrained and not any(worker.pretrained for worker in workers):
        how += (
            "; no live worker has the libraries of pretrained encoders: where one runs, pip "
            "install 'tripletlab[pretrained]'"
        )
    needed = (memory_bytes(arm, dataset, models) for arm in arms)
    memory = max((bytes_ for bytes_ in needed if bytes_ is not None), default=None)
    return Estimate(round(seconds, 1), how, memory)


def _phases(spec: ExperimentSpec) -> Iterator[tuple[int, float]]:
    """The runs that go side by side, and the share of their steps that they do, until the next can
    begin: tuning runs up to each stop, then the runs of the comparison."""
    count, before = spec.tuning_run_count, 0
    stops, trained = tuning_stops(spec), settings_trained(spec)
    for settings, stop in zip(trained, stops, strict=True):
        yield count * settings // trained[0], (stop - before) / stops[-1]
        before = stop
    yield spec.run_count - count, 1.0


def _arms(spec: ExperimentSpec) -> Iterator[ExperimentSpec]:
    """Each arm as it may be trained: under every setting, where arms are tuned. Any of these may
    be chosen, so the runs of the comparison are taken to last as long as the average."""
    for setting in range(len(spec.tuning.all_settings) if spec.tuning else 1):
        for arm in spec.arms:
            yield for_run(spec, arm.name, setting).for_arm(arm.name)


def _rate(rates: Mapping[str, list[float]], arm: ExperimentSpec) -> float:
    measured = rates[arm.encoder.kind]
    return median(measured) if measured else ASSUMED_RATE


def _span(each: Sequence[float]) -> str:
    low, high = (f"{max(one, 1.0):.0f}" for one in (min(each), max(each)))
    return low if low == high else f"{low} to {high}"


def _known(rates: Mapping[str, list[float]], arms: Sequence[ExperimentSpec]) -> str:
    """Return what the estimate is based on, in words."""
    kinds = {arm.encoder.kind for arm in arms}
    if all(rates[kind] for kind in kinds):
        finished = sum(len(rates[kind]) for kind in kinds)
        return f"the speed of {finished} finished runs like these"
    return (
        f"arithmetic alone, at an assumed {ASSUMED_RATE / 1e9:g} GFLOP/s per run, since no run "
        "like these has finished here yet: it may be wrong by a factor of three"
    )


def _measured_rates(
    session: Session,
    spec: ExperimentSpec,
    dataset: Dataset,
    models: Mapping[str, PretrainedModel],
) -> Mapping[str, list[float]]:
    """Return operations per second of finished runs on this data and device, by encoder kind."""
    rates: dict[str, list[float]] = defaultdict(list)
    recent = list_experiments(
        session,
        state=None,
        dataset=dataset.name,
        name_contains=None,
        after=None,
        limit=RECENT_EXPERIMENTS,
    )
    for experiment, counts in recent:
        try:
            past = stored_spec(experiment.spec, experiment.id)
        except Unreadable:
            continue  # it says nothing about the spec that is estimated
        if past.device != spec.device or not counts.get(RunState.SUCCEEDED):
            continue
        for run in runs_of(session, experiment.id):
            if taken := _taken(run):
                # a run that stopped early did less
                own = for_run(past, run.arm, run.setting).for_arm(run.arm)
                arm = own.model_copy(update={"steps": run.step})
                tested = 0 if run.tuning else experiment.test_pairs
                work = operations(arm, dataset, tested, models)
                rates[arm.encoder.kind].append(work / taken)
    return rates


def _taken(run: Run) -> float | None:
    """Return the seconds of a run of one attempt, without its start-up."""
    whole = whole_seconds(run)
    return whole - STARTUP_SECONDS if whole is not None and whole > STARTUP_SECONDS else None
