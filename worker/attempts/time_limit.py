"""How long a run has trained, resumed attempts added up, and the limit that its spec sets.

The clock is outside the training and is only read between steps, so no metric depends on it.
"""

import time

from models.errors import TrainingFault
from models.store.run_life.run_problems import PREFIX, RunProblem


class TimeLimitReached(TrainingFault):
    """The run has trained longer than its spec allows."""


class TrainingClock:
    """Counts from `start`, after what earlier attempts have stored."""

    def __init__(self, earlier: float, limit: float | None) -> None:
        self._earlier, self._limit = earlier, limit
        self._begun: float | None = None

    def start(self) -> None:
        """The training begins; loading data and libraries before it is not counted."""
        self._begun = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds of training so far."""
        return self._earlier + (time.monotonic() - self._begun if self._begun is not None else 0.0)

    @property
    def limit_reached(self) -> bool:
        return self._limit is not None and self.seconds >= self._limit

    def fault(self, step: int, steps: int) -> TimeLimitReached:
        """The exception for a run that reached its limit at `step` of `steps`."""
        return TimeLimitReached(
            f"the time_limit of {self._limit:g} s was reached at step {step} of {steps}"
        )


def time_problem(fault: TimeLimitReached, *, attempt: int, step: int) -> RunProblem:
    """The document of a run that reached its limit; its checkpoint is of this very step."""
    advice = (
        "A retry resumes from the checkpoint of this step, with the same time again; a larger "
        "time_limit, fewer steps or a faster device need a new experiment."
    )
    return RunProblem(
        type=f"{PREFIX}time-limit",
        title="The run reached its time limit",
        detail=str(fault),
        attempt=attempt,
        step=step,
        cause="The steps of this spec take longer on that machine than its time_limit allows.",
        advice=advice,
    )
