"""Who calls, and what of others' things they may change.

The gate (`api.access.authentication`) finds out who calls before anything of a request is read;
`must_own` is put on the whole of `/v1`, so that a new route that changes a thing is guarded without
saying so.
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
from models.store.access.keys import Scope

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
ASKING = frozenset({"predict"})
"""Last parts of paths whose POST asks and changes nothing: a key that reads may send them."""


@dataclass(frozen=True)
class Caller:
    """A key, or on loopback whoever may start the service there, and so may do all."""

    key_id: str | None
    name: str | None
    scope: Scope

    def record(self, session: Session, action: audit.Action, subject: str, now: datetime) -> None:
        """Put what this caller does into the audit, in the transaction that does it."""
        audit.record(session, action, subject, key_id=self.key_id, key_name=self.name, now=now)


LOCAL = Caller(None, None, Scope.ADMIN)


def get_caller(request: Request) -> Caller:
    return cast(Caller, request.state.caller)


async def _caller(request: Request) -> Caller:
    return get_caller(request)


CallerDep = Annotated[Caller, Depends(_caller)]


def changes(method: str, path: str) -> bool:
    """Whether a request would change something, so that reading is not enough for it."""
    return method not in SAFE and not (
        method == "POST" and path.rstrip("/").rpartition("/")[2] in ASKING
    )


# parameter of a path -> what an id of it must look like, and whose the thing is
OWNED: dict[str, tuple[Callable[[str], str], Callable[[Session, str], str | None]]] = {
    "experiment_id": (dependencies.experiment_id, owners.owner_of_experiment),
    "run_id": (dependencies.run_id, owners.owner_of_run),
    "webhook_id": (dependencies.webhook_id, owners.owner_of_webhook),
    "name": (dependencies.dataset_name, owners.owner_of_dataset),
}


async def must_own(request: Request, service: dependencies.ServiceDep, caller: CallerDep) -> None:
    """Raises `Forbidden` when the call would change what is not the caller's; admins may."""
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
                f"{identity} was not made with this key; only the one it was made with, or one "
                "with the scope admin, may change it",
                Scope.ADMIN,
            )


def must_administer(caller: CallerDep) -> None:
    """Raises `Forbidden` unless the key has the scope admin."""
    if caller.scope < Scope.ADMIN:
        raise Forbidden("this needs a key with the scope admin", Scope.ADMIN)
