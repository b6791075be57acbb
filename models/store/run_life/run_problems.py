"""The problem document of a run: what went wrong, where, its likely cause and what to do.

It follows RFC 9457 (`type` and `title` name the kind, `detail` describes this case). A run that
failed has one, and so has a run that will be tried again.
"""

from pydantic import BaseModel, ConfigDict

PREFIX = "urn:tripletlab:problem:"


class FirstGauge(BaseModel):
    """The recorded gauge that went wrong first when a training diverged."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    name: str
    """A column of the run's steps: `gradient_norm`, `loss_per_row`, `s_ap_mean`, …"""
    step: int
    what: str
    """`exploded`: far above what it had been; `not_finite`: infinite or not a number."""
    value: str
    """Its value then, as text, since JSON has no infinity."""
    usual: float | None
    """Its median over the steps before; null for a gauge that became not finite from one step to
    the next."""


class RunProblem(BaseModel):
    """Why a run failed, or will be tried again, for a person who has to act on it."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    type: str
    """`urn:tripletlab:problem:…`: the kind of fault."""
    title: str
    detail: str
    """What happened; the run's `reason` is this and the advice."""
    attempt: int
    """The attempt in which it happened."""
    step: int
    """The step at which it happened; 0 before the first was done."""
    cause: str
    """The likely cause."""
    advice: str
    """What to do about it."""
    first_gauge: FirstGauge | None = None
    """For a training that diverged: the recorded gauge that went wrong first."""

    def sentence(self, more: str = "") -> str:
        """What happened, with `more` about it, and what to do: a run's `reason`."""
        return f"{self.detail}{more}. {self.advice}"
