"""`keys create`, `keys list`, `keys revoke`: directly on the database.

They do not use HTTP, because the first key cannot be made by a call that needs a key, and because
whoever can reach the database may do everything anyway.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated

import typer
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from api.cli.console import USAGE, JsonOption, out, print_json, say, stop
from api.cli.listings import listing, show_table
from api.cli.services import DatabaseUrl, DataDir, settings_from
from models.errors import Conflict, NotFound, ServiceUnavailable
from models.settings import Settings
from models.store import clock
from models.store.access import audit
from models.store.access.keys import SCOPE_NAMES, Scope, create_key, list_keys, revoke_key
from models.store.database import Database
from models.store.migrating import check
from models.store.tables import ApiKey

app = typer.Typer(help="API keys: who may call the service.", no_args_is_help=True)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Who or what will use it.")],
    scope: Annotated[
        str, typer.Option(help=f"{', '.join(SCOPE_NAMES)}; each includes those before.")
    ],
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: JsonOption = False,
) -> None:
    """Create a key and print it; only its hash is stored, so it is shown only once."""
    try:
        wanted = Scope.named(scope)
    except ValueError as error:
        raise stop(f"{error}.", USAGE) from None
    if not 1 <= len(name) <= 100 or not name.isprintable():
        raise stop("A key's name has 1 to 100 printable characters.", USAGE)
    with _transaction(settings_from(data_dir=data_dir, database_url=database_url)) as session:
        now = clock.now(session)
        row, secret = create_key(session, name, wanted, now)
        _record(session, "key_created", row.id, now)
        made = _as_document(row)
    if as_json:
        print_json({**made, "key": secret})
        return
    out.print(secret, markup=False, soft_wrap=True)
    say(f"This is key {made['id']}; it cannot be shown again.")
    say("From now on every call needs a key.")
    say("Send it as `Authorization: Bearer …`; the command reads it from TRIPLETLAB_KEY.")


@app.command("list")
def list_all(
    data_dir: DataDir = None, database_url: DatabaseUrl = None, as_json: JsonOption = False
) -> None:
    """List the keys, and when each was last used (to ten minutes)."""
    table = listing("id", "name", "scope", "created", "last used", "revoked")
    with _transaction(settings_from(data_dir=data_dir, database_url=database_url)) as session:
        rows = list_keys(session)
        if as_json:
            print_json([_as_document(row) for row in rows])
            return
        for row in rows:
            times = (row.created_at, row.last_used_at, row.revoked_at)
            table.add_row(row.id, row.name, row.scope, *map(_shown, times))
    show_table(table)


@app.command()
def revoke(
    key: Annotated[str, typer.Argument(help="Its id, or its name.")],
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: JsonOption = False,
) -> None:
    """Revoke a key, from now on and for good."""
    with _transaction(settings_from(data_dir=data_dir, database_url=database_url)) as session:
        now = clock.now(session)
        row = revoke_key(session, key, now)
        if row.revoked_at == now:
            _record(session, "key_revoked", row.id, now)
        revoked = _as_document(row)
    if as_json:
        print_json(revoked)
        return
    say(f"Key {revoked['id']} is revoked.")


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


def _as_document(row: ApiKey) -> dict[str, str | None]:
    times = {name: getattr(row, name) for name in ("created_at", "last_used_at", "revoked_at")}
    return {"id": row.id, "name": row.name, "scope": row.scope} | {
        name: moment and moment.isoformat() for name, moment in times.items()
    }


def _shown(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M}"
