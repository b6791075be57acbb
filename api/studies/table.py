"""The results of a study as a table: a row for each data set, then one for the mean over them."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from api.exports.arrow_streams import FileFormat, pieces
from api.studies.views import StudyResults
from models.studies.schema import StudyComparison

_TEXT, _NUMBER = pa.string(), pa.float64()

STUDY = pa.schema(
    [
        ("kind", _TEXT),
        ("a", _TEXT),
        ("b", _TEXT),
        ("metric", _TEXT),
        ("dataset", _TEXT),
        ("experiment", _TEXT),
        ("state", _TEXT),
        ("left_out", _TEXT),
        ("seeds", pa.int64()),
        ("data_sets", pa.int64()),
        ("mean_difference", _NUMBER),
        ("sd_difference", _NUMBER),
        ("standard_error", _NUMBER),
        ("confidence", _NUMBER),
        ("low", _NUMBER),
        ("high", _NUMBER),
        ("predicted_low", _NUMBER),
        ("predicted_high", _NUMBER),
        ("tau2", _NUMBER),
        ("i2", _NUMBER),
        ("heterogeneity_p", _NUMBER),
        ("p", _NUMBER),
        ("holm_p", _NUMBER),
        ("margin", _NUMBER),
        ("equivalence_p", _NUMBER),
        ("verdict", _TEXT),
        ("sentence", _TEXT),
    ]
)


def study_file(results: StudyResults, form: FileFormat) -> bytes:
    """Return the file; `kind` is `data set` or `mean`."""
    rows = [row for one in (results, *results.others) for row in _rows(one)]
    arrays = [pa.array([row.get(f.name) for row in rows], f.type) for f in STUDY]
    batch = pa.RecordBatch.from_arrays(arrays, schema=STUDY)
    return b"".join(pieces(STUDY, iter([batch]), form))


def _rows(one: StudyComparison) -> Iterator[dict[str, Any]]:
    both = {name: getattr(one, name) for name in ("a", "b", "metric")}
    alike = ("mean_difference", "sd_difference", "verdict", "sentence")
    own = ("dataset", "state", "left_out", "seeds", "standard_error")
    for part in one.experiments:
        row = {name: getattr(part, name) for name in (*alike, *own)}
        yield {"kind": "data set", **both, **row, "experiment": part.id, **_bounds(part.interval)}
    row = {name: getattr(one, name) for name in alike}
    row |= {"data_sets": one.of, "p": one.multiplicity.p, "holm_p": one.multiplicity.holm_p}
    if one.prediction_interval is not None:
        predicted = one.prediction_interval
        row |= {"predicted_low": predicted.low, "predicted_high": predicted.high}
    if one.heterogeneity is not None:
        found = one.heterogeneity
        row |= {"tau2": found.tau2, "i2": found.i2, "heterogeneity_p": found.p}
    if one.equivalence is not None:
        row |= {"margin": one.equivalence.margin, "equivalence_p": one.equivalence.p}
    yield {"kind": "mean", **both, **row, **_bounds(one.interval)}


def _bounds(interval: Any) -> dict[str, Any]:
    if interval is None:
        return {}
    return {name: getattr(interval, name) for name in ("confidence", "low", "high")}
