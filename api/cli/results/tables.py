"""Results as text for a person: what was compared, its verdicts, the baselines, why runs failed."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from rich.markup import escape
from rich.table import Table

from api.cli.console import number, out
from api.cli.listings import listing, show_table
from api.cli.results.comparisons import show_comparisons, show_secondary
from api.cli.results.effects import show_effects
from models.result_words import differences_heading, metric_words

NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")


def show_results(results: dict[str, Any]) -> None:
    """Print every comparison with its verdict, or what the seed does to a single arm; which arm
    leaves the plateau sooner; baselines; why runs failed."""
    out.print(f"{results['name']}  ({results['experiment']}, {results['state']})", markup=False)
    if not results["complete"]:
        out.print("Not every run has ended; these are the results so far.")
    if differ := results.get("arms_differ"):  # a service of before has none
        of_cells = bool(results.get("cells"))
        show_table(_arms(differ, results["spec"]["decision"]["baseline"], of_cells))
    for line in _tuning(results.get("tuning")):
        out.print(line, markup=False, soft_wrap=True)
    if results.get("effects"):
        show_effects(results)
    runs = [run for arm in results["arms"] for run in arm["runs"]]
    for sentence in reasons_of(runs):
        out.print(sentence, markup=False, soft_wrap=True)
    show_comparisons(results["comparisons"], results["spec"]["decision"]["baseline"])
    if results.get("seed_sources"):
        show_seed_sources(results["seed_sources"])
    if results.get("noise_floor"):
        show_noise_floor(results["noise_floor"])
    show_secondary(results["comparisons"], results["spec"]["decision"]["baseline"])
    for sentence in _plateau_sentences(results["waiting_times"]["times"]):
        out.print(sentence, markup=False, soft_wrap=True)
    majority, collapsed = (results["baselines"][name] for name in ("majority", "collapsed"))
    out.print(
        f"Baselines of every accuracy: {majority:.4f} by calling every pair what most are, "
        f"{collapsed:.4f} by calling every pair a duplicate (a collapsed network).",
        soft_wrap=True,
    )
    for line in _without_training(results["baselines"]):
        out.print(line, markup=False, soft_wrap=True)
    out.print(
        f"The runs with their ids: tripletlab runs {results['experiment']}",
        markup=False,
        soft_wrap=True,
    )


def _arms(differ: list[dict[str, Any]], baseline: str, of_cells: bool) -> Table:
    """Return a row an arm, and a column for each field that is not the same in all of them."""
    heading = differences_heading(of_cells=of_cells)
    table = listing("arm", *(one["words"] for one in differ), title=heading)
    for place, told in enumerate(differ[0]["values"]):
        name = f"{told['arm']} (baseline)" if told["arm"] == baseline else told["arm"]
        table.add_row(*(escape(one) for one in (name, *_words_of_arm(differ, place))))
    return table


def _words_of_arm(differ: list[dict[str, Any]], place: int) -> Iterator[str]:
    for one in differ:
        words, formula = one["values"][place]["words"], one["values"][place].get("formula")
        yield f"{words}: {formula}" if formula and formula not in words else words


def _without_training(baselines: dict[str, Any]) -> Iterator[str]:
    """Yield what each metric is before any training."""
    # pydantic takes longer to load than most commands take
    from models.comparison.lines import measured_lines

    for metric in baselines.get("by_metric", {}):
        if lines := measured_lines(baselines, metric):
            said = ", ".join(f"{number(value)} by {whose}" for whose, value in lines)
            yield f"Without training {metric_words(metric)} is {said}."


def _tuning(tuning: dict[str, Any] | None) -> Iterator[str]:
    """Yield which setting each arm was given."""
    if tuning is None:
        return
    if tuning["state"] != "chosen":
        yield tuning["reason"] or f"The settings of the arms are {tuning['state']}."
    for arm in tuning["arms"]:
        if arm["chosen"] is None:
            if arm["chosen_under"]:
                yield f"{arm['name']} was given a setting of its own under every seed."
            continue
        setting = tuning["settings"][arm["chosen"]]
        words = ", ".join(f"{pointer} {value}" for pointer, value in setting.items())
        mean = number(arm["means"][arm["chosen"]])
        edge = ", at the edge of those tried" if arm["at_edge"] else ""
        yield (
            f"{arm['name']} was given {words}, the best of {len(tuning['settings'])} settings by "
            f"{tuning['choose_by']} ({mean}){edge}."
        )


def reasons_of(runs: list[dict[str, Any]]) -> list[str]:
    """Return each reason of the failed runs once, with how many failed for it. Reasons that differ
    in numbers alone, such as the step, are one: what is not the same in all is told as a range."""
    reasons = [run["reason"] for run in runs if run["state"] == "failed" and run["reason"]]
    alike: defaultdict[str, list[str]] = defaultdict(list)
    for reason in reasons:
        alike[NUMBER.sub("#", reason)].append(reason)
    return [
        f"{len(some)} run{'s' if len(some) > 1 else ''} failed: {_together(some)}"
        for some in alike.values()
    ]


def _together(reasons: list[str]) -> str:
    columns = iter(zip(*(NUMBER.findall(reason) for reason in reasons), strict=True))

    def told(found: re.Match[str]) -> str:
        numbers = sorted(next(columns), key=lambda number: float(number.replace(",", "")))
        least, most = numbers[0], numbers[-1]
        return found[0] if least == most else f"{least} to {most}"

    return NUMBER.sub(told, reasons[0])


def show_noise_floor(floor: dict[str, Any]) -> None:
    """Print how far apart runs of one arm lie, and the same in words."""
    apart, interval = floor["two_runs_differ_by"], floor["sd_interval"]
    table = Table(title=f"Noise of {floor['arm']}: {floor['metric']}", title_justify="left")
    table.add_column("", overflow="fold")
    table.add_column("value", justify="right")
    rough = f" ({number(interval['low'])} … {number(interval['high'])})" if interval else ""
    seeds = floor["seeds_for_margin"]
    for name, value in (
        ("runs", str(floor["n"])),
        ("mean", number(floor["mean"])),
        ("interquartile mean", number(floor["iqm"])),
        ("standard deviation", f"{number(floor['sd'])}{rough}"),
        ("two runs differ by more, in half of all cases", number(apart["median"])),
        ("two runs differ by more, in 1 of 20", number(apart["in_1_of_20"])),
        ("one run each misses a difference below", number(floor["one_run_each_cannot_see"])),
        (f"seeds for the margin {floor['margin']:g}", "–" if seeds is None else str(seeds)),
    ):
        table.add_row(name, value)
    show_table(table)
    out.print(floor["sentence"], markup=False, soft_wrap=True)


def show_seed_sources(found: dict[str, Any]) -> None:
    """Print what makes two runs of one arm differ, and the same in words."""
    title = f"What makes runs of {found['arm']} differ: {found['metric']}"
    table = Table(title=title, title_justify="left")
    table.add_column("source", overflow="fold")
    for name in ("pairs", "standard deviation", "interval"):
        table.add_column(name, justify="right")
    for one in found["sources"]:
        pairs = str(len(one["pairs"]))
        table.add_row(one["source"].replace("_", " "), pairs, number(one["sd"]), _interval(one))
    table.add_row("all together", f"{found['n']} runs", number(found["sd"]), _interval(found))
    show_table(table)
    out.print(found["sentence"], markup=False, soft_wrap=True)


def _interval(one: dict[str, Any]) -> str:
    found = one["sd_interval"]
    return f"{number(found['low'])} … {number(found['high'])}" if found else "–"


def _plateau_sentences(endpoints: list[dict[str, Any]]) -> list[str]:
    """Return which arm leaves the plateau sooner, of arms that were on it; evaluations are too far
    apart to tell."""
    by_step = (
        endpoint
        for endpoint in endpoints
        if (endpoint["kind"], endpoint["measured_on"]) == ("leave_plateau", "training")
    )
    compared = (comparison for one in by_step for comparison in one["comparisons"])
    return [comparison["sentence"] for comparison in compared if comparison["pairs"]]
