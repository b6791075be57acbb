"""The report of an experiment: one HTML file that loads nothing, runs nothing and escapes all.

Names, reasons and questions' data sets are people's texts: the template escapes whatever is put
into it, and the page itself forbids every script and every request, wherever it is opened.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from api.dependencies import Service
from api.exports.picture_data import FigureName, picture
from api.http.problems import NotInstalled
from api.results.document import results_document
from api.results.views import Results
from models.store.experiments import experiment

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
META_POLICY = POLICY.partition("; frame-ancestors")[0]  # a page cannot say that of itself
TEMPLATE = Path(__file__).with_name("report.html")
FIGURES = {
    FigureName.COMPARISON: "Each seed's two values, and the difference with its interval",
    FigureName.TRAINING: "Training loss per row: mean over the seeds, band, each run faint",
    FigureName.VALIDATION: "On the validation rows",
    FigureName.GAUGES: "Gauges of collapse",
}


def report_page(session: Session, service: Service, experiment_id: str) -> str:
    """The page as of now. Raises `NotFound`, and `NotInstalled` without matplotlib and Jinja."""
    row = experiment(session, experiment_id)
    try:
        from jinja2 import Environment, StrictUndefined
        from markupsafe import Markup
    except ImportError:
        raise NotInstalled("a report needs matplotlib and Jinja") from None
    results = results_document(session, experiment_id, service)
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters["figure"] = _figure
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        policy=META_POLICY,
        results=results,
        decisions=[one for one in results.comparisons if one.role == "primary"],
        others=[one for one in results.comparisons if one.role == "secondary"],
        dataset=row.spec["dataset"],
        content_hash=row.content_hash,
        created_at=row.created_at,
        made_at=datetime.now(UTC),
        # the one thing that is not escaped: our own drawing, in which matplotlib escaped the texts
        pictures=[
            (title, Markup(_inline(picture(session, service, experiment_id, name, "svg"))))
            for name, title in FIGURES.items()
        ],
        spec=json.dumps(results.spec, indent=2, ensure_ascii=False),
        provenances=_provenances(results),
    )


def _inline(svg: bytes) -> str:
    """The element alone, without what only stands before it in a file of its own."""
    text = svg.decode()
    return text[text.index("<svg") :]


def _figure(value: float | None, form: str = ".4f") -> str:
    return "–" if value is None else format(value, form)


def _provenances(results: Results) -> Sequence[tuple[str, str]]:
    """Each distinct provenance as JSON, with the runs that have it."""
    found: dict[str, list[str]] = {}
    for arm in results.arms:
        for run in arm.runs:
            if run.provenance is not None:
                text = _sorted_json(run.provenance)
                found.setdefault(text, []).append(f"{arm.name}, seed {run.seed}")
    return [("; ".join(runs), text) for text, runs in found.items()]


def _sorted_json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False)
