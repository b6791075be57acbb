"""`webhooks add|list|deliveries|remove`: who is told when experiments end."""

from typing import Annotated

import typer
from rich.table import Table

from api.cli.connection import UrlOption, connected
from api.cli.console import JsonOption, out, print_json, say

app = typer.Typer(help="Addresses that are told when experiments end.", no_args_is_help=True)

WebhookArgument = Annotated[str, typer.Argument(help="The id of a webhook.")]


@app.command()
def add(
    address: Annotated[str, typer.Argument(help="https://…, on a host that the service allows.")],
    on: Annotated[
        list[str] | None, typer.Option(help="succeeded, failed or cancelled; all unless given.")
    ] = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Register an address and print its secret, this once."""
    body: dict[str, object] = {"url": address}
    if on:
        body["events"] = [f"experiment.{state}" for state in on]
    with connected(url) as client:
        made = client.post("/v1/webhooks", json=body)
    if as_json:
        print_json(made)
        return
    out.print(made["secret"], markup=False, soft_wrap=True)
    say(f"This signs what {made['id']} is told, and it cannot be shown again.")


@app.command("list")
def list_all(as_json: JsonOption = False, url: UrlOption = None) -> None:
    """List the webhooks of this key."""
    with connected(url) as client:
        found = client.get("/v1/webhooks")
    if as_json:
        print_json(found)
        return
    table = Table("id", "address", "events")
    for one in found["items"]:
        events = ", ".join(event.removeprefix("experiment.") for event in one["events"])
        table.add_row(one["id"], one["url"], events)
    out.print(table)


@app.command()
def deliveries(
    webhook: WebhookArgument, as_json: JsonOption = False, url: UrlOption = None
) -> None:
    """List what a webhook was told, newest first, and how that went."""
    with connected(url) as client:
        found = client.get(f"/v1/webhooks/{webhook}/deliveries")
    if as_json:
        print_json(found)
        return
    table = Table("event", "experiment", "kind", "tries", "heard", "last failure")
    for one in found["items"]:
        heard = one["delivered_at"] or ("waits" if one["due_at"] else "given up")
        kind = one["kind"].removeprefix("experiment.")
        row = (one["id"], one["experiment"], kind, str(one["attempt"]), heard, one["reason"] or "")
        table.add_row(*row)
    out.print(table)


@app.command()
def remove(webhook: WebhookArgument, as_json: JsonOption = False, url: UrlOption = None) -> None:
    """Tell an address no more."""
    with connected(url) as client:
        client.request("DELETE", f"/v1/webhooks/{webhook}")
    if as_json:
        print_json({"removed": webhook})
        return
    say(f"{webhook} is told no more.")
