"""Comparisons as text: a single one seed by seed, of more than two arms all of them in one table.

Six arms have fifteen comparisons. Seed by seed they fill ten screens, on which nobody finds which
arm to take; what is left out is in `--json`, on the page and in the report.
"""

from typing import Any

from rich.markup import escape
from rich.table import Table

from api.cli.console import number, out
from api.cli.listings import show_table
from models.numbers_in_words import p_words
from models.result_words import level_words, short_verdict

SECONDARY = "Secondary metrics, which decide nothing"


def show_comparisons(comparisons: list[dict[str, Any]], baseline: str) -> None:
    """Print what decides: one comparison with its seeds; of several, the mean of each arm, a row a
    comparison, and in words those with the baseline."""
    primary = [one for one in comparisons if one["role"] == "primary"]
    if len(primary) < 2:
        for one in primary:
            show_comparison(one)
        return
    show_table(_arms(primary))
    show_table(_several(primary))
    for one in primary:
        if one["b"] == baseline:
            out.print(one["sentence"], markup=False, soft_wrap=True)


def show_secondary(comparisons: list[dict[str, Any]], baseline: str) -> None:
    """Print what decides nothing, of more than two arms the comparisons with the baseline alone."""
    others = [one for one in comparisons if one["role"] == "secondary"]
    if not others:
        return
    against = [one for one in others if one["b"] == baseline]
    left_out = len(against) < len(others)
    title = f"{SECONDARY}: against {escape(baseline)}" if left_out else SECONDARY
    show_table(_others(title, against if left_out else others))


def show_comparison(comparison: dict[str, Any]) -> None:
    """Print one comparison seed by seed, and its verdict in words."""
    show_table(_table(comparison))
    out.print(comparison["sentence"], markup=False, soft_wrap=True)


def _arms(comparisons: list[dict[str, Any]]) -> Table:
    """Return the mean of each arm over its runs, in the order in which comparisons name them."""
    means: dict[str, dict[str, Any]] = {}
    for one in comparisons:
        means.setdefault(one["b"], one["summaries"]["b"])
        means.setdefault(one["a"], one["summaries"]["a"])
    table = Table(title=f"{comparisons[0]['metric']} of each arm", title_justify="left")
    table.add_column("arm", overflow="fold")
    for heading in ("seeds", "mean", "sd"):
        table.add_column(heading, justify="right")
    for arm, found in means.items():
        table.add_row(escape(arm), str(found["n"]), number(found["mean"]), number(found["sd"]))
    return table


def _several(comparisons: list[dict[str, Any]]) -> Table:
    title = f"a minus b, in {comparisons[0]['metric']}"
    table = Table(title=title, title_justify="left")
    for heading in ("a", "b"):
        table.add_column(heading, overflow="fold")
    for heading in ("difference", "interval", "p (Holm)"):
        table.add_column(heading, justify="right")
    table.add_column("verdict")
    for one in comparisons:
        table.add_row(*_row(one), verdict_cell(one))
    return table


def verdict_cell(one: dict[str, Any]) -> str:
    """Return a verdict with the names of both, escaped."""
    return escape(short_verdict(one["verdict"], one["a"], one["b"]))


def _row(one: dict[str, Any]) -> list[str]:
    """Return the names of both arms, escaped, the difference, its interval and its p."""
    interval = one["interval"]
    return [
        escape(one["a"]),
        escape(one["b"]),
        number(one["mean_difference"], "+"),
        bounds_cell(interval) if interval else "–",
        p_words(one["multiplicity"]["holm_p"]),
    ]


def _table(comparison: dict[str, Any]) -> Table:
    a, b = comparison["a"], comparison["b"]
    # of runs from elsewhere, names hold whatever a file had in them
    title = escape(f"{a} against {b}: {comparison['metric']}")
    table = Table(title=title, title_justify="left")
    for heading in ("seed", a, b, "difference"):
        table.add_column(escape(heading), justify="right", overflow="fold")
    for pair in comparison["pairs"]:
        table.add_row(str(pair["seed"]), *_numbers(pair["a"], pair["b"], pair["difference"]))
    mean_a, mean_b = (comparison["summaries"][side]["mean"] for side in ("a", "b"))
    table.add_section()
    table.add_row("mean", *_numbers(mean_a, mean_b, comparison["mean_difference"]))
    for name, value in _evidence(comparison):
        table.add_row(name, "", "", value)
    table.add_section()
    table.add_row("verdict", "", "", verdict_cell(comparison))
    return table


def _others(title: str, comparisons: list[dict[str, Any]]) -> Table:
    """Return secondary comparisons as a table."""
    table = Table(title=title, title_justify="left")
    for heading in ("a", "b", "metric"):
        table.add_column(heading, overflow="fold")
    for heading in ("difference", "interval", "p (Holm)"):
        table.add_column(heading, justify="right")
    for one in comparisons:
        a, b, *found = _row(one)
        table.add_row(a, b, one["metric"], *found)
    return table


def _numbers(a: float | None, b: float | None, difference: float | None) -> list[str]:
    return [number(a), number(b), number(difference, "+")]


def bounds_cell(interval: dict[str, float]) -> str:
    """Return an interval, both ends with their sign."""
    return f"{number(interval['low'], '+')} … {number(interval['high'], '+')}"


def _evidence(comparison: dict[str, Any]) -> list[tuple[str, str]]:
    rows = []
    interval, equivalence = comparison["interval"], comparison["equivalence"]
    if interval:
        name = f"{level_words(interval['confidence'])} interval"
        rows.append((name, bounds_cell(interval)))
    if comparison["sign_flip_p"] is not None:
        rows.append(("sign-flip p", p_words(comparison["sign_flip_p"])))
    if equivalence:
        rows.append((f"p of ±{equivalence['margin']:g}", p_words(equivalence["p"])))
    return rows
