"""What a fault of the machine costs a run: another attempt after a pause, or the end.

Attempts are numbered for fencing, and the number only grows. **Faults are counted separately**: a
worker that is asked to stop releases its run, which is not a fault, so a run that moves from worker
to worker for days is never given up for that reason.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class RetryPolicy:
    """How many times a run is tried again after faults of the machine, and after which pauses."""

    max_attempts: int
    """The run fails after this many attempts that a fault of the machine ended."""
    first_pause: float
    """Seconds after the first fault; doubled at each further one."""
    longest_pause: float
    """The most seconds between a fault and the next attempt."""

    def pause(self, faults: int) -> float:
        """Seconds before the next attempt, after `faults` (at least 1) of them."""
        # the exponent is bounded, since 2.0 ** 1024 overflows
        return min(self.first_pause * 2.0 ** min(faults - 1, 64), self.longest_pause)

    def gives_up(self, faults: int) -> bool:
        """Whether a run with so many faults has had its last attempt."""
        return faults >= self.max_attempts
