"""Authorization: who the caller is, and what of other callers' things it may change.

`api.access.authentication` finds the caller before the body of a request is read. `must_own` is a
dependency of the whole of `/v1`, so that a new route that changes a thing is guarded by default.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, cast

from fastapi import Depends, Request
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from api import dependencies
from api.http.problems import Forbidden
from models.store.access import audit, owners
from models.store.access.scopes import Scope

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
ASKING = frozenset({"predict", "comparisons", "mcp"})
"""Last parts of paths whose POST changes nothing: a key that may only read can send them. What a
tool of `/mcp` changes, it asks of `/v1` with the same key."""


@dataclass(frozen=True)
class Caller:
    """Who sends a request: the owner of an API key. Where no key was ever made it is the user of
    this machine, who may do everything, as whoever starts the service may."""

    key_id: str | None
    name: str | None
    scope: Scope

    def record(self, session: Session, action: audit.Action, subject: str, now: datetime) -> None:
        """Add what this caller does to the audit, in the transaction that does it."""
        audit.record(session, action, subject, key_id=self.key_id, key_name=self.name, now=now)


LOCAL = Caller(None, None, Scope.ADMIN)


def get_caller(request: Request) -> Caller:
    return cast(Caller, request.state.caller)


async def _caller(request: Request) -> Caller:
    return get_caller(request)


CallerDep = Annotated[Caller, Depends(_caller)]


def changes(method: str, path: str) -> bool:
    """Whether a request would change something, so that the scope `read` is not enough."""
    return method not in SAFE and not (
        method == "POST" and path.rstrip("/").rpartition("/")[2] in ASKING
    )


# path parameter -> the check of its form, and the query for the owner of the thing
OWNED: dict[str, tuple[Callable[[str], str], Callable[[Session, str], str | None]]] = {
    "experiment_id": (dependencies.experiment_id, owners.owner_of_experiment),
    "run_id": (dependencies.run_id, owners.owner_of_run),
    "study_id": (dependencies.study_id, owners.owner_of_study),
    "webhook_id": (dependencies.webhook_id, owners.owner_of_webhook),
    "name": (dependencies.dataset_name, owners.owner_of_dataset),
    "model_name": (dependencies.model_name, owners.owner_of_model),
    "vectors_name": (dependencies.vectors_name, owners.owner_of_vectors),
}


async def must_own(request: Request, service: dependencies.ServiceDep, caller: CallerDep) -> None:
    """Raises `Forbidden` when the call would change what another key owns; admins may."""
    if not changes(request.method, request.url.path) or caller.scope >= Scope.ADMIN:
        return
    await run_in_threadpool(_check, request, service, caller)


def _check(request: Request, service: dependencies.Service, caller: Caller) -> None:
    for name, value in request.path_params.items():
        well_formed, owner_of = OWNED[name]
        identity = well_formed(value)
        with service.database.reading() as session:
            owner = owner_of(session, identity)
        if owner is None or owner != caller.key_id:
            raise Forbidden(
                f"{identity} was not made with this key; only the key that made it, or a key with "
                "the scope admin, may change it",
                Scope.ADMIN,
            )


def must_administer(caller: CallerDep) -> None:
    """Raises `Forbidden` unless the key has the scope admin."""
    if caller.scope < Scope.ADMIN:
        raise Forbidden("this needs a key with the scope admin", Scope.ADMIN)
