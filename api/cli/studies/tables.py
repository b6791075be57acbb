"""The results of a study as tables, with their sentences."""

from typing import Any

from rich.markup import escape
from rich.table import Table

from api.cli.console import number, out, print_json, say
from api.cli.listings import listing, show_table
from api.client import StudyResults
from models.numbers_in_words import p_words
from models.result_words import short_verdict


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
        verdict = member["left_out"] or _verdict(member | {"a": one["a"], "b": one["b"]})
        seeds = str(member["seeds"])
        table.add_row(escape(member["dataset"]), seeds, *_figures(member), verdict)
    table.add_section()
    table.add_row(f"mean of {one['of']}", "", *_figures(one), _verdict(one))
    if one["prediction_interval"]:
        table.add_row("one more data set", "", "", _bounds(one["prediction_interval"]), "")
    found = one["heterogeneity"]
    if found:
        p = "" if found["p"] is None else f", p {p_words(found['p'])}"
        table.add_row("between data sets", "", "", f"I2 {found['i2']:.0%}{p}", "")
    return table


def _verdict(one: dict[str, Any]) -> str:
    return escape(short_verdict(one["verdict"], one["a"], one["b"]))


def _figures(one: dict[str, Any]) -> tuple[str, str]:
    interval = one["interval"]
    return number(one["mean_difference"], "+"), _bounds(interval) if interval else "–"


def _bounds(interval: dict[str, float]) -> str:
    return f"{number(interval['low'], '+')} … {number(interval['high'], '+')}"
