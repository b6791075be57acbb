"""`submit`, `watch`, `results`, `cancel`, `delete`, `recipes`: experiments, over HTTP."""

from typing import Annotated, Any

import typer

from api.cli import completion
from api.cli.connection import UrlOption, connected
from api.cli.console import (
    FAILED,
    INTERRUPTED,
    USAGE,
    JsonOption,
    YesOption,
    confirm,
    out,
    print_json,
    say,
    stop,
)
from api.cli.documents import apply_settings, read_document
from api.cli.expected_verdict import Expected, ExpectOption, require
from api.cli.listings import listing, show_table
from api.cli.live_progress import show_progress
from api.cli.results.tables import show_results
from api.client import Client, Refused
from api.finding.named_ids import experiment_id

SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="Change the spec: key.path=value, such as arms.0.name=x or arms.modified.steps=50; "
        "can be repeated.",
    ),
]
ExperimentArgument = Annotated[
    str,
    typer.Argument(
        help="The id of an experiment, its beginning, or `latest`.",
        autocompletion=completion.experiments,
    ),
]


def submit(
    spec: Annotated[
        str,
        typer.Argument(
            help="A JSON file, `-`, or the name of a recipe.", autocompletion=completion.recipes
        ),
    ],
    assignments: SetOption = None,
    wait: Annotated[bool, typer.Option("--wait", help="Follow it, and print the results.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check it; store nothing.")] = False,
    key: Annotated[
        str | None, typer.Option("--idempotency-key", help="Makes it safe to submit again.")
    ] = None,
    expect: ExpectOption = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Submit an experiment and print its id."""
    if expect is not None and not wait:
        raise stop("--expect needs --wait: there is no verdict before the end.", USAGE)
    document = apply_settings(read_document(spec), assignments or [])
    with connected(url) as client:
        if dry_run:
            print_json(client.dry_run(document).document)
            return
        _tell_cost(client, document)
        created = client.submit(document, idempotency_key=key)
        if not (as_json and wait):
            print_json(created.document) if as_json else out.print(created.id)
        say(f"{len(created.runs)} runs queued; {client.url}/v1/experiments/{created.id}")
        if asked := created.document.get("programme"):
            say(asked["sentence"])
        say(f"On the page: {client.url}/#/experiments/{created.id}")
        if created.waiting_for:
            say(f"They wait for {created.waiting_for}.")
        if wait:
            finish(client, created.id, expect, as_json)


def _tell_cost(client: Client, document: Any) -> None:
    """Say what follows from the data set and what it costs, before anything is queued; what is
    wrong is left to the submission, which may also be a repeated one."""
    try:
        plan = client.dry_run(document)
    except Refused:
        return
    for one in plan.document.get("fitted", []):  # a service of before has none
        say(one["sentence"])
    for one in plan.document.get("warnings", []):
        say(one["sentence"])
    say(f"About {plan.estimated_seconds:,.0f} s: {plan.estimate}.")
    if memory := plan.document.get("run_memory_bytes"):
        say(f"A run needs about {memory / 1e9:.1f} GB of memory.")


def watch(
    experiment: ExperimentArgument,
    expect: ExpectOption = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Follow an experiment until it has ended, then print its results."""
    with connected(url) as client:
        experiment = experiment_id(client, experiment)
        finish(client, experiment, expect, as_json)


def finish(
    client: Client, experiment_id: str, expect: Expected | None = None, as_json: bool = False
) -> None:
    """Follow it, show the results, and exit with 1 unless every run succeeded."""
    try:
        if as_json:
            state = client.wait(experiment_id).state
        else:
            state = show_progress(client, experiment_id)
    except KeyboardInterrupt:
        say(f"The experiment goes on; `tripletlab watch {experiment_id}` follows it again.")
        raise typer.Exit(INTERRUPTED) from None
    answer = client.results(experiment_id)
    print_json(answer.document) if as_json else show_results(answer.document)
    if state != "succeeded":
        raise typer.Exit(FAILED)
    require(expect, answer.decisions)


def results(
    experiment: ExperimentArgument,
    expect: ExpectOption = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Print the results, also while runs are still going on."""
    with connected(url) as client:
        experiment = experiment_id(client, experiment)
        answer = client.results(experiment)
    print_json(answer.document) if as_json else show_results(answer.document)
    require(expect, answer.decisions)


def cancel(
    experiment: ExperimentArgument, as_json: JsonOption = False, url: UrlOption = None
) -> None:
    """Cancel the runs of an experiment; it can be repeated."""
    with connected(url) as client:
        experiment = experiment_id(client, experiment)
        ended_before = client.experiment(experiment).ended
        cancelled = client.cancel(experiment)
    if as_json:
        print_json(cancelled.document)
        return
    running = sum(run.state == "running" for run in cancelled.runs)
    if ended_before:
        say(f"{cancelled.id} had ended before, as {cancelled.state}: nothing was cancelled.")
    elif running:
        verb = "1 run still has" if running == 1 else f"{running} runs still have"
        say(f"{cancelled.id} is being cancelled; {verb} to stop.")
    else:
        say(f"{cancelled.id} is {cancelled.state}: no run goes on.")


def delete(
    experiment: ExperimentArgument,
    yes: YesOption = False,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Delete an experiment that goes on no more, with its metrics and files."""
    with connected(url) as client:
        experiment = experiment_id(client, experiment)
        name = client.experiment(experiment).name
        confirm(f"Delete {name} ({experiment}) with all it measured?", yes)
        client.request("DELETE", f"/v1/experiments/{experiment}")
    print_json({"deleted": experiment}) if as_json else say(f"{experiment} is deleted.")


def recipes(as_json: JsonOption = False, url: UrlOption = None) -> None:
    """List the recipes."""
    with connected(url) as client:
        page = client.get("/v1/recipes")
    if as_json:
        print_json(page)
        return
    table = listing("name", "about", whole=("name",))
    for one in page["items"]:
        table.add_row(one["name"], one["about"])
    show_table(table)
