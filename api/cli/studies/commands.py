"""`study …`: one question asked on several data sets, over HTTP."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from api.cli.connection import UrlOption, connected
from api.cli.console import (
    FAILED,
    INTERRUPTED,
    UNDECIDED,
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
from api.cli.expected_verdict import Expected, ExpectOption
from api.cli.help import Commands
from api.cli.listings import listing, show_table
from api.cli.studies.tables import show_study
from api.client import ENDED, Client, Study, StudyResults
from api.finding.named_ids import experiment_id, study_id

app = Commands(help="One question asked on several data sets.", no_args_is_help=True)

StudyArgument = Annotated[
    str, typer.Argument(help="The id of a study, its beginning, or `latest`.")
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Check it; store nothing.")]
KeyOption = Annotated[
    str | None, typer.Option("--idempotency-key", help="Makes it safe to submit again.")
]


@app.command()
def submit(
    spec: Annotated[str, typer.Argument(help="A JSON file, `-`, or the name of a recipe.")],
    over: Annotated[
        list[str] | None,
        typer.Option("--over", help="A data set; repeat it. A file with `over` needs none."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="The name of the study.")] = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", help="Change the spec, as in `submit`.")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Follow it, and print the results.")] = False,
    dry_run: DryRunOption = False,
    key: KeyOption = None,
    expect: ExpectOption = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Submit one experiment for each data set, all or none, and print the id of the study.

    The file is a spec, which --over asks on each data set, or a whole study: name, spec and over.
    """
    if expect is not None and not wait:
        raise stop("--expect needs --wait: there is no verdict before the end.", USAGE)
    body = _body(read_document(spec), over or [], name, assignments or [])
    with connected(url) as client:
        if dry_run:
            print_json(client.post("/v1/studies", json=body, params={"dry_run": True}))
            return
        headers = {} if key is None else {"Idempotency-Key": key}
        made = Study.of(client.post("/v1/studies", json=body, headers=headers))
        _created(client, made, as_json and not wait)
        if wait:
            _finish(client, made.id, expect, as_json)


def _body(document: Any, over: list[str], name: str | None, assignments: list[str]) -> Any:
    if isinstance(document, dict) and "over" in document:
        if over:
            raise stop("The file has `over` already; leave --over out.", USAGE)
        body = {**document, "name": name or document.get("name")}
        body["spec"] = apply_settings(body.get("spec"), assignments)
        return body
    if not over:
        raise stop("Name the data sets: --over pairs-1 --over pairs-2.", USAGE)
    spec = apply_settings(document, assignments)
    named = spec.get("name") or spec.get("recipe") if isinstance(spec, dict) else None
    return {"name": name or named or "Study", "spec": spec, "over": [{"dataset": d} for d in over]}


@app.command()
def join(
    name: Annotated[str, typer.Argument(help="The name of the study.")],
    experiments: Annotated[list[str], typer.Argument(help="Ids of experiments that exist.")],
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Make a study of experiments that exist: they have the same arms and the same decision."""
    with connected(url) as client:
        ids = [experiment_id(client, one) for one in experiments]
        _created(client, client.join_study(name, ids), as_json)


def _created(client: Client, made: Study, as_json: bool) -> None:
    print_json(made.document) if as_json else out.print(made.id)
    count = len(made.experiments["id"])
    for sentence in client.study_results(made.id).document["missing"][:1]:
        say(sentence)  # too few data sets for a verdict, which nobody should wait for
    say(f"{count} experiments; on the page: {client.url}/#/studies/{made.id}")


@app.command("list")
def list_studies(
    limit: Annotated[int, typer.Option(min=1, max=200, help="Studies at most.")] = 20,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """List studies, newest first."""
    with connected(url) as client:
        page = client.get("/v1/studies", limit=limit)
    if as_json:
        print_json(page)
        return
    headings = ("id", "name", "state", "planned", "done", "data sets")
    table = listing(*headings, whole=("id", "state"))
    for one in page["items"]:
        names = ", ".join(member["dataset"] for member in one["experiments"])
        planned = "planned" if one["planned"] else "joined"
        done = f"{one['progress']:.0%}"
        told = (one["name"], one["state"], planned, done, names)
        table.add_row(one["id"], *map(escape, told))
    show_table(table)


@app.command()
def watch(
    study: StudyArgument,
    expect: ExpectOption = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Follow a study until every experiment has ended, then print its results."""
    with connected(url) as client:
        study = study_id(client, study)
        _finish(client, study, expect, as_json)


def _finish(client: Client, study: str, expect: Expected | None, as_json: bool) -> None:
    """Follow it, show the results, and exit with 1 unless every experiment succeeded."""
    try:
        ended = client.wait_for_study(study)
    except KeyboardInterrupt:
        say(f"The study goes on; `tripletlab study watch {study}` follows it again.")
        raise typer.Exit(INTERRUPTED) from None
    answer = client.study_results(study)
    show_study(answer, as_json)
    if ended.state != "succeeded":
        raise typer.Exit(FAILED)
    _require(expect, answer)


@app.command()
def results(
    study: StudyArgument,
    expect: ExpectOption = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Print what the data sets say together, also while experiments go on."""
    with connected(url) as client:
        study = study_id(client, study)
        answer = client.study_results(study)
    show_study(answer, as_json)
    _require(expect, answer)


def _require(expect: Expected | None, answer: StudyResults) -> None:
    """Exit unless every arm against the baseline has the expected verdict."""
    for one in answer.comparisons if expect is not None else ():
        if one.verdict == "undecided":
            say(f"Undecided; {expect} was expected.")
            raise typer.Exit(UNDECIDED)
        if expect not in (Expected.DECIDED, one.verdict):
            raise stop(f"{one.a} against {one.b} is {one.verdict}; {expect} was expected.")


@app.command()
def export(
    study: StudyArgument,
    output: Annotated[Path, typer.Option("--output", "-o", help="A .csv or .parquet file.")],
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Write the results as a table: a row for each data set, and one for the mean."""
    with connected(url) as client:
        study = study_id(client, study)
        client.export_study(study, output)
    print_json({"files": [str(output)]}) if as_json else say(f"{output}: written")


@app.command()
def cancel(study: StudyArgument, as_json: JsonOption = False, url: UrlOption = None) -> None:
    """Cancel the experiments of a study that go on; it can be repeated."""
    with connected(url) as client:
        study = study_id(client, study)
        ended_before = client.study(study).state in ENDED
        made = client.cancel_study(study)
    if as_json:
        print_json(made.document)
    elif ended_before:
        say(f"{made.id} had ended before, as {made.state}: nothing was cancelled.")
    elif made.state in ENDED:
        say(f"{made.id} is {made.state}: no run goes on.")
    else:
        say(f"{made.id} is being cancelled; runs under way still have to stop.")


@app.command()
def delete(
    study: StudyArgument,
    yes: YesOption = False,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Delete a study; its experiments stay."""
    with connected(url) as client:
        study = study_id(client, study)
        name = client.study(study).name
        confirm(f"Delete the study {name} ({study})? Its experiments stay.", yes)
        client.request("DELETE", f"/v1/studies/{study}")
    print_json({"deleted": study}) if as_json else say(f"{study} is deleted.")
