"""The tables of a report, as texts: the template lays them out for a screen, a phone and paper."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from api.results.views import Results, RunResult
from models.comparison.schema import Comparison, Interval
from models.factors.schema import Effect
from models.noise_floor.schema import NoiseFloor, SeedSources
from models.numbers_in_words import decimals, in_full, p_words
from models.result_words import interaction_verdict, metric_words, short_verdict
from models.specs.wording.arm_differences import ArmDifference, ArmValue
from models.tuning.schema import SettingDifference, TunedArm, TuningResult

Kind = Literal["text", "number", "code"]
ALWAYS_SHOWN = ("test.accuracy", "test.roc_auc")
"""Metrics of a run that every report has."""
FIRST_OF_HASH = 16


@dataclass(frozen=True)
class Column:
    head: str
    kind: Kind = "number"


@dataclass(frozen=True)
class ReportTable:
    columns: tuple[Column, ...]
    rows: list[tuple[str, ...]]
    """A text for each column; the first names the row."""


def arms_table(results: Results) -> ReportTable | None:
    """Return how the arms differ; None where they do in nothing."""
    differ = results.arms_differ
    if not differ:
        return None
    columns = (Column("arm", "text"), *(Column(one.words, "text") for one in differ))
    baseline = results.spec["decision"]["baseline"]
    return ReportTable(
        columns,
        [_arm_row(differ, place, baseline) for place in range(len(differ[0].values))],
    )


def _arm_row(differ: Sequence[ArmDifference], place: int, baseline: str) -> tuple[str, ...]:
    name = differ[0].values[place].arm
    said = f"{name} (baseline)" if name == baseline else name
    return said, *(_said(one.values[place]) for one in differ)


def _said(value: ArmValue) -> str:
    if value.formula is None or value.formula in value.words:
        return value.words
    return f"{value.words}: {value.formula}"


def comparisons_table(comparisons: Sequence[Comparison]) -> ReportTable:
    """Return a row for each comparison; what it decides is said beside its metric."""
    return ReportTable(
        (
            Column("compared", "text"),
            Column("metric", "text"),
            Column("seeds"),
            Column("means"),
            Column("difference"),
            Column("interval"),
            Column("sign-flip p"),
            Column("p of the margin"),
        ),
        [
            (
                f"{one.a} minus {one.b}",
                _metric(one),
                str(len(one.pairs)),
                f"{decimals(one.summaries.a.mean)} and {decimals(one.summaries.b.mean)}",
                decimals(one.mean_difference, sign="+"),
                _interval(one.interval, sign="+"),
                p_words(one.sign_flip_p),
                _margin(one),
            )
            for one in comparisons
        ],
    )


def effects_table(effects: Sequence[Effect]) -> ReportTable:
    return ReportTable(
        (
            Column("effect", "text"),
            Column("metric", "text"),
            Column("seeds"),
            Column("difference"),
            Column("interval"),
            Column("sign-flip p"),
            Column("p by Holm"),
            Column("p of the margin"),
            Column("verdict", "text"),
        ),
        [
            (
                subject(one),
                _metric(one),
                str(len(one.pairs)),
                decimals(one.mean_difference, sign="+"),
                _interval(one.interval, sign="+"),
                p_words(one.sign_flip_p),
                p_words(one.multiplicity.holm_p),
                _margin(one),
                _verdict(one),
            )
            for one in effects
        ],
    )


def _verdict(effect: Effect) -> str:
    if effect.kind == "main":
        return short_verdict(effect.verdict, str(effect.level), str(effect.baseline))
    return interaction_verdict(effect.verdict)


def subject(effect: Effect) -> str:
    """Say what an effect is about: `mask: kept against left out`."""
    if effect.kind == "main":
        return f"{effect.factors[0]}: {effect.level} against {effect.baseline}"
    return f"{' × '.join(effect.factors)}: {' with '.join(effect.levels)}"


def cells_table(results: Results) -> ReportTable:
    factors = list(results.cells[0].levels)
    return ReportTable(
        (
            *(Column(factor, "text") for factor in factors),
            *map(Column, ("runs", "mean", "sd", "lowest", "highest", "collapsed")),
        ),
        [
            (
                *cell.levels.values(),
                str(cell.summary.n),
                *map(decimals, (cell.summary.mean, cell.summary.sd)),
                *map(decimals, (cell.summary.min, cell.summary.max)),
                str(cell.collapsed),
            )
            for cell in results.cells
        ],
    )


def noise_table(floor: NoiseFloor) -> ReportTable:
    """Return what the seed alone does, a row for each value."""
    apart = floor.two_runs_differ_by
    rows = (
        ("runs", str(floor.n)),
        ("mean", decimals(floor.mean)),
        ("interquartile mean", decimals(floor.iqm)),
        ("standard deviation", decimals(floor.sd)),
        ("its interval", _interval(floor.sd_interval)),
        ("half of all two runs differ by more than", decimals(apart.median)),
        ("1 in 20 by more than", decimals(apart.in_1_of_20)),
        ("a true difference that one run each cannot see", decimals(floor.one_run_each_cannot_see)),
        (f"seeds to find a difference of {in_full(floor.margin)}", _seeds_for_margin(floor)),
    )
    return ReportTable((Column(metric_words(floor.metric), "text"), Column("value")), list(rows))


def sources_table(found: SeedSources) -> ReportTable:
    rows = [
        (
            one.source.replace("_", " "),
            str(len(one.pairs)),
            decimals(one.sd),
            _interval(one.sd_interval),
        )
        for one in found.sources
    ]
    together = ("all together", "–", decimals(found.sd), _interval(found.sd_interval))
    columns = (Column("source", "text"), Column("pairs of runs"), Column("sd"), Column("interval"))
    return ReportTable(columns, [*rows, together])


def tuning_table(tuning: TuningResult) -> ReportTable:
    return ReportTable(
        (
            Column("setting", "code"),
            *(Column(arm.name) for arm in tuning.arms),
            Column("difference", "text"),
        ),
        [
            (
                ", ".join(f"{pointer} {value}" for pointer, value in setting.items()),
                *(_tried(arm, index) for arm in tuning.arms),
                "; ".join(_differs(one) for one in tuning.by_setting if one.setting == index),
            )
            for index, setting in enumerate(tuning.settings)
        ],
    )


def _tried(arm: TunedArm, index: int) -> str:
    mean = decimals(arm.means[index])
    if arm.chosen == index:
        return f"{mean} (chosen, at the edge)" if arm.at_edge else f"{mean} (chosen)"
    seeds = list(arm.chosen_under.values()).count(index)
    return f"{mean} (chosen under {seeds} seeds)" if seeds else mean


def _differs(one: SettingDifference) -> str:
    said = f"{one.a} minus {one.b} {decimals(one.mean_difference, sign='+')}"
    if one.interval is None:
        return said
    low, high = (decimals(bound, sign="+") for bound in (one.interval.low, one.interval.high))
    return f"{said} ({low} to {high})"


def runs_table(results: Results) -> ReportTable:
    """Return every run that is compared, with the metric that decides."""
    decides = results.spec["decision"]["metric"]
    metrics = tuple(dict.fromkeys((decides, *ALWAYS_SHOWN)))
    return ReportTable(
        (
            Column("arm", "text"),
            Column("seed"),
            Column("state", "text"),
            Column("step"),
            *(Column(metric_words(one)) for one in metrics),
            Column("run", "code"),
            Column("weights (SHA-256)", "code"),
            Column("remarks", "text"),
        ),
        [
            (
                arm.name,
                str(run.seed),
                run.state,
                f"{run.step:,}",
                *(decimals(run.metrics.get(metric)) for metric in metrics),
                run.id,
                (run.weights_sha256 or "–")[:FIRST_OF_HASH],
                _remarks(run),
            )
            for arm in results.arms
            for run in arm.runs
        ],
    )


def _remarks(run: RunResult) -> str:
    attempts = f"{run.attempts} attempts" if run.attempts > 1 else ""
    return ". ".join(one for one in (run.reason or "", attempts) if one)


def _metric(one: Comparison | Effect) -> str:
    words = metric_words(one.metric)
    return f"{words} (decides nothing)" if one.role == "secondary" else words


def _interval(interval: Interval | None, sign: str = "") -> str:
    if interval is None:
        return "–"
    low, high = (decimals(bound, sign=sign) for bound in (interval.low, interval.high))
    return f"{low} to {high} ({in_full(100 * interval.confidence)} %)"


def _margin(one: Comparison | Effect) -> str:
    if one.equivalence is None:
        return "–"
    return f"{p_words(one.equivalence.p)} (±{in_full(one.equivalence.margin)})"


def _seeds_for_margin(floor: NoiseFloor) -> str:
    if floor.seeds_for_margin is not None:
        return f"{floor.seeds_for_margin:,}"
    return "–" if not floor.sd else "more than 100,000"
