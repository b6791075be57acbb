"""The report of an experiment: one HTML file that loads nothing and runs nothing.

Names, reasons and names of data sets are written by users: the template escapes whatever is put
into it, and the page itself forbids every script and every request, wherever it is opened.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from api.exports import report_tables
from api.exports.picture_data import FigureName, picture, picture_key
from api.http.problems import NotInstalled
from api.results.kept_results import KeptReading, results_of
from api.results.views import Results
from models.comparison.lines import LinesInWords, measured_lines
from models.comparison.schema import Comparison
from models.numbers_in_words import decimals
from models.result_words import differences_heading, metric_words, verdict_words
from models.store.experiments import experiment

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
META_POLICY = POLICY.partition("; frame-ancestors")[0]  # not allowed in a meta element
TEMPLATE = Path(__file__).with_name("report.html")
PICTURES = {
    FigureName.COMPARISON: "Each seed's two values, and the difference with its interval",
    FigureName.TRAINING: "Training loss per row: mean over the seeds, band, each run faint",
    FigureName.VALIDATION: "On the validation rows",
    FigureName.GAUGES: "Gauges of collapse",
}
OF_EFFECTS = "Every effect with its interval, the largest first"
OF_SOURCES = "What each source makes runs differ by, with its interval, the largest first"
OF_ONE_ARM = "The value of each run, and how far every two of them lie apart"


def report_page(reading: KeptReading, experiment_id: str) -> str:
    """Return the page as of now; its document and its pictures are those that others get.

    Raises `NotFound`, or `NotInstalled` without matplotlib or Jinja.
    """
    row = experiment(reading.session, experiment_id)
    try:
        from jinja2 import Environment, StrictUndefined
        from markupsafe import Markup
    except ImportError:
        raise NotInstalled("a report needs matplotlib and Jinja") from None
    results = results_of(reading, experiment_id)
    titles = PICTURES | _title_of_comparison(results)
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters["number"] = decimals
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        policy=META_POLICY,
        results=results,
        decisions=decisions(results),
        tables=report_tables,
        verdict_words=verdict_words,
        differences_heading=differences_heading,
        lines_of_metrics=_lines(results),
        dataset=row.spec["dataset"],
        content_hash=row.content_hash,
        created_at=row.created_at,
        made_at=datetime.now(UTC),
        # only the pictures are not escaped: they are our own, and matplotlib escaped their texts
        pictures=[
            (title, Markup(_inline(_svg(reading, experiment_id, name))))
            for name, title in titles.items()
        ],
        spec=json.dumps(results.spec, indent=2, ensure_ascii=False),
        provenances=_provenances(results),
    )


def decisions(results: Results) -> list[Comparison]:
    """Return what was asked: each arm against the baseline, on the metric that decides."""
    baseline = results.spec["decision"]["baseline"]
    return [one for one in results.comparisons if one.role == "primary" and one.b == baseline]


def _svg(reading: KeptReading, experiment_id: str, name: FigureName) -> bytes:
    key = picture_key(experiment_id, name, "svg")
    return reading.body(key, lambda: picture(reading, experiment_id, name, "svg")).content()


def _title_of_comparison(results: Results) -> dict[FigureName, str]:
    """Return another title where it is a picture of one arm, or of the effects of factors."""
    if results.seed_sources:
        return {FigureName.COMPARISON: OF_SOURCES}
    if results.noise_floor:
        return {FigureName.COMPARISON: OF_ONE_ARM}
    return {FigureName.COMPARISON: OF_EFFECTS} if results.effects else {}


def _lines(results: Results) -> dict[str, LinesInWords]:
    """Return what runs measured without training, by the words of each metric that has such."""
    baselines = results.baselines.model_dump()
    named = {one: measured_lines(baselines, one) for one in results.baselines.by_metric}
    return {metric_words(metric): lines for metric, lines in named.items() if lines}


def _inline(svg: bytes) -> str:
    """Return the element alone, without the declarations of a separate file."""
    text = svg.decode()
    return text[text.index("<svg") :]


def _provenances(results: Results) -> Sequence[tuple[str, str]]:
    """Return each distinct provenance as JSON, with the runs that have it."""
    runs_by_text: dict[str, list[str]] = {}
    for arm in results.arms:
        for run in arm.runs:
            if run.provenance is not None:
                text = _sorted_json(run.provenance)
                runs_by_text.setdefault(text, []).append(f"{arm.name}, seed {run.seed}")
    return [("; ".join(runs), text) for text, runs in runs_by_text.items()]


def _sorted_json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False)
