"""`submit`, `watch`, `results`, `recipes`: asking a running service, by HTTP alone."""

import json
from typing import Annotated

import typer
from rich.table import Table

from api.cli.connection import UrlOption, connected
from api.cli.console import FAILED, out, say
from api.cli.documents import apply_settings, read_document
from api.cli.tables import show_results
from api.cli.watching import watch as watch_until_ended
from api.client import Client

SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", help="Change the spec: key.path=value; may be given again."),
]


def submit(
    spec: Annotated[str, typer.Argument(help="A JSON file, `-`, or the name of a recipe.")],
    assignments: SetOption = None,
    wait: Annotated[bool, typer.Option("--wait", help="Watch it, and print the answer.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check it; store nothing.")] = False,
    key: Annotated[
        str | None, typer.Option("--idempotency-key", help="Makes it safe to submit again.")
    ] = None,
    url: UrlOption = None,
) -> None:
    """Submit an experiment; print its id."""
    document = apply_settings(read_document(spec), assignments or [])
    with connected(url) as client:
        if dry_run:
            out.print_json(json.dumps(client.dry_run(document).document))
            return
        view = client.submit(document, idempotency_key=key).document
        out.print(view["id"])
        say(f"{len(view['runs'])} runs queued; {client.url}/v1/experiments/{view['id']}")
        if view["waiting_for"]:
            say(f"They wait for {view['waiting_for']}.")
        if wait:
            finish(client, view["id"])


def watch(experiment: str, url: UrlOption = None) -> None:
    """Follow an experiment until it has ended, then print the answer."""
    with connected(url) as client:
        finish(client, experiment)


def finish(client: Client, experiment_id: str) -> None:
    """Follow, show the results, and end with 1 unless every run succeeded."""
    state = watch_until_ended(client, experiment_id)
    show_results(client.results(experiment_id).document)
    if state != "succeeded":
        raise typer.Exit(FAILED)


def results(
    experiment: str,
    as_json: Annotated[bool, typer.Option("--json", help="The whole document.")] = False,
    url: UrlOption = None,
) -> None:
    """Print the comparison, also while runs go on."""
    with connected(url) as client:
        document = client.results(experiment).document
        if as_json:
            typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
        else:
            show_results(document)


def recipes(url: UrlOption = None) -> None:
    """List the recipes."""
    table = Table("name", "about")
    with connected(url) as client:
        listed = client.recipes()
    for name, about in zip(listed["name"], listed["about"], strict=True):
        table.add_row(name, about)
    out.print(table)
