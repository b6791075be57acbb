"""Parameters and metrics of a run as flat tables, for other tools."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from api.client import Client, Results, Table

ABOUT_ALL = frozenset(
    {"name", "arms", "factors", "design", "effects", "loss", "seeds", "decision", "tuning"}
)
"""Fields of a spec that are not parameters of one run."""


@dataclass(frozen=True)
class TrainedRun:
    """One run of the results document."""

    arm: str
    document: dict[str, Any]
    spec: dict[str, Any]
    levels: dict[str, str]
    """Factor -> level, where the arm is a cell."""

    @property
    def id(self) -> str:
        return str(self.document["id"])

    @property
    def name(self) -> str:
        return f"{self.arm} seed {self.document['seed']}"

    def parameters(self) -> dict[str, str | float]:
        """Return the spec with the arm's own fields and those of its setting, nested names joined
        by dots; lists as JSON. The levels of a cell are named `factor.mask`."""
        (own,) = (arm for arm in self.spec["arms"] if arm["name"] == self.arm)
        common = {name: value for name, value in self.spec.items() if name not in ABOUT_ALL}
        fields = {**common, **own, "seed": self.document["seed"]}
        del fields["name"]
        levels = {f"factor.{factor}": level for factor, level in self.levels.items()}
        return {"arm": self.arm} | levels | dict(_flat(fields)) | self._setting()

    def _setting(self) -> dict[str, str | float]:
        tuning = self.spec.get("tuning")
        if tuning is None:
            return {}
        setting: dict[str, str | float] = tuning["planned"][self.document["setting"]]
        return {pointer[1:].replace("/", "."): value for pointer, value in setting.items()}

    def series(self, client: Client, max_points: int | None) -> Iterator[tuple[str, Table]]:
        """Yield its steps as `train`, then the evaluations of each split: tables with `step`."""
        yield "train", client.steps(self.id, max_points=max_points)
        rows = client.evaluations(self.id)
        for split in dict.fromkeys(rows["split"] if rows else ()):
            kept = [index for index, one in enumerate(rows["split"]) if one == split]
            columns = {name: values for name, values in rows.items() if name != "split"}
            yield split, Table({name: [v[i] for i in kept] for name, v in columns.items()})


def trained_runs(results: Results) -> list[TrainedRun]:
    """Return the runs that have done a step, in whatever state."""
    document = results.document
    cells = {cell["arm"]: cell["levels"] for cell in document.get("cells", [])}
    return [
        TrainedRun(arm["name"], run, document["spec"], cells.get(arm["name"], {}))
        for arm in document["arms"]
        for run in arm["runs"]
        if run["step"]
    ]


def values_at(table: Table) -> Iterator[tuple[int, dict[str, float]]]:
    """Yield each step with its values, without those that are null."""
    names = [name for name in table if name != "step"]
    for index, step in enumerate(table["step"]):
        yield step, {name: table[name][index] for name in names if table[name][index] is not None}


def _flat(fields: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str | float]]:
    for name, value in fields.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        elif isinstance(value, str | int | float):
            yield f"{before}{name}", value
        elif value is not None:
            yield f"{before}{name}", json.dumps(value)
