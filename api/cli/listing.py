"""`list`, `cancel`, `recipes`: what there is, and what is to stop."""

from typing import Annotated

import typer
from rich.table import Table

from api.cli.connection import UrlOption, connected
from api.cli.console import JsonOption, out, print_json, say
from api.cli.experiments import ExperimentArgument


def list_experiments(
    state: Annotated[
        str | None, typer.Option(help="queued, running, succeeded, failed or cancelled.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="A part of the name.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="Experiments at most.")] = 20,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """List experiments, newest first."""
    with connected(url) as client:
        page = client.get("/v1/experiments", state=state, name=name, limit=limit)
    if as_json:
        print_json(page)
        return
    table = Table("id", "name", "state", "runs", "data set", "asked")
    for one in page["items"]:
        ended = sum(one["runs"][state] for state in ("succeeded", "failed", "cancelled"))
        runs = f"{ended}/{sum(one['runs'].values())}"
        asked = one["created_at"][:16].replace("T", " ")
        table.add_row(one["id"], one["name"], one["state"], runs, one["dataset"], asked)
    out.print(table)


def cancel(
    experiment: ExperimentArgument, as_json: JsonOption = False, url: UrlOption = None
) -> None:
    """Wish the runs of an experiment to stop; again is no error."""
    with connected(url) as client:
        seen = client.cancel(experiment)
    if as_json:
        print_json(seen.document)
    else:
        going_on = sum(run.state == "running" for run in seen.runs)
        say(f"{seen.id} is {seen.state}; {going_on} runs still have to stop.")


def recipes(as_json: JsonOption = False, url: UrlOption = None) -> None:
    """List the recipes."""
    with connected(url) as client:
        found = client.get("/v1/recipes")
    if as_json:
        print_json(found)
        return
    table = Table("name", "about")
    for one in found["items"]:
        table.add_row(one["name"], one["about"])
    out.print(table)
