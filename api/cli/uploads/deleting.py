"""Deleting what was uploaded, after a question that says how much it is."""

from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import quote

import typer

from api.cli.connection import connected
from api.cli.console import confirm, print_json, say

NameArgument = Annotated[str, typer.Argument(help="Its name in specs.")]


def delete_upload(
    collection: str,
    name: str,
    what: Callable[[dict[str, Any]], str],
    yes: bool,
    as_json: bool,
    url: str | None,
) -> None:
    """Ask whether to delete `what` it is, and delete it."""
    path = f"/v1/{collection}/{quote(name, safe='')}"
    with connected(url) as client:
        confirm(f"Delete {what(client.get(path))}?", yes)
        client.request("DELETE", path)
    print_json({"deleted": name}) if as_json else say(f"{name} is deleted.")
