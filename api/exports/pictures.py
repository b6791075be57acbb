"""Pictures of an experiment: learning curves, gauges of collapse, the comparison (matplotlib).

The only text of users in them are names of arms, in which a spec allows no dollar sign. This
module is imported only where a picture is drawn: the service starts and answers without matplotlib.
Pictures are made without pyplot, whose state is global, and one at a time, since requests run in
threads.
"""

import io
import math
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from models.comparison.lines import LinesInWords, near_lines
from models.result_words import level_words, metric_words

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
"""Distinct for colour-blind readers too (Okabe and Ito); the seventh arm repeats the first."""
MOST_APART = 400  # of the differences of every two runs, which are half a million of 1,000 runs
MOST_NAMED = 32  # lines of a legend: two of each of sixteen arms

Series = Mapping[str, Sequence[float]]
"""Columns of one run, including `step`."""
Arms = Mapping[str, Sequence[Series]]
"""The runs of every arm."""

DOTS_PER_INCH, MOST_DOTS = 150, 20_000
"""The second bounds the height of a picture of very many comparisons: beyond 65,535 it cannot be
drawn, and each thousand is several megabytes of memory."""

_ONE_AT_A_TIME = threading.Lock()

matplotlib.rcParams.update(
    {
        "svg.hashsalt": "tripletlab",  # the same data give the same file
        "svg.fonttype": "none",
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
)


def drawn(figure: Figure, form: Literal["svg", "png"]) -> bytes:
    """Return the file of a picture."""
    written = io.BytesIO()
    metadata = {"Date": None} if form == "svg" else {"Software": None}
    dots = min(DOTS_PER_INCH, MOST_DOTS / figure.get_figheight())
    with _ONE_AT_A_TIME:
        figure.savefig(written, format=form, dpi=dots, bbox_inches="tight", metadata=metadata)
    return written.getvalue()


def training_curves(
    arms: Arms, collapsed: float | None, beside: Mapping[str, Series] | None = None
) -> Figure:
    """Draw the training loss per row of every arm on a log scale, and that of a collapsed network.

    `beside` has points of an arm from another source.
    """
    figure, axes = _one(8, 4.5)
    for colour, (arm, runs) in _coloured(arms):
        _band(axes, runs, "loss_per_row", colour, f"{arm} ({len(runs)} {_seeds(runs)})")
        if beside and arm in beside:
            x, y = beside[arm]["step"], beside[arm]["loss_per_row"]
            axes.plot(x, y, "x", color=colour, label=f"{arm}, forum")
    if collapsed:
        axes.axhline(collapsed, color="grey", lw=0.8, ls=":")
        axes.text(axes.get_xlim()[1], collapsed, " collapsed", color="grey", va="center", size=8)
    axes.set(yscale="log", xlabel="step", ylabel="training loss per row")
    _legend(axes)
    return figure


def evaluation_curves(arms: Arms, panels: Mapping[str, str]) -> Figure:
    """Draw metrics of the validation evaluations over the steps, each in a labelled panel."""
    figure = Figure(figsize=(4.8 * len(panels) + 1, 3.8))
    for axes, (name, label) in zip(_panels(figure, len(panels)), panels.items(), strict=True):
        for colour, (arm, runs) in _coloured(arms):
            _band(axes, runs, name, colour, arm)
        axes.set(xlabel="step", ylabel=label)
        _legend(axes)
    return figure


def gauges(arms: Arms) -> Figure:
    """Draw the gauges of collapse: similarities of positives and negatives, the share of rows with
    a harder negative, and the norm of the gradient."""
    figure = Figure(figsize=(14, 3.8))
    left, middle, right = _panels(figure, 3)
    for colour, (arm, runs) in _coloured(arms):
        for name, style in (("s_ap_mean", "-"), ("s_an_mean", "--")):
            x, values = _aligned(runs, name)
            left.plot(x, values.mean(axis=0), style, color=colour, label=f"{arm}, {name[:4]}")
        _band(middle, runs, "harder_share", colour, arm)
        _band(right, runs, "gradient_norm", colour, arm)
    left.set(xlabel="step", ylabel="mean similarity in the batch")
    middle.set(xlabel="step", ylabel="rows with a harder negative")
    right.set(xlabel="step", ylabel="gradient norm", yscale="log")
    for axes in (left, middle, right):
        _legend(axes)
    return figure


def paired_dots(
    comparisons: Sequence[Mapping[str, Any]], lines: Mapping[str, LinesInWords]
) -> Figure:
    """Draw each comparison: the two values of every seed joined by a line, and beside it the
    difference with its interval, zero, and the margin of equivalence.

    `lines` of its metric, what takes no training, are drawn beside the values.
    """
    figure = Figure(figsize=(9, 3.8 * len(comparisons)))
    rows = figure.subplots(len(comparisons), 2, width_ratios=(1, 1.4), squeeze=False)
    for (left, right), one in zip(rows, comparisons, strict=True):
        # one line with gaps: two hundred seeds of many arms would be thousands
        ends = [value for pair in one["pairs"] for value in (pair["b"], pair["a"], np.nan)]
        left.plot([0, 1, np.nan] * len(one["pairs"]), ends, "o-", color="grey", ms=4, lw=0.8)
        values = [value for pair in one["pairs"] for value in (pair["a"], pair["b"])]
        _dotted(left, near_lines(lines.get(one["metric"], ()), values, one["metric"]))
        left.set_xticks([0, 1], [one["b"], one["a"]])
        left.set(xlim=(-0.3, 1.3), ylabel=metric_words(one["metric"]))
        _difference(right, one)
    figure.subplots_adjust(hspace=0.35)
    return figure


def _dotted(axes: Axes, lines: LinesInWords) -> None:
    """Draw lines that take no training across, each with its name."""
    across = axes.get_yaxis_transform()
    for words, value in lines:
        axes.axhline(value, color="grey", ls=":", lw=0.8)
        axes.text(0.02, value, words, color="grey", va="bottom", size=6, transform=across)


def noise_floor(floor: Mapping[str, Any], lines: LinesInWords) -> Figure:
    """Draw the values of the runs of one arm, and beside them how far every two of them lie apart,
    with the margin of equivalence and what two further runs will differ by. `lines` are what takes
    no training."""
    points = np.array(floor["points"])
    figure = Figure(figsize=(9, 3.8))
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.4))
    left.plot(np.zeros(len(points)), points, "o", color="grey", ms=4)
    if len(points):
        left.axhline(floor["mean"], color=COLOURS[0], lw=1.5, label="mean")
    _dotted(left, near_lines(lines, floor["points"], floor["metric"]))
    left.set_xticks([0], [floor["arm"]])
    left.set(xlim=(-0.5, 0.5), ylabel=metric_words(floor["metric"]))
    margin = floor["margin"]
    right.axvspan(0, margin, color=COLOURS[2], alpha=0.15, lw=0, label=f"margin {margin:g}")
    apart = np.sort(np.abs(points[:, None] - points)[np.triu_indices(len(points), 1)])
    drawn = np.linspace(0, len(apart) - 1, min(len(apart), MOST_APART)).astype(int)
    right.plot(apart[drawn], np.full(len(drawn), 0.3), "o", color="grey", ms=3, alpha=0.4)
    quantiles = {"median": ("-", "half of all cases"), "in_1_of_20": ("--", "1 of 20")}
    for name, (style, words) in quantiles.items():
        if (value := floor["two_runs_differ_by"][name]) is not None:
            right.axvline(value, color=COLOURS[0], ls=style, label=f"beyond it in {words}")
    what = f"difference of two runs of {floor['arm']}: {metric_words(floor['metric'])}"
    right.set(yticks=[], xlim=(0, None), ylim=(0, 0.6), xlabel=what)
    right.locator_params(axis="x", nbins=5)
    for axes in (left, right):
        _legend(axes)
    return figure


