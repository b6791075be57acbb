"""`webhooks add|list|deliveries|remove`: addresses that are notified when experiments end."""

from typing import Annotated

import typer

from api.cli.connection import UrlOption, connected
from api.cli.console import JsonOption, out, print_json, say
from api.cli.help import Commands
from api.cli.listings import listing, show_table
from api.finding.named_ids import webhook_id

app = Commands(help="Addresses that are notified when experiments end.", no_args_is_help=True)

WebhookArgument = Annotated[
    str, typer.Argument(help="The id of a webhook, its beginning, or `latest`.")
]


@app.command()
def add(
    address: Annotated[str, typer.Argument(help="https://…, on a host that the service allows.")],
    on: Annotated[
        list[str] | None, typer.Option(help="succeeded, failed or cancelled; by default all.")
    ] = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Register an address and print its secret, which is shown only once."""
    body: dict[str, object] = {"url": address}
    if on:
        body["events"] = [f"experiment.{state}" for state in on]
    with connected(url) as client:
        created = client.post("/v1/webhooks", json=body)
    if as_json:
        print_json(created)
        return
    out.print(created["secret"], markup=False, soft_wrap=True)
    say(f"This secret signs the deliveries of {created['id']}; it cannot be shown again.")


@app.command("list")
def list_all(as_json: JsonOption = False, url: UrlOption = None) -> None:
    """List the webhooks of this key."""
    with connected(url) as client:
        page = client.get("/v1/webhooks")
    if as_json:
        print_json(page)
        return
    table = listing("id", "address", "events", whole=("id",))
    for one in page["items"]:
        events = ", ".join(event.removeprefix("experiment.") for event in one["events"])
        table.add_row(one["id"], one["url"], events)
    show_table(table)


@app.command()
def deliveries(
    webhook: WebhookArgument, as_json: JsonOption = False, url: UrlOption = None
) -> None:
    """List the deliveries of a webhook, newest first, and how they went."""
    with connected(url) as client:
        webhook = webhook_id(client, webhook)
        page = client.get(f"/v1/webhooks/{webhook}/deliveries")
    if as_json:
        print_json(page)
        return
    table = listing("event", "experiment", "kind", "attempts", "delivered", "last failure")
    for one in page["items"]:
        delivered = one["delivered_at"] or ("due" if one["due_at"] else "given up")
        kind = one["kind"].removeprefix("experiment.")
        attempts, reason = str(one["attempt"]), one["reason"] or ""
        table.add_row(one["id"], one["experiment"], kind, attempts, delivered, reason)
    show_table(table)


@app.command()
def remove(webhook: WebhookArgument, as_json: JsonOption = False, url: UrlOption = None) -> None:
    """Delete a webhook."""
    with connected(url) as client:
        webhook = webhook_id(client, webhook)
        client.request("DELETE", f"/v1/webhooks/{webhook}")
    if as_json:
        print_json({"removed": webhook})
        return
    say(f"{webhook} is deleted.")
