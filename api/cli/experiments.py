"""`submit`, `watch`, `results`, `compare`: asking a running service, by HTTP alone."""

from typing import Annotated

import typer

from api.cli import completing
from api.cli.connection import UrlOption, connected
from api.cli.console import (
    FAILED,
    INTERRUPTED,
    USAGE,
    JsonOption,
    out,
    print_json,
    say,
    stop,
)
from api.cli.documents import apply_settings, read_document
from api.cli.expecting import Expected, ExpectOption, require
from api.cli.tables import show_comparison, show_results
from api.cli.watching import watch as watch_until_ended
from api.client import Client

SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", help="Change the spec: key.path=value; may be given again."),
]
ExperimentArgument = Annotated[
    str, typer.Argument(help="The id of an experiment.", autocompletion=completing.experiments)
]


def submit(
    spec: Annotated[
        str,
        typer.Argument(
            help="A JSON file, `-`, or the name of a recipe.", autocompletion=completing.recipes
        ),
    ],
    assignments: SetOption = None,
    wait: Annotated[bool, typer.Option("--wait", help="Watch it, and print the answer.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check it; store nothing.")] = False,
    key: Annotated[
        str | None, typer.Option("--idempotency-key", help="Makes it safe to submit again.")
    ] = None,
    expect: ExpectOption = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Submit an experiment; print its id."""
    if expect is not None and not wait:
        raise stop("--expect needs --wait: before the end there is no verdict.", USAGE)
    document = apply_settings(read_document(spec), assignments or [])
    with connected(url) as client:
        if dry_run:
            print_json(client.dry_run(document).document)
            return
        asked = client.submit(document, idempotency_key=key)
        if not (as_json and wait):
            print_json(asked.document) if as_json else out.print(asked.id)
        say(f"{len(asked.runs)} runs queued; {client.url}/v1/experiments/{asked.id}")
        if asked.waiting_for:
            say(f"They wait for {asked.waiting_for}.")
        if wait:
            finish(client, asked.id, expect, as_json)


def watch(
    experiment: ExperimentArgument,
    expect: ExpectOption = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Follow an experiment until it has ended, then print the answer."""
    with connected(url) as client:
        finish(client, experiment, expect, as_json)


def finish(
    client: Client, experiment_id: str, expect: Expected | None = None, as_json: bool = False
) -> None:
    """Follow, show the results, and end with 1 unless every run succeeded."""
    try:
        if as_json:
            state = client.wait(experiment_id).state
        else:
            state = watch_until_ended(client, experiment_id)
    except KeyboardInterrupt:
        say(f"The experiment goes on; `tripletlab watch {experiment_id}` follows it again.")
        raise typer.Exit(INTERRUPTED) from None
    found = client.results(experiment_id)
    print_json(found.document) if as_json else show_results(found.document)
    if state != "succeeded":
        raise typer.Exit(FAILED)
    require(expect, found.decisions)


def results(
    experiment: ExperimentArgument,
    expect: ExpectOption = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Print the comparison, also while runs go on."""
    with connected(url) as client:
        found = client.results(experiment)
    print_json(found.document) if as_json else show_results(found.document)
    require(expect, found.decisions)


def compare(
    a: Annotated[str, typer.Argument(help="EXPERIMENT/ARM")],
    b: Annotated[str, typer.Argument(help="EXPERIMENT/ARM")],
    metric: Annotated[str | None, typer.Option(help="test.roc_auc, …; a's unless given.")] = None,
    margin: Annotated[float | None, typer.Option(help="A difference that does not matter.")] = None,
    confidence: Annotated[float | None, typer.Option(help="Such as 0.95.")] = None,
    expect: ExpectOption = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Compare two arms on the same data and seeds, also of different experiments."""
    with connected(url) as client:
        found = client.compare(a, b, metric=metric, margin=margin, confidence=confidence)
    print_json(found.document) if as_json else show_comparison(found.document)
    require(expect, [found])
