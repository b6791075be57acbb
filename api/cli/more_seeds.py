"""`add-seeds`: more seeds for an experiment that has ended, or its question under fresh ones."""

from typing import Annotated, Any

import typer

from api.cli.connection import UrlOption, connected
from api.cli.console import USAGE, JsonOption, out, print_json, say, stop
from api.cli.experiments import ExperimentArgument
from api.finding.named_ids import experiment_id


def add_seeds(
    experiment: ExperimentArgument,
    to: Annotated[
        int | None, typer.Option("--to", help="The number of seeds that it is to have.", min=1)
    ] = None,
    fresh: Annotated[
        int | None,
        typer.Option(
            help="Ask again in a new experiment, under so many seeds that no run on the data set "
            "has had.",
            min=1,
        ),
    ] = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Add seeds to an experiment where that keeps its error; alone, say up to which number."""
    if to is not None and fresh is not None:
        raise stop("Give --to or --fresh, and not both.", USAGE)
    with connected(url) as client:
        experiment = experiment_id(client, experiment)
        if to is not None:
            added = client.add_seeds(experiment, to)
            seeds = len({run.seed for run in added.runs if not run.document["tuning"]})
            line = f"{added.id}: {added.state}, {seeds} seeds"
            print_json(added.document) if as_json else out.print(line, markup=False)
            if added.waiting_for:
                say(f"They wait for {added.waiting_for}.")
            return
        found = client.more_seeds(experiment, fresh=fresh)
        if fresh is not None:
            created = client.submit(found["fresh"])
            print_json(created.document) if as_json else out.print(created.id)
            say(f"On the page: {client.url}/#/experiments/{created.id}")
            return
        print_json(found) if as_json else _tell(experiment, found)


def _tell(experiment: str, found: dict[str, Any]) -> None:
    out.print(f"It has {found['count']} seeds. {found['sentence']}", markup=False, soft_wrap=True)
    for count in found["counts"]:
        say(f"tripletlab add-seeds {experiment} --to {count}")
    if found["most"]:
        wanted = min(2 * found["count"], found["most"])
        say(f"tripletlab add-seeds {experiment} --to {wanted}")
    new = len(found["fresh"]["seeds"]["list"])
    say(f"A new experiment under fresh seeds: tripletlab add-seeds {experiment} --fresh {new}")
