"""`TuningSpec`: which settings of every arm are tried before the comparison, and how one is chosen.

A verdict about two arms at one learning rate is a verdict about that rate. So every arm is given
the same settings, the same tuning seeds and the same steps; the best on validation is chosen for
each; and the decision's seeds, all fresh, train the chosen ones alone (`models.store.tuning`).
"""

import itertools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)

from models.errors import Problem
from models.specs.base import SpecPart, contradiction
from models.specs.halving import HalvingSpec
from models.specs.training import RisingValidation

MOST_SETTINGS = 64
FIRST_TUNING_SEED = 9_000_000
MOST_FIELDS = 16
FARTHEST = 1e12  # from zero, of any number that is tried
DIGITS = 4  # significant ones of a point in a range: more only look like knowledge


def _is_pointer(value: str) -> str:
    if not value.startswith("/"):
        raise contradiction("", "must be a JSON pointer into an arm, such as /optimizer/lr")
    return value


Pointer = Annotated[str, Field(max_length=200), AfterValidator(_is_pointer)]
"""A place in an arm as it is merged with the spec (RFC 6901): `/optimizer/lr`."""


def _scalar(value: Any) -> bool | int | float | str:
    if not isinstance(value, bool | int | float | str):
        raise contradiction("", "must be a number, a string, true or false")
    if isinstance(value, int | float) and not abs(value) <= FARTHEST:  # true for NaN too
        raise contradiction("", f"must be a number from {-FARTHEST:g} to {FARTHEST:g}")
    return value


Value = Annotated[
    bool | int | float | str,
    PlainValidator(_scalar),
    WithJsonSchema({"anyOf": [{"type": kind} for kind in ("number", "string", "boolean")]}),
]
_Axis = Annotated[tuple[Value, ...], Field(min_length=1, max_length=MOST_SETTINGS)]
Setting = dict[Pointer, Value]
"""One choice of the fields that are tuned, by their pointers."""


class TuningRange(SpecPart):
    """A range of numbers, from which points are drawn that fill it evenly."""

    low: Annotated[float, Field(ge=-FARTHEST, le=FARTHEST)]
    high: Annotated[float, Field(ge=-FARTHEST, le=FARTHEST)]
    scale: Literal["log", "linear"] = "linear"
    """How the points lie in the range."""
    whole: bool = False
    """Rounds to whole numbers, as a batch size needs."""

    @model_validator(mode="after")
    def _is_a_range(self) -> "TuningRange":
        if self.high <= self.low:
            raise contradiction("/high", f"must be above low, which is {self.low:g}")
        if self.scale == "log" and self.low <= 0:
            raise contradiction("/low", "must be above 0 where the scale is logarithmic")
        return self

    def at(self, share: float) -> float | int:
        """The value at this share of the range, from 0 to 1."""
        low, high = self._ends
        value = low + share * (high - low)
        if self.scale == "log":
            value = math.exp(value)
        if self.whole:
            return round(value)
        return min(max(float(f"{value:.{DIGITS}g}"), self.low), self.high)

    def share_of(self, value: float) -> float:
        """Where a value of the range lies in it, from 0 to 1."""
        low, high = self._ends
        return ((math.log(value) if self.scale == "log" else value) - low) / (high - low)

    @property
    def _ends(self) -> tuple[float, float]:
        if self.scale == "log":
            return math.log(self.low), math.log(self.high)
        return self.low, self.high


def _validation_only(value: Any) -> Any:
    if isinstance(value, str) and value.startswith("test."):
        raise contradiction(
            "",
            "the test pairs may not choose: they could then no longer judge; name a metric of "
            "the validation",
        )
    if isinstance(value, str) and value.endswith("loss"):
        raise contradiction(
            "",
            "a loss is no common yardstick, since a setting may change what the loss measures; "
            "name an accuracy or a ranking of the validation",
        )
    return value


