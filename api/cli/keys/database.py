"""What the commands `keys …` do on the database. It is imported where it is used: SQLAlchemy takes
longer to load than most commands take."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from api.cli.console import USAGE, stop
from models.errors import Conflict, NotFound, ServiceUnavailable
from models.settings import Settings
from models.store import clock
from models.store.access import audit
from models.store.access.keys import create_key, list_keys, revoke_key
from models.store.access.scopes import Scope
from models.store.database import Database
from models.store.schema_version import check
from models.store.tables import ApiKey

Document = dict[str, str | None]


def created(settings: Settings, name: str, scope: Scope) -> tuple[Document, str]:
    """Create a key; return it, and the secret that is not stored."""
    with _transaction(settings) as session:
        now = clock.now(session)
        row, secret = create_key(session, name, scope, now)
        _record(session, "key_created", row.id, now)
        return _as_document(row), secret


def listed(settings: Settings) -> list[Document]:
    """Return every key."""
    with _transaction(settings) as session:
        return [_as_document(row) for row in list_keys(session)]


def revoked(settings: Settings, key: str) -> Document:
    """Revoke the key of this id or name, and return it."""
    with _transaction(settings) as session:
        now = clock.now(session)
        row = revoke_key(session, key, now)
        if row.revoked_at == now:
            _record(session, "key_revoked", row.id, now)
        return _as_document(row)


@contextmanager
def _transaction(settings: Settings) -> Iterator[Session]:
    """Yield a session on an existing database; any failure ends the command with a sentence."""
    database = _existing(settings)
    try:
        check(database)
        with database.transaction() as session:
            yield session
    except (ServiceUnavailable, NotFound, Conflict) as error:
        raise stop(f"{error}.") from None
    except DBAPIError as error:
        raise stop(f"The database cannot do this: {error.orig}") from None
    finally:
        database.close()


def _existing(settings: Settings) -> Database:
    path = settings.data_dir / "tripletlab.sqlite3"
    if not settings.database_url and not path.is_file():
        raise stop(
            f"There is no database at {path}. Start the service once or run `tripletlab migrate`, "
            "or give its place with --data-dir or --database-url.",
            USAGE,
        )
    try:
        return Database(settings.resolved_database_url)
    except ValueError as error:
        raise stop(f"{error}.", USAGE) from None


def _record(session: Session, action: audit.Action, key_id: str, now: datetime) -> None:
    """Add an audit entry for the account that runs the command, since it has no key."""
    who = f"uid {os.getuid()}" if hasattr(os, "getuid") else None
    audit.record(session, action, key_id, key_id=None, key_name=who, now=now)


def _as_document(row: ApiKey) -> Document:
    times = {name: getattr(row, name) for name in ("created_at", "last_used_at", "revoked_at")}
    return {"id": row.id, "name": row.name, "scope": row.scope} | {
        name: moment and moment.isoformat() for name, moment in times.items()
    }
