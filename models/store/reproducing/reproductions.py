"""All SQL of reproductions: a run that succeeded, trained again from its stored spec.

The second training is an ordinary run, with claims, leases and checkpoints, but in an experiment of
its own: the same spec with this one seed. So it changes no list, progress, comparison or unique key
of the first experiment.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.errors import Conflict, NotFound
from models.specs.seeds import WHAT_A_SEED_VARIES
from models.states import ACTIVE, RunState
from models.store import events
from models.store.experiments import experiment
from models.store.ids import new_id
from models.store.run_life.runs import run as find_run
from models.store.tables import Experiment, Reproduction, Run
from models.store.uploads.pretrained_models import MODELS
from models.store.uploads.token_vectors import VECTORS

Pair = tuple[Reproduction, Run]
"""A reproduction, and its run."""


def reproduce(session: Session, run_id: str, now: datetime, owner: str | None = None) -> Pair:
    """Queue a reproduction of the run; the one that has not ended where there is one.

    It needs the kind of device on which the run was trained. Raises `NotFound`, and `Conflict`
    when the run has not succeeded or is a reproduction itself.
    """
    events.locked_experiment(
        session, run_id
    )  # of two simultaneous requests, the second finds the first
    run = find_run(session, run_id)
    _check(session, run)
    for pair in reproductions_of(session, run_id):
        if pair[1].state in ACTIVE:
            return pair
    first = experiment(session, run.experiment_id)
    own = _experiment(first, run, now, owner)
    session.add(own)
    session.flush()
    MODELS.use(session, own.id, MODELS.of(session, first.id))
    VECTORS.use(session, own.id, VECTORS.of(session, first.id))
    again = _run(own, run, now)
    row = Reproduction(id=new_id("rep"), run_id=run_id, experiment_id=own.id, created_at=now)
    session.add_all((again, row))
    session.flush()
    events.record(session, experiment_id=own.id, kind="created", now=now)
    events.record(
        session,
        experiment_id=own.id,
        run_id=again.id,
        kind="state",
        to_state=RunState.QUEUED,
        attempt=0,
        now=now,
    )
    return row, again


def _check(session: Session, run: Run) -> None:
    if run.state != RunState.SUCCEEDED:
        raise Conflict(f"run {run.id} is {run.state}; only one that succeeded can be reproduced")
    source = _source(session, run.experiment_id)
    if source is not None:
        raise Conflict(f"run {run.id} is a reproduction of {source}; reproduce that one again")


def _source(session: Session, experiment_id: str) -> str | None:
    """The run that an experiment reproduces, if it is one of a reproduction."""
    return session.scalar(
        select(Reproduction.run_id).where(Reproduction.experiment_id == experiment_id)
    )


def is_reproduction(session: Session, experiment_id: str) -> bool:
    """Whether the experiment only reproduces a run of another one."""
    return _source(session, experiment_id) is not None


def _experiment(first: Experiment, run: Run, now: datetime, owner: str | None) -> Experiment:
    """A copy of the first experiment, without what belongs to its request."""
    return Experiment(
        id=new_id("exp"),
        name=first.name,
        created_at=now,
        dataset_id=first.dataset_id,
        content_hash=first.content_hash,
        spec={**first.spec, "seeds": _seeds(first.spec["seeds"], run)},
        idempotency_key=None,
        request_hash=first.request_hash,
        test_pairs=first.test_pairs,
        baseline_majority=first.baseline_majority,
        baseline_collapsed=first.baseline_collapsed,
        tf_idf=first.tf_idf,
        zero_shot=first.zero_shot,
        owner=owner,
    )


def _seeds(seeds: Mapping[str, Any], run: Run) -> dict[str, Any]:
    """This seed only, which varies what it did: a plan that adds seeds belongs to the first
    experiment. A tuning seed may not be listed, and comes from the spec's plan of tuning."""
    varies = {name: part for name, part in seeds.items() if name in WHAT_A_SEED_VARIES}
    return {**({"count": 1} if run.tuning else {"list": [run.seed]}), **varies}


def _run(own: Experiment, run: Run, now: datetime) -> Run:
    return Run(
        id=new_id("run"),
        experiment_id=own.id,
        position=0,
        arm=run.arm,
        seed=run.seed,
        setting=run.setting,
        tuning=run.tuning,
        device=(run.provenance or {}).get("device_kind", run.device),
        state=RunState.QUEUED,
        pretrained=run.pretrained,
        steps=run.steps,
        submitted_at=now,
    )


def reproduction(session: Session, reproduction_id: str) -> Pair:
    """Raises `NotFound`."""
    row = session.get(Reproduction, reproduction_id)
    if row is None:
        raise NotFound(f"there is no reproduction '{reproduction_id}'")
    query = select(Run).where(Run.experiment_id == row.experiment_id)
    return row, session.scalars(query).one()


def reproductions_of(session: Session, run_id: str) -> list[Pair]:
    """Every reproduction of the run, oldest first."""
    query = (
        select(Reproduction, Run)
        .join(Run, Run.experiment_id == Reproduction.experiment_id)
        .where(Reproduction.run_id == run_id)
        .order_by(Reproduction.id)
    )
    return [(row, again) for row, again in session.execute(query)]
