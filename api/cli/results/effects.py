"""The effects of factors as text for a person: what matters most, the effects, the cells."""

from typing import Any

from rich.markup import escape
from rich.table import Table

from api.cli.console import number, out
from models.numbers_in_words import p_words
from models.result_words import interaction_verdict, short_verdict


def show_effects(results: dict[str, Any]) -> None:
    """Print what matters most, the effects on each metric, each verdict in words, and the cells."""
    primary = [one for one in results["effects"] if one["role"] == "primary"]
    secondary = [one for one in results["effects"] if one["role"] == "secondary"]
    if results["what_matters_most"]:
        out.print(results["what_matters_most"], markup=False, soft_wrap=True)
    out.print(_effects(f"Effects on {primary[0]['metric']}, the largest first", primary))
    for one in primary:
        out.print(one["sentence"], markup=False, soft_wrap=True)
    out.print(_effects("Effects on secondary metrics, which decide nothing", secondary))
    out.print(_cells(results["cells"], primary[0]["metric"]))


def _effects(title: str, effects: list[dict[str, Any]]) -> Table:
    table = Table(title=title, title_justify="left")
    for heading in ("effect", "metric"):
        table.add_column(heading)
    for heading in ("difference", "interval", "sign-flip p", "p (Holm)", "seeds"):
        table.add_column(heading, justify="right")
    table.add_column("verdict")
    for one in effects:
        interval = one["interval"]
        table.add_row(
            _subject(one),
            one["metric"],
            number(one["mean_difference"], "+"),
            f"{number(interval['low'], '+')} … {number(interval['high'], '+')}"
            if interval
            else "–",
            p_words(one["sign_flip_p"]),
            p_words(one["multiplicity"]["holm_p"]),
            str(len(one["pairs"])),
            _verdict(one),
        )
    return table


def _verdict(one: dict[str, Any]) -> str:
    if one["kind"] == "main":
        return escape(short_verdict(one["verdict"], one["level"], one["baseline"]))
    return interaction_verdict(one["verdict"])


def _subject(one: dict[str, Any]) -> str:
    """What an effect is about: `mask: kept against left out`, `mask x init: kept with torch`."""
    if one["kind"] == "main":
        return f"{one['factors'][0]}: {one['level']} against {one['baseline']}"
    return f"{' x '.join(one['factors'])}: {' with '.join(one['levels'])}"


def _cells(cells: list[dict[str, Any]], metric: str) -> Table:
    table = Table(title=f"Cells: {metric}", title_justify="left")
    for factor in cells[0]["levels"]:
        table.add_column(factor)
    for heading in ("runs", "mean", "sd", "lowest", "highest"):
        table.add_column(heading, justify="right")
    for one in cells:
        summary = one["summary"]
        values = (number(summary[name]) for name in ("mean", "sd", "min", "max"))
        table.add_row(*one["levels"].values(), str(summary["n"]), *values)
    return table
