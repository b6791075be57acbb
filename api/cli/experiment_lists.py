"""`list`, `label`, `runs`, `programmes`: experiments, what they are part of, and their runs."""

from textwrap import shorten
from typing import Annotated, Any

import typer
from rich.markup import escape

from api.cli.connection import UrlOption, connected
from api.cli.console import JsonOption, out, print_json, say
from api.cli.experiments import ExperimentArgument
from api.cli.listings import listing, show_table
from api.cli.results.tables import reasons_of
from api.finding.named_ids import experiment_id
from models.numbers_in_words import significant
from models.result_words import short_verdict

SHORT = 60  # characters of a reason


def list_experiments(
    state: Annotated[
        str | None, typer.Option(help="queued, running, succeeded, failed or cancelled.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="A part of the name.")] = None,
    dataset: Annotated[str | None, typer.Option(help="The name of a data set.")] = None,
    arm: Annotated[str | None, typer.Option(help="The name of an arm.")] = None,
    tag: Annotated[str | None, typer.Option(help="A tag, as `label` gives them.")] = None,
    verdict: Annotated[
        str | None, typer.Option(help="better, equivalent or undecided, of some arm.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="Experiments at most.")] = 20,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """List experiments, newest first, with their first verdict or why they failed."""
    with connected(url) as client:
        filters = {"dataset": dataset, "arm": arm, "tag": tag, "verdict": verdict}
        page = client.get("/v1/experiments", state=state, name=name, limit=limit, **filters)
    if as_json:
        print_json(page)
        return
    headings = ("id", "name", "state", "succeeded", "verdict", "data set", "created")
    table = listing(*headings, whole=("id", "state"))
    for one in page["items"]:
        runs = f"{one['runs']['succeeded']}/{sum(one['runs'].values())} runs"
        created = one["created_at"][:16].replace("T", " ")
        told = (one["name"], one["state"], runs, verdict_in_short(one), one["dataset"], created)
        table.add_row(one["id"], *map(escape, told))
    show_table(table)


def label(
    experiment: ExperimentArgument,
    tags: Annotated[
        list[str] | None, typer.Option("--tag", help="A tag it is to have; can be repeated.")
    ] = None,
    no_tags: Annotated[bool, typer.Option("--no-tags", help="Take all tags away.")] = False,
    notes: Annotated[str | None, typer.Option(help="What it is to say of itself.")] = None,
    name: Annotated[str | None, typer.Option(help="The name it is to have.")] = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Give an experiment another name, tags and notes, in place of those it has; without options,
    print them."""
    changes: dict[str, Any] = {}
    if tags or no_tags:
        changes["tags"] = tags or []
    texts = {"notes": notes, "name": name}
    changes |= {field: text for field, text in texts.items() if text is not None}
    with connected(url) as client:
        experiment = experiment_id(client, experiment)
        found = client.label(experiment, **changes)
    if as_json:
        print_json(found)
        return
    out.print(f"name: {found['name']}", markup=False, soft_wrap=True)
    out.print(f"tags: {', '.join(found['tags']) or '–'}", markup=False)
    out.print(f"notes: {found['notes'] or '–'}", markup=False, soft_wrap=True)


def programmes(
    name: Annotated[
        str | None, typer.Argument(help="Of a programme: its questions are listed.")
    ] = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """List the programmes, or the questions of one, with their levels and what they have found."""
    with connected(url) as client:
        found = client.get("/v1/programmes", limit=200) if name is None else client.programme(name)
    if as_json:
        print_json(found)
        return
    if name is None:
        table = listing("name", "questions", "last level", "begun", whole=("name",))
        for one in found["items"]:
            begun = one["created_at"][:16].replace("T", " ")
            row = (str(one["questions"]), f"{one['last_level']:g}", begun)
            table.add_row(escape(one["name"]), *row)
        show_table(table)
        return
    table = listing("question", "level", "found", "id", "experiment", whole=("id",))
    for one in found["questions"]:
        told = (str(one["number"]), f"{one['level']:g}", one["outcome"])
        table.add_row(*told, one["experiment"] or "deleted", escape(one["name"] or ""))
    show_table(table)
    say(f"The next question would have the level {found['next_level']:g}.")


def verdict_in_short(summary: dict[str, Any]) -> str:
    """Return the first verdict and how many more there are; else why the experiment has none."""
    if reason := summary["problem"] or summary["reason"]:
        return shorten(reason, SHORT, placeholder=" …")
    if floor := summary["noise_floor"]:
        return "" if floor["sd"] is None else f"noise: sd {significant(floor['sd'], 2)}"
    if not summary["verdicts"]:
        return ""
    first, *others = summary["verdicts"]
    more = f", {len(others)} more" if others else ""
    return f"{short_verdict(first['verdict'], first['a'], first['b'])}{more}"


def runs(
    experiment: ExperimentArgument,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """List the runs of an experiment, with the ids that other commands take."""
    with connected(url) as client:
        experiment = experiment_id(client, experiment)
        found = client.experiment(experiment).document["runs"]
    if as_json:
        print_json(found)
        return
    table = listing("arm", "seed", "state", "step", "id", whole=("id", "state"))
    for run in found:
        step = f"{run['step']:,} of {run['steps']:,}"
        table.add_row(escape(run["arm"]), str(run["seed"]), run["state"], step, run["id"])
    show_table(table)
    for sentence in reasons_of(found):
        out.print(sentence, markup=False, soft_wrap=True)
