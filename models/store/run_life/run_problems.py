"""The problem document of a run: what went wrong, where, its likely cause and what to do.

In the spirit of RFC 9457 (`type` and `title` say which kind, `detail` says what happened here). It
stands on a run that failed, and on one that waits to be tried again.
"""

from pydantic import BaseModel, ConfigDict

PREFIX = "urn:tripletlab:problem:"


class FirstGauge(BaseModel):
    """The recorded gauge that went wrong before all others when a training diverged."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    name: str
    """A column of the run's steps: `gradient_norm`, `loss_per_row`, `s_ap_mean`, …"""
    step: int
    what: str
    """`exploded`: far above what it had been; `not_finite`: infinite or not a number."""
    value: str
    """What it was then, as text: JSON has no infinity."""
    usual: float | None
    """Its median over the steps before; null for one that was not finite from one step to the
    next."""


class RunProblem(BaseModel):
    """Why a run failed, or is tried again, for a person who has to act on it."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    type: str
    """`urn:tripletlab:problem:…`: the kind of fault."""
    title: str
    detail: str
    """What happened; the run's `reason` is this and the advice."""
    attempt: int
    """The attempt that met it."""
    step: int
    """The step at which it happened; 0 before the first was done."""
    cause: str
    """What is likely behind it."""
    advice: str
    """What to do about it."""
    first_gauge: FirstGauge | None = None
    """Where the training diverged: which of the recorded gauges went first."""

    def sentence(self, more: str = "") -> str:
        """What happened, `more` of it, and what to do: a run's `reason`."""
        return f"{self.detail}{more}. {self.advice}"
