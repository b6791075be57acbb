"""`HalvingSpec`: leave out settings that are behind, before all are trained to the end.

Successive halving (Jamieson and Talwalkar 2016). Every arm is halved at the same steps, to the same
number of settings, so the budgets stay equal. A setting that goes on continues its trainings, so
what it gives at the end is what it would have given without halving.
"""

import math
from typing import Annotated

from pydantic import Field, model_validator

from models.specs.base import SpecPart, contradiction

MOST_STOPS = 6

_Share = Annotated[float, Field(gt=0, lt=1)]


class HalvingSpec(SpecPart):
    """Where tuning stops to leave settings out, and how many go on."""

    at: Annotated[tuple[_Share, ...], Field(min_length=1, max_length=MOST_STOPS)]
    """Shares of the steps, ascending. Each stands for the validation that is nearest to it."""
    keep: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """The share of an arm's settings that goes on at each stop, rounded up."""

    @model_validator(mode="after")
    def _ascends(self) -> "HalvingSpec":
        for index, (one, after) in enumerate(zip(self.at, self.at[1:], strict=False), start=1):
            if after <= one:
                raise contradiction(f"/at/{index}", f"must be above {one:g}, the stop before it")
        return self

    def stops(self, steps: int, evaluate_every: int) -> tuple[int, ...]:
        """The steps at which trainings of `steps` stop. They may coincide, or reach `steps`, where
        `evaluate_every` is too large for these shares (`stops_problem`)."""
        whole = (max(1, math.floor(share * steps / evaluate_every + 0.5)) for share in self.at)
        return tuple(min(count * evaluate_every, steps) for count in whole)

    def stops_problem(self, steps: int, evaluate_every: int) -> tuple[int, str] | None:
        """The first share that has no validation of its own, by its index, and why."""
        stops = self.stops(steps, evaluate_every)
        for index, stop in enumerate(stops):
            if stop >= steps or stop in stops[:index]:
                shared = f"with {stops[index - 1]}" if stop in stops[:index] else "with the end"
                return index, (
                    f"{self.at[index]:g} of {steps:,} steps falls together {shared}, since the "
                    f"validation comes every {evaluate_every:,} steps; lower evaluate_every, or "
                    "leave this stop out"
                )
        return None

    def left_after(self, settings: int) -> tuple[int, ...]:
        """How many of so many settings of an arm go on after each stop."""
        left = []
        for _ in self.at:
            settings = self.kept_of(settings)
            left.append(settings)
        return tuple(left)

    def kept_of(self, settings: int) -> int:
        """How many go on of so many settings, one or more."""
        # 0.3 of 10 is 3, whatever the product of the two floats says
        return max(1, math.ceil(round(self.keep * settings, 9)))
