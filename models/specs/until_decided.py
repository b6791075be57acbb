"""Seeds that are added until the verdict is decided, with every interim look planned beforehand."""

import math
from itertools import pairwise
from typing import Annotated

from pydantic import Field, model_validator

from models.specs.base import SpecPart, contradiction

MOST_LOOKS = 20
DEFAULT_LOOKS = 5
NARROWER = math.sqrt(2)  # least ratio of default looks: an interval 1/6 narrower at each

# below six pairs no verdict is possible (`models.comparison.rule.FEWEST_PAIRS`)
Look = Annotated[int, Field(ge=6, le=1000)]


class UntilDecided(SpecPart):
    """Seeds 0, 1, … are trained under every arm up to a look, which decides or adds more seeds.

    The error that `decision.confidence` allows is spent over the looks
    (`models.comparison.sequential.alpha_spending`).
    """

    min: Look = 6
    """Seeds before the first look."""
    max: Look = 40
    """Seeds at the last look, after which the verdict may still be undecided."""
    looks: Annotated[tuple[Look, ...], Field(max_length=MOST_LOOKS)] | None = None
    """Numbers of seeds at the looks, from `min` to `max`; null plans up to five looks whose
    distances grow, since each seed adds less information than the one before."""
    futility: bool = True
    """Whether a look also ends the experiment where, at the spread seen, the last look would stay
    undecided with a probability above 95 % (`models.comparison.sequential.futility`). The levels
    are the same with and without it."""

    @model_validator(mode="after")
    def _looks_lead_from_min_to_max(self) -> "UntilDecided":
        if self.max < self.min:
            raise contradiction("/max", f"must not be below min, which is {self.min}")
        if self.looks is None:
            # written in, so that the stored spec is the plan
            object.__setattr__(self, "looks", default_looks(self.min, self.max))
        self._check_looks(self.looks or ())
        return self

    def _check_looks(self, looks: tuple[int, ...]) -> None:
        if not looks:
            raise contradiction("/looks", "needs a look; leave it out to have the looks planned")
        for index, (before, after) in enumerate(pairwise(looks), start=1):
            if after <= before:
                raise contradiction(
                    f"/looks/{index}", f"must be above the look before it, which is {before}"
                )
        if looks[0] != self.min:
            raise contradiction("/looks/0", f"the first look must be at min, which is {self.min}")
        if looks[-1] != self.max:
            last = len(looks) - 1
            detail = f"the last look must be at max, which is {self.max}"
            raise contradiction(f"/looks/{last}", detail)

    @property
    def planned(self) -> tuple[int, ...]:
        """Seeds at each look, ascending."""
        assert self.looks is not None  # set by the validator
        return self.looks


def default_looks(least: int, most: int) -> tuple[int, ...]:
    """At most five looks from `least` to `most` in equal ratios of at least about the square root
    of two; both ends are always looks."""
    steps = int(math.log(most / least, NARROWER) + 1e-9)
    steps = min(max(steps, 1), DEFAULT_LOOKS - 1)
    ratio = most / least
    return tuple(sorted({round(least * ratio ** (step / steps)) for step in range(steps + 1)}))
