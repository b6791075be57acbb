"""The results of a study as tables, with their sentences."""

from typing import Any

from rich.markup import escape
from rich.table import Table

from api.cli.console import number, out, print_json, say
from api.cli.listings import listing, show_table
from api.cli.results.comparisons import bounds_cell, verdict_cell
from api.client import StudyResults
from models.numbers_in_words import p_words


def show_study(answer: StudyResults, as_json: bool) -> None:
    """Print each data set, the mean over them and its verdict; or the reply as JSON."""
    if as_json:
        print_json(answer.document)
        return
    for one in answer.comparisons:
        show_table(_table(one.document))
        for sentence in (one.sentence, *one.document["missing"]):
            out.print(sentence, markup=False, soft_wrap=True)
    if answer.document["differing"]:
        say(f"Beside the data sets, the specs differ in {', '.join(answer.document['differing'])}.")


def _table(one: dict[str, Any]) -> Table:
    title = escape(f"{one['a']} against {one['b']}: {one['metric']}")
    headings = ("data set", "seeds", "difference", "interval", "verdict")
    table = listing(*headings, whole=("difference", "interval", "verdict"), title=title)
    for member in one["experiments"]:
        verdict = member["left_out"] or verdict_cell(member | {"a": one["a"], "b": one["b"]})
        seeds = str(member["seeds"])
        table.add_row(escape(member["dataset"]), seeds, *_figures(member), verdict)
    table.add_section()
    table.add_row(f"mean of {one['of']}", "", *_figures(one), verdict_cell(one))
    if one["prediction_interval"]:
        table.add_row("one more data set", "", "", bounds_cell(one["prediction_interval"]), "")
    found = one["heterogeneity"]
    if found:
        p = "" if found["p"] is None else f", p {p_words(found['p'])}"
        table.add_row("between data sets", "", "", f"I2 {found['i2']:.0%}{p}", "")
    return table


def _figures(one: dict[str, Any]) -> tuple[str, str]:
    interval = one["interval"]
    return number(one["mean_difference"], "+"), bounds_cell(interval) if interval else "–"