def source_spreads(found: Mapping[str, Any]) -> Figure:
    """Draw the standard deviation that each source of randomness makes, with its interval, above
    that of all together; grey dots are the differences of two runs over sqrt(2), without sign."""
    figure, axes = _one(9, 1.2 + 0.55 * len(found["sources"]))
    rows = [*found["sources"], {**found, "source": "all together", "pairs": []}]
    for place, one in enumerate(rows):
        sizes = [abs(pair["difference"]) / math.sqrt(2) for pair in one["pairs"]]
        axes.plot(sizes, [place + 0.25] * len(sizes), "o", color="grey", ms=3, alpha=0.6)
        if interval := one["sd_interval"]:
            axes.plot([interval["low"], interval["high"]], [place] * 2, color=COLOURS[0], lw=2.5)
        if one["sd"] is not None:
            axes.plot(one["sd"], place, "o", color=COLOURS[0])
    axes.set_yticks(range(len(rows)), [one["source"].replace("_", " ") for one in rows])
    what = f"standard deviation of {metric_words(found['metric'])} in runs of {found['arm']}"
    axes.set(ylim=(len(rows) - 0.4, -0.6), xlim=(0, None), xlabel=what)
    return figure


def effect_intervals(effects: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw the effects of factors on one metric, each with its interval, in the order given; zero,
    the margin of equivalence, and every seed. A filled dot is told from zero."""
    figure, axes = _one(9, 0.8 + 0.55 * len(effects))
    margins = [one["equivalence"]["margin"] for one in effects if one["equivalence"]]
    if margins:
        axes.axvspan(-margins[0], margins[0], color=COLOURS[2], alpha=0.15, lw=0)
    axes.axvline(0, color="black", lw=0.8)
    for place, one in enumerate(effects):
        for pair in one["pairs"]:
            axes.plot(pair["difference"], place + 0.25, "o", color="grey", ms=3, alpha=0.6)
        if interval := one["interval"]:
            axes.plot([interval["low"], interval["high"]], [place] * 2, color=COLOURS[0], lw=2.5)
        if one["mean_difference"] is not None:
            told = one["verdict"] in ("a_better", "b_better")
            face = COLOURS[0] if told else "white"
            axes.plot(one["mean_difference"], place, "o", color=COLOURS[0], mfc=face)
    axes.set_yticks(range(len(effects)), [_subject(one) for one in effects])
    axes.set(
        ylim=(len(effects) - 0.4, -0.6),
        xlabel=f"difference in {metric_words(effects[0]['metric'])}",
    )
    return figure


def _subject(effect: Mapping[str, Any]) -> str:
    if effect["kind"] == "main":
        return f"{effect['factors'][0]}: {effect['level']} against {effect['baseline']}"
    return f"{' x '.join(effect['factors'])}: {' with '.join(effect['levels'])}"


def _difference(axes: Axes, one: Mapping[str, Any]) -> None:
    if one["equivalence"]:  # one seed gives neither this nor an interval
        margin = one["equivalence"]["margin"]
        axes.axvspan(-margin, margin, color=COLOURS[2], alpha=0.15, lw=0, label=f"±{margin:g}")
    axes.axvline(0, color="black", lw=0.8)
    label = "mean"
    if interval := one["interval"]:
        axes.plot([interval["low"], interval["high"]], [0, 0], color=COLOURS[0], lw=3)
        label = f"mean, {level_words(interval['confidence'])} interval"
    if one["mean_difference"] is not None:
        axes.plot(one["mean_difference"], 0, "o", color=COLOURS[0], label=label)
    differences = [pair["difference"] for pair in one["pairs"]]
    axes.plot(differences, [0.3] * len(differences), "o", color="grey", ms=4)
    axes.set(
        yticks=[],
        ylim=(-0.5, 0.8),
        xlabel=f"{one['a']} minus {one['b']}: {metric_words(one['metric'])}",
    )
    _legend(axes, loc="upper right")


def _band(axes: Axes, runs: Sequence[Series], name: str, colour: str, label: str) -> None:
    """Draw the mean over the runs, the band between their extremes, and each run faintly."""
    x, values = _aligned(runs, name)
    axes.fill_between(x, values.min(axis=0), values.max(axis=0), color=colour, alpha=0.15, lw=0)
    axes.plot(x, values.T, color=colour, alpha=0.25, lw=0.5)
    axes.plot(x, values.mean(axis=0), color=colour, lw=1.8, label=label)


def _aligned(
    runs: Sequence[Series], name: str
) -> tuple[np.ndarray, "np.ma.MaskedArray[Any, np.dtype[np.float64]]"]:
    """Return the steps of the longest run (N,), and the values of all runs (R, N).

    Values are masked where a run has none, because it is still running or stopped early.
    """
    longest = max(runs, key=lambda run: len(run["step"]))
    values = np.full((len(runs), len(longest["step"])), np.nan)
    for row, run in zip(values, runs, strict=True):
        row[: len(run[name])] = np.array(run[name], dtype=np.float64)
    return np.array(longest["step"]), np.ma.masked_invalid(values)


def _coloured(arms: Arms) -> list[tuple[str, tuple[str, Sequence[Series]]]]:
    """Return the arms with the runs that have begun; an arm has one colour in all pictures."""
    return [
        (COLOURS[index % len(COLOURS)], (arm, begun))
        for index, (arm, runs) in enumerate(arms.items())
        if (begun := [run for run in runs if run["step"]])
    ]


def _one(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height))
    return figure, figure.subplots()


def _panels(figure: Figure, count: int) -> list[Axes]:
    panels = list(figure.subplots(1, count, squeeze=False)[0])
    figure.subplots_adjust(wspace=0.28)
    return panels


def _legend(axes: Axes, **more: Any) -> None:
    """Name the lines; where they are too many, say so: a legend would cover them, its colours would
    repeat, and finding a place for it would take longer than the drawing."""
    names = axes.get_legend_handles_labels()[1]
    if len(names) > MOST_NAMED:
        axes.set_title(f"{len(names)} lines, too many to name", size=8)
    elif names:
        axes.legend(frameon=False, **more)


def _seeds(runs: Sequence[Series]) -> str:
    return "seed" if len(runs) == 1 else "seeds"
