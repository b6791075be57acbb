"""Answers for a person: the comparison as a table, its verdict, and the baselines beside it."""

from typing import Any

from rich.table import Table

from api.cli.console import out


def show_results(results: dict[str, Any]) -> None:
    """Every comparison with its verdict, who leaves the plateau sooner, then the baselines."""
    out.print(f"{results['name']}  ({results['experiment']}, {results['state']})", markup=False)
    if not results["complete"]:
        out.print("Not every run has ended; this is what there is so far.")
    for comparison in results["comparisons"]:
        if comparison["role"] == "primary":
            show_comparison(comparison)
    out.print(_others([one for one in results["comparisons"] if one["role"] == "secondary"]))
    for sentence in _plateau_sentences(results["waiting_times"]["times"]):
        out.print(sentence, markup=False, soft_wrap=True)
    majority, collapsed = (results["baselines"][name] for name in ("majority", "collapsed"))
    out.print(
        f"Beside every accuracy: {majority:.4f} by calling every pair what most are, "
        f"{collapsed:.4f} by calling every pair a duplicate (a collapsed network).",
        soft_wrap=True,
    )


def show_comparison(comparison: dict[str, Any]) -> None:
    """One comparison seed by seed, and its verdict in words."""
    out.print(_table(comparison))
    out.print(comparison["sentence"], markup=False, soft_wrap=True)


def _plateau_sentences(times: list[dict[str, Any]]) -> list[str]:
    """Which arm leaves the plateau sooner, to the step; evaluations are too far apart for it."""
    to_the_step = (
        time
        for time in times
        if (time["kind"], time["measured_on"]) == ("leave_plateau", "training")
    )
    return [comparison["sentence"] for time in to_the_step for comparison in time["comparisons"]]


def _table(comparison: dict[str, Any]) -> Table:
    a, b = comparison["a"], comparison["b"]
    table = Table(title=f"{a} against {b}: {comparison['metric']}", title_justify="left")
    for heading in ("seed", a, b, "difference"):
        table.add_column(heading, justify="right")
    for pair in comparison["pairs"]:
        figures = (pair["a"], pair["b"], pair["difference"])
        table.add_row(str(pair["seed"]), *_figures(*figures))
    mean_a, mean_b = (comparison["summaries"][side]["mean"] for side in ("a", "b"))
    table.add_section()
    table.add_row("mean", *_figures(mean_a, mean_b, comparison["mean_difference"]))
    for name, value in _evidence(comparison):
        table.add_row(name, "", "", value)
    table.add_section()
    table.add_row("verdict", "", "", comparison["verdict"])
    return table


def _others(comparisons: list[dict[str, Any]]) -> Table:
    """The metrics that decide nothing, a row each."""
    table = Table(title="Beside that, deciding nothing", title_justify="left")
    for heading in ("a", "b", "metric"):
        table.add_column(heading)
    for heading in ("difference", "interval", "p (Holm)"):
        table.add_column(heading, justify="right")
    for one in comparisons:
        interval, p = one["interval"], one["multiplicity"]["holm_p"]
        table.add_row(
            *(one["a"], one["b"], one["metric"], _figures(None, None, one["mean_difference"])[2]),
            f"{interval['low']:+.4f} … {interval['high']:+.4f}" if interval else "–",
            "–" if p is None else f"{p:.4g}",
        )
    return table


def _figures(a: float | None, b: float | None, difference: float | None) -> list[str]:
    return [figure(a), figure(b), "–" if difference is None else f"{difference:+.4f}"]


def figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _evidence(comparison: dict[str, Any]) -> list[tuple[str, str]]:
    rows = []
    interval, equivalence = comparison["interval"], comparison["equivalence"]
    if interval:
        name = f"{100 * interval['confidence']:g} % interval"
        rows.append((name, f"{interval['low']:+.4f} … {interval['high']:+.4f}"))
    if comparison["sign_flip_p"] is not None:
        rows.append(("sign-flip p", f"{comparison['sign_flip_p']:.4g}"))
    if equivalence:
        rows.append((f"p of ±{equivalence['margin']:g}", f"{equivalence['p']:.4g}"))
    return rows
