"""Specs with factors, and cells with values, for tests."""

from collections.abc import Mapping, Sequence
from typing import Any

from models.comparison.inputs import ArmValues
from models.specs.experiment import ExperimentSpec
from models.specs.parse import parse_spec

from support.published import MODIFIED, VANILLA

MASK: dict[str, Any] = {
    "name": "mask",
    "levels": [
        {"name": "left out", "loss": VANILLA["loss"]},
        {"name": "kept", "loss": MODIFIED["loss"]},
    ],
}
INIT: dict[str, Any] = {
    "name": "init",
    "levels": [{"name": one, "encoder": {"init": one}} for one in ("trax", "torch")],
}
RATE: dict[str, Any] = {
    "name": "rate",
    "levels": [{"name": f"{lr}", "optimizer": {"lr": lr}} for lr in (0.01, 0.003, 0.03)],
}


def factorial(*factors: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """The document of a spec with these factors."""
    return {"dataset": "pairs", "factors": list(factors), **more}


def plain_factor(name: str, levels: int, field: str) -> dict[str, Any]:
    """A factor with levels called 0, 1, … that set a number of the spec."""
    return {
        "name": name,
        "levels": [{"name": str(level), field: 10 + level} for level in range(levels)],
    }


def design_of(*levels: int, **more: Any) -> ExperimentSpec:
    """A spec with a factor for each of these numbers of levels, called a, b, …"""
    fields = ("steps", "batch_size", "evaluate_every")
    factors = [
        plain_factor(name, count, field)
        for name, count, field in zip("abc", levels, fields, strict=False)
    ]
    return parse_spec(factorial(*factors, loss=VANILLA["loss"], **more))


def cells_of(spec: ExperimentSpec, values: Mapping[str, Sequence[float]]) -> dict[str, ArmValues]:
    """Cells with the values of seeds 0, 1, …"""
    return {arm.name: ArmValues(arm.name, dict(enumerate(values[arm.name]))) for arm in spec.arms}