class TuningSpec(SpecPart):
    """The settings that every arm is tried with, and the metric that chooses among them."""

    grid: Annotated[dict[Pointer, _Axis], Field(max_length=MOST_FIELDS)] | None = None
    """The values of each field; a setting is one value of each. Keys are JSON pointers into an arm
    as it is merged with the spec: `/optimizer/lr`, `/loss/margin`, `/batch_size`."""
    ranges: Annotated[dict[Pointer, TuningRange], Field(max_length=MOST_FIELDS)] | None = None
    """In place of a grid: a range for each field, with as many points in all as `settings` says."""
    settings: Annotated[int, Field(ge=2, le=MOST_SETTINGS)] | None = None
    """With ranges: how many settings, the points of a scrambled Sobol sequence."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """Of the points in the ranges."""
    seeds: Annotated[int, Field(ge=1, le=20)] = 3
    """Tuning seeds: every setting of every arm is trained under each. They are 9,000,000 and up,
    and the comparison has none of them."""
    each_seed: bool = False
    """Whether every seed of the comparison has tuning seeds and a choice of its own, at that many
    times the cost. The luck of the choice is then part of the noise that the verdict allows for."""
    choose_by: Annotated[RisingValidation, BeforeValidator(_validation_only)] = "validation.roc_auc"
    """Its mean over the tuning seeds chooses the setting of each arm; never a metric of the test,
    nor a loss."""
    halving: HalvingSpec | None = None
    """Leaves out the settings of each arm that are behind, before all are trained to the end."""
    planned: Annotated[tuple[Setting, ...], Field(max_length=MOST_SETTINGS)] | None = None
    """Every setting, in order; null plans them from the grid or the ranges."""

    @model_validator(mode="after")
    def _settings_are_planned(self) -> "TuningSpec":
        self._check_form()
        self._check_pointers()
        if self.planned is None:
            # written in, so that the stored spec is the plan
            object.__setattr__(self, "planned", tuple(self._plan()))
        elif not self._is_the_plan(self.planned):
            raise contradiction(
                "/planned",
                "these are not the settings of the grid or the ranges; leave it out to "
                "have them planned",
            )
        if len(set(map(_key, self.all_settings))) < len(self.all_settings):
            raise contradiction(
                "/settings",
                "gives a setting twice, since points of a range coincide; lower it or "
                "widen the ranges",
            )
        return self

    def _check_form(self) -> None:
        if (self.grid is None) == (self.ranges is None):
            raise contradiction("/grid", "needs a grid or ranges, one of the two")
        if self.ranges is not None and self.settings is None:
            raise contradiction("/settings", "ranges need the number of settings to try")
        if self.grid is not None and self.settings is not None:
            raise contradiction("/settings", "a grid has its own number of settings; leave it out")
        if not self.fields:
            name = "/grid" if self.ranges is None else "/ranges"
            raise contradiction(name, "needs a field to tune, as a JSON pointer into an arm")
        if self.grid is not None:
            self._check_grid(self.grid)

    def _check_grid(self, grid: Mapping[str, Sequence[Any]]) -> None:
        for pointer, values in grid.items():
            for index, value in enumerate(values):
                if _same(value) in map(_same, values[:index]):
                    place = Problem.at("grid", pointer, index, detail="").pointer
                    raise contradiction(place, "this value is listed twice")
        count = math.prod(map(len, grid.values()))
        if not 2 <= count <= MOST_SETTINGS:
            detail = f"gives {count:,} settings; there may be 2 to {MOST_SETTINGS}"
            raise contradiction("/grid", detail)

    def _check_pointers(self) -> None:
        for pointer in self.fields:
            top = Problem(pointer, "").parts[0]
            if top in ("steps", "name"):
                why = (
                    "every arm is tuned with the same steps, so these are not tuned"
                    if top == "steps"
                    else "the name of an arm is no setting of it"
                )
                raise contradiction(self.place_of(pointer), why)
        for one, other in itertools.permutations(self.fields, 2):
            if other.startswith(f"{one}/"):
                raise contradiction(self.place_of(other), f"lies inside {one}, which is tuned too")

    def _plan(self) -> Iterator[Setting]:
        """The settings: of a grid the last field varies fastest."""
        if self.grid is not None:
            for values in itertools.product(*self.grid.values()):
                yield dict(zip(self.grid, values, strict=True))
            return
        assert self.ranges is not None  # one of the two, see `_check_form`
        assert self.settings is not None
        for shares in sobol_points(len(self.ranges), self.settings, self.seed):
            points = zip(self.ranges.items(), shares, strict=True)
            yield {pointer: one.at(share) for (pointer, one), share in points}

    def _is_the_plan(self, planned: tuple[Setting, ...]) -> bool:
        """Whether these settings are those of the grid, in any order, or as many as were asked for
        in the ranges: another release of scipy may draw other points."""
        if self.grid is not None:
            return sorted(map(_key, planned)) == sorted(map(_key, self._plan()))
        assert self.ranges is not None  # one of the two, see `_check_form`
        return len(planned) == self.settings and all(
            setting.keys() == self.ranges.keys()
            and all(_lies_in(value, self.ranges[pointer]) for pointer, value in setting.items())
            for setting in planned
        )

    @property
    def fields(self) -> tuple[str, ...]:
        """The pointers of the fields that are tuned."""
        axes: Mapping[str, Any] = self.grid or self.ranges or {}
        return tuple(axes)

    @property
    def all_settings(self) -> tuple[Setting, ...]:
        """Every setting, in order."""
        assert self.planned is not None  # set by the validator
        return self.planned

    def seeds_at(self, place: int) -> tuple[int, ...]:
        """The tuning seeds that choose for the comparison's seed at this place, from 0 on; those at
        0 choose for all seeds, where there is one choice."""
        first = FIRST_TUNING_SEED + place * self.seeds
        return tuple(range(first, first + self.seeds))

    def place_of(self, pointer: str, value: Any = None) -> str:
        """Where a field stands below this part, or the value of it in the grid."""
        if self.grid is None:
            return Problem.at("ranges", pointer, detail="").pointer
        values = list(map(_same, self.grid[pointer]))
        index = [values.index(_same(value))] if _same(value) in values else []
        return Problem.at("grid", pointer, *index, detail="").pointer


def sobol_points(dimensions: int, count: int, seed: int) -> list[list[float]]:
    """The first `count` points of a scrambled Sobol sequence in the unit cube (Owen 1998): they
    fill it more evenly than independent draws, and any first part of them does so too."""
    from scipy.stats import qmc  # slow to import, and needed only where a plan is made

    sequence = qmc.Sobol(dimensions, scramble=True, rng=seed)
    points = sequence.random_base2(math.ceil(math.log2(count)))
    return [[float(share) for share in point] for point in points[:count]]


def _key(setting: Setting) -> str:
    """The same for settings that train the same."""
    return json.dumps({name: _same(value) for name, value in setting.items()}, sort_keys=True)


def _same(value: Any) -> Any:
    """1 and 1.0 are the same value, 1 and true are not."""
    number = isinstance(value, int) and not isinstance(value, bool)
    return json.dumps(float(value) if number else value)


def _lies_in(value: Any, one: TuningRange) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    slack = 0.5 if one.whole else 0.0
    return number and one.low - slack <= value <= one.high + slack
