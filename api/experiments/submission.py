"""Accepting an experiment: stored and committed first, announced to the broker after the reply.

**The broker only announces; the database decides.** While the broker is away an experiment is
accepted all the same and its sender is not kept waiting: the reaper of a worker announces its runs
once the broker is back.
"""

import hashlib
import json
from typing import Any

from sqlalchemy.orm import Session

from api.access.callers import Caller
from api.access.quotas import require_queue_room
from api.dependencies import Service
from api.experiments.planning import Plan, plan
from api.http.problems import Forbidden, KeyReused
from models.errors import Conflict, Invalid, Problem
from models.store import clock
from models.store.access.scopes import Scope
from models.store.experiments import by_idempotency_key, create_experiment
from models.store.programmes.programmes import programme
from models.store.tables import Experiment


def accept(service: Service, document: Any, key: str | None, caller: Caller) -> tuple[str, bool]:
    """Store the experiment of a body; return its id, and whether it is new and to be announced.

    An idempotency `key` that came before with the same body gives the earlier experiment, also when
    both requests come at once; with another body it raises `KeyReused`. Each caller has its own
    keys. Raises `TooMany` when the caller's runs would exceed their quota, `Forbidden` when the
    programme is somebody else's.
    """
    key = own_key(caller, key)
    digest = digest_of(document)
    earlier = _earlier(service, key, digest)
    if earlier is not None:
        return earlier, False
    planned = plan(service, document)
    try:
        return _store(service, planned, key, digest, caller)
    except Conflict:
        # another request may have stored the same key between our read and our insert
        earlier = _earlier(service, key, digest)
        if earlier is None:
            raise
        return earlier, False


def own_key(caller: Caller, key: str | None) -> str | None:
    """Return the key as it is stored, distinct for two callers with the same key."""
    if key is None or caller.key_id is None:
        return key
    return hashlib.sha256(f"{caller.key_id} {key}".encode()).hexdigest()


def digest_of(document: Any) -> str:
    """Return a hash of the JSON that does not depend on its spacing and the order of its keys."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def _earlier(service: Service, key: str | None, digest: str) -> str | None:
    if key is None:
        return None
    with service.database.reading() as session:
        experiment = by_idempotency_key(session, key)
        return None if experiment is None else _same(experiment, digest)


def _same(experiment: Experiment, digest: str) -> str:
    if experiment.request_hash != digest:
        raise KeyReused(
            f"this Idempotency-Key belongs to {experiment.id}, which was created with another "
            "body; send a new key"
        )
    return experiment.id


def _store(
    service: Service, planned: Plan, key: str | None, digest: str, caller: Caller
) -> tuple[str, bool]:
    with service.database.transaction() as session:
        earlier = by_idempotency_key(session, key) if key is not None else None
        if earlier is not None:
            return _same(earlier, digest), False
        _require_room(session, planned, service.settings.max_queued_runs, caller)
        _require_own_programme(session, planned, caller)
        created = insert(session, planned, key, digest, caller)
        caller.record(session, "created", created.id, clock.now(session))
        return created.id, True


def _require_room(session: Session, planned: Plan, most: int, caller: Caller) -> None:
    wanted = planned.spec.run_count_at_start
    if wanted > most:
        detail = f"{wanted:,} runs are more than the {most:,} that one caller may have queued here"
        raise Invalid([Problem("/tuning" if planned.spec.tuning else "/seeds", detail)])
    require_queue_room(session, caller, wanted, most)


def _require_own_programme(session: Session, planned: Plan, caller: Caller) -> None:
    """Raises `Forbidden`: a question of somebody else would spend the owner's budget."""
    named = planned.spec.programme
    asked = programme(session, named.name) if named is not None else None
    if asked is None or caller.scope >= Scope.ADMIN or asked.owner == caller.key_id:
        return
    raise Forbidden(
        f"the programme '{asked.name}' was begun with another key, whose budget of errors this "
        "would spend; take a programme of your own, or a key with the scope admin",
        Scope.ADMIN,
    )


def insert(
    session: Session, planned: Plan, key: str | None, digest: str, caller: Caller
) -> Experiment:
    """Add the experiment of a plan. Raises `Conflict` as `create_experiment` does."""
    return create_experiment(
        session,
        spec=planned.spec,
        dataset=planned.dataset,
        test_pairs=planned.test_pairs,
        baseline_majority=planned.baseline_majority,
        baseline_collapsed=planned.baseline_collapsed,
        left_out_pairs=planned.left_out_pairs,
        idempotency_key=key,
        request_hash=digest,
        owner=caller.key_id,
        models=planned.models,
        vectors=planned.vectors,
    )
