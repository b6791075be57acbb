"""The effects of factors as a table: a row for each effect on each metric."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from api.dependencies import Service
from api.results.kept_results import kept_reading, results_of
from models.factors.schema import Effect, MainEffect
from models.store.tables import Run

_TEXT, _NUMBER = pa.string(), pa.float64()

EFFECTS = pa.schema(
    [
        ("kind", _TEXT),
        ("factor", _TEXT),
        ("level", _TEXT),
        ("baseline", _TEXT),
        ("other_factor", _TEXT),
        ("other_level", _TEXT),
        ("other_baseline", _TEXT),
        ("metric", _TEXT),
        ("role", _TEXT),
        ("seeds", pa.int64()),
        ("mean_difference", _NUMBER),
        ("sd_difference", _NUMBER),
        ("confidence", _NUMBER),
        ("low", _NUMBER),
        ("high", _NUMBER),
        ("sign_flip_p", _NUMBER),
        ("p", _NUMBER),
        ("holm_p", _NUMBER),
        ("margin", _NUMBER),
        ("equivalence_p", _NUMBER),
        ("verdict", _TEXT),
        ("sentence", _TEXT),
    ]
)


def effect_rows(
    service: Service, experiment_id: str, _runs: list[Run]
) -> Iterator[dict[str, list[Any]]]:
    """Yield the columns of all effects, in the order of the results; no rows without factors."""
    with kept_reading(service, [experiment_id]) as reading:
        effects = results_of(reading, experiment_id).effects
    rows = [_row(effect) for effect in effects]
    yield {name: [row.get(name) for row in rows] for name in EFFECTS.names}


def _row(effect: Effect) -> dict[str, Any]:
    own = ("kind", "metric", "role", "mean_difference", "sd_difference", "sign_flip_p")
    row = {name: getattr(effect, name) for name in (*own, "verdict", "sentence")}
    row |= {"seeds": len(effect.pairs), "p": effect.multiplicity.p}
    row |= {"holm_p": effect.multiplicity.holm_p, **_names(effect)}
    if effect.interval:
        row |= {name: getattr(effect.interval, name) for name in ("confidence", "low", "high")}
    if effect.equivalence:
        row |= {"margin": effect.equivalence.margin, "equivalence_p": effect.equivalence.p}
    return row


def _names(effect: Effect) -> dict[str, str]:
    levels = (effect.level,) if isinstance(effect, MainEffect) else effect.levels
    baselines = (effect.baseline,) if isinstance(effect, MainEffect) else effect.baselines
    named: dict[str, str] = {}
    for before, factor, level, baseline in zip(
        ("", "other_"), effect.factors, levels, baselines, strict=False
    ):
        named |= {
            f"{before}factor": factor,
            f"{before}level": level,
            f"{before}baseline": baseline,
        }
    return named
