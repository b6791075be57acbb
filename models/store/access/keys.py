"""All SQL of the API keys, and what a key looks like.

A key is `tl_` and 256 random bits in base64. The database has its SHA-256: a slow, salted hash such
as Argon2 protects passwords that people chose, by making each guess expensive; nobody can guess 256
random bits, and a fast hash without salt can be looked up by index.

**No comparison leaks through its time.** The query selects the digests that begin like that of the
sent key, which only narrows the search; the whole digest is compared in Python, in a time that does
not depend on where it differs.
"""

import hashlib
import hmac
import re
import secrets
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from models.errors import Conflict, NotFound
from models.store import clock
from models.store.access.scopes import Scope
from models.store.ids import new_id
from models.store.tables import ApiKey

_FORM = re.compile(r"tl_[A-Za-z0-9_-]{43}")
_QUERIED = 8  # leading characters of a digest in the query; few rows share them
_USE_GRAIN = timedelta(minutes=10)  # else every read would also be a write


def create_key(session: Session, name: str, scope: Scope, now: datetime) -> tuple[ApiKey, str]:
    """A new row and the key itself, which is not stored and cannot be shown again."""
    secret = f"tl_{secrets.token_urlsafe(32)}"
    row = ApiKey(
        id=new_id("key"),
        name=name,
        scope=scope.name.lower(),
        digest=digest_of(secret),
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row, secret


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def key_of(session: Session, secret: str) -> tuple[ApiKey, datetime] | None:
    """The row of a key that is known and not revoked, and the present; None for any other."""
    if not _FORM.fullmatch(secret):
        return None
    digest = digest_of(secret)
    # the time comes along, since each further statement would cost every request a journey
    query = select(ApiKey, clock.present(session)).where(
        ApiKey.digest.between(digest[:_QUERIED], digest[:_QUERIED] + "g"),
        ApiKey.revoked_at.is_(None),
    )
    for row, now in session.execute(query):
        if hmac.compare_digest(row.digest, digest):
            return row, now
    return None


def any_key(session: Session) -> bool:
    """Whether a key was ever made. Revoked ones count: revoking the last key must not open the
    service to all."""
    return session.scalar(select(ApiKey.id).limit(1)) is not None


def list_keys(session: Session) -> list[ApiKey]:
    """All keys, oldest first."""
    return list(session.scalars(select(ApiKey).order_by(ApiKey.id)))


def revoke_key(session: Session, which: str, now: datetime) -> ApiKey:
    """Revoke the key with this id or name. Idempotent.

    Raises `NotFound`, and `Conflict` when several keys that are not revoked have the name.
    """
    named = list(
        session.scalars(select(ApiKey).where(or_(ApiKey.id == which, ApiKey.name == which)))
    )
    if not named:
        raise NotFound(f"no key has the id or name {which!r}; `tripletlab keys list` shows all")
    working = [row for row in named if row.revoked_at is None]
    if len(working) > 1:
        ids = ", ".join(row.id for row in working)
        raise Conflict(f"several keys are called {which!r}; revoke one by its id: {ids}")
    for row in working:
        row.revoked_at = now
    session.flush()
    return (working or named)[0]


def worth_noting(row: ApiKey, now: datetime) -> bool:
    """Whether `last_used_at` is too old and should be updated."""
    return row.last_used_at is None or now - row.last_used_at >= _USE_GRAIN


def note_use(session: Session, key_id: str, now: datetime) -> None:
    """Store when the key was used."""
    session.execute(update(ApiKey).where(ApiKey.id == key_id).values(last_used_at=now))
