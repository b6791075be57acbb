"""Pictures of an experiment from its results JSON and its runs' step series (matplotlib, SVG)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")  # told apart without red and green
Series = Mapping[str, Sequence[float]]

plt.rcParams.update(
    {
        "svg.hashsalt": "tripletlab",  # the same figures give the same file
        "svg.fonttype": "none",
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
)


def save(axes: Axes, path: Path) -> None:
    figure = axes.get_figure()
    assert figure is not None
    figure.savefig(path, bbox_inches="tight", metadata={"Date": None})
    plt.close("all")


def band(axes: Axes, x: Sequence[float], runs: np.ndarray, colour: str, label: str) -> None:
    """The mean over runs (R, N), the band from the least to the greatest, each run faint."""
    axes.fill_between(x, runs.min(axis=0), runs.max(axis=0), color=colour, alpha=0.15, lw=0)
    axes.plot(x, runs.T, color=colour, alpha=0.25, lw=0.5)
    axes.plot(x, runs.mean(axis=0), color=colour, lw=1.8, label=label)


def training_curves(
    series: Mapping[str, Sequence[Series]], forum: Mapping[str, Series], path: Path
) -> None:
    """Training loss per row of every arm, averaged over windows of 20 steps; forum's dots."""
    _, axes = plt.subplots(figsize=(8, 4.5))
    for colour, (arm, runs) in zip(COLOURS, series.items(), strict=False):
        x, smooth = _windows(runs, "loss_per_row", 20)
        band(axes, x, smooth, colour, f"{arm} ({len(runs)} seeds)")
        if arm in forum:
            y = np.array(forum[arm]["loss"]) / 256
            axes.plot(forum[arm]["step"], y, "x", color=colour, label=f"{arm}, forum (padded)")
    axes.axhline(0.5, color="grey", lw=0.8, ls=":")
    axes.text(axes.get_xlim()[1], 0.5, " collapsed", color="grey", va="center", fontsize=8)
    axes.set(yscale="log", xlabel="step", ylabel="training loss per row")
    axes.legend(frameon=False)
    save(axes, path)


def evaluation_curves(results: Mapping[str, Any], figure: str, label: str, path: Path) -> None:
    """A figure of the validation evaluations over the steps; `results` has `evaluations` a run."""
    _, axes = plt.subplots(figsize=(8, 4))
    for colour, (arm, runs) in zip(COLOURS, results.items(), strict=False):
        values = np.array([[row[figure] for row in run] for run in runs])
        band(axes, [row["step"] for row in runs[0]], values, colour, arm)
    axes.set(xlabel="step", ylabel=label)
    axes.legend(frameon=False)
    save(axes, path)


def gauges(series: Mapping[str, Sequence[Series]], path: Path) -> None:
    """Similarities of positives and negatives, and the share of rows with a harder negative."""
    _, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8))
    for colour, (arm, runs) in zip(COLOURS, series.items(), strict=False):
        for name, style in (("s_ap_mean", "-"), ("s_an_mean", "--")):
            x, smooth = _windows(runs, name, 20)
            left.plot(x, smooth.mean(axis=0), style, color=colour, label=f"{arm}, {name[:4]}")
        x, smooth = _windows(runs, "harder_share", 20)
        band(right, x, smooth, colour, arm)
    left.set(xlabel="step", ylabel="mean similarity in the batch")
    right.set(xlabel="step", ylabel="rows with a harder negative")
    left.legend(frameon=False)
    right.legend(frameon=False)
    save(left, path)


def paired_dots(comparison: Mapping[str, Any], majority: float, path: Path) -> None:
    """Each seed's two accuracies joined by a line; beside it the difference with its interval."""
    _, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), width_ratios=(1, 1.4))
    for pair in comparison["pairs"]:
        left.plot([0, 1], [pair["b"], pair["a"]], "o-", color="grey", ms=4, lw=0.8)
    left.axhline(majority, color="grey", ls=":", lw=0.8)
    left.set_xticks([0, 1], [comparison["b"], comparison["a"]])
    left.set(xlim=(-0.3, 1.3), ylabel=comparison["metric"])
    if comparison["equivalence"]:  # one seed gives neither this nor an interval
        margin = comparison["equivalence"]["margin"]
        right.axvspan(-margin, margin, color="#009e73", alpha=0.15, lw=0, label=f"±{margin:g}")
    right.axvline(0, color="black", lw=0.8)
    if interval := comparison["interval"]:
        right.plot([interval["low"], interval["high"]], [0, 0], color=COLOURS[0], lw=3)
    right.plot(comparison["mean_difference"], 0, "o", color=COLOURS[0], label="mean, 95 % interval")
    for pair in comparison["pairs"]:
        right.plot(pair["difference"], 0.3, "o", color="grey", ms=4)
    right.set(yticks=[], ylim=(-0.5, 0.8), xlabel=f"{comparison['a']} minus {comparison['b']}")
    right.legend(frameon=False, loc="upper right")
    save(left, path)


def _windows(runs: Sequence[Series], name: str, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Means of a step series over windows of `width` steps: x (N,), values (runs, N)."""
    values = np.array([run[name] for run in runs])
    whole = values.shape[1] // width
    means = values[:, : whole * width].reshape(len(runs), whole, width).mean(axis=2)
    return (np.arange(whole) + 0.5) * width, means
