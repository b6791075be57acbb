"""`keys create`, `keys list`, `keys revoke`: directly on the database.

They do not use HTTP, because the first key cannot be made by a call that needs a key, and because
whoever can reach the database may do everything anyway.
"""

from datetime import datetime
from typing import Annotated

import typer

from api.cli.console import USAGE, JsonOption, out, print_json, say, stop
from api.cli.help import Commands
from api.cli.listings import listing, show_table
from api.cli.services import DatabaseUrl, DataDir, settings_from
from models.store.access.scopes import SCOPE_NAMES, Scope

app = Commands(help="API keys: who may call the service.", no_args_is_help=True)


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
    from models.specs.names import fault_of

    if fault := fault_of(name):
        raise stop(f"The name of the key {fault}.", USAGE)
    settings = settings_from(data_dir=data_dir, database_url=database_url)
    from api.cli.keys import database

    made, secret = database.created(settings, name, wanted)
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
    settings = settings_from(data_dir=data_dir, database_url=database_url)
    from api.cli.keys import database

    rows = database.listed(settings)
    if as_json:
        print_json(rows)
        return
    table = listing("id", "name", "scope", "created", "last used", "revoked")
    for row in rows:
        times = (_shown(row[name]) for name in ("created_at", "last_used_at", "revoked_at"))
        table.add_row(row["id"], row["name"], row["scope"], *times)
    show_table(table)


@app.command()
def revoke(
    key: Annotated[str, typer.Argument(help="Its id, or its name.")],
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: JsonOption = False,
) -> None:
    """Revoke a key, from now on and for good."""
    settings = settings_from(data_dir=data_dir, database_url=database_url)
    from api.cli.keys import database

    revoked = database.revoked(settings, key)
    if as_json:
        print_json(revoked)
        return
    say(f"Key {revoked['id']} is revoked.")


def _shown(moment: str | None) -> str:
    return "" if moment is None else f"{datetime.fromisoformat(moment):%Y-%m-%d %H:%M}"
