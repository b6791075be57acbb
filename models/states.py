"""The states of a run, the moves allowed between them, and how an experiment's state follows.

One table of moves serves every writer, and `move` in `models.store.run_life.transitions` refuses
what is not in it. Only a person's retry leaves a terminal state, which `RETRIABLE` allows.
Cancelling is a flag on the run, not a state, so a request to cancel never hides the run's state.
"""

from collections.abc import Mapping
from enum import StrEnum


class RunState(StrEnum):
    QUEUED = "queued"  # no worker has it yet
    RUNNING = "running"  # one attempt owns it and sends heartbeats
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


ACTIVE = frozenset({RunState.QUEUED, RunState.RUNNING})
"""The run has not ended."""

TERMINAL = frozenset({RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED})
"""The run has ended."""

RETRIABLE = frozenset({RunState.FAILED, RunState.CANCELLED})
"""A person may queue such a run again (`models.store.retries`); nothing else leaves a terminal
state."""

ALLOWED: Mapping[RunState, frozenset[RunState]] = {
    # nothing fails a queued run now: even one whose spec cannot be read is claimed first
    RunState.QUEUED: frozenset({RunState.RUNNING, RunState.FAILED, RunState.CANCELLED}),
    # back to queued: its worker died or was asked to stop; the next claim is a new attempt
    RunState.RUNNING: frozenset({RunState.QUEUED, *TERMINAL}),
    RunState.SUCCEEDED: frozenset(),
    RunState.FAILED: frozenset(),
    RunState.CANCELLED: frozenset(),
}


class LookState(StrEnum):
    """The state of an interim look that was planned with the experiment."""

    PLANNED = "planned"  # taken once its runs have ended
    TAKEN = "taken"
    DROPPED = "dropped"  # never taken: an earlier look ended the plan, or a person cancelled it


class Outcome(StrEnum):
    """What is known of a question of a programme."""

    OPEN = "open"  # its experiment goes on, or was stopped before it could say
    DISCOVERY = "discovery"  # an arm, or an effect, does better
    NOTHING = "nothing"


class TuningState(StrEnum):
    """The state of the choice of each arm's setting, which is planned with the experiment."""

    PLANNED = "planned"  # made once every tuning run has ended
    CHOSEN = "chosen"
    DROPPED = "dropped"  # the experiment was cancelled before
    FAILED = "failed"  # an arm has no setting with a value


def experiment_state(counts: Mapping[RunState, int], *, look_left: bool = False) -> RunState:
    """The state of an experiment, given how many of its runs are in each state.

    `queued` while no run has begun; then `running` until every run has ended. After that a failure
    outweighs a cancellation, which outweighs success. `look_left`: a planned look has not been
    taken, or a planned choice of settings not been made, and may add runs, so the experiment goes
    on although every run has ended.
    """
    present = {state for state, count in counts.items() if count}
    if present <= {RunState.QUEUED}:
        return RunState.QUEUED
    if look_left or present & ACTIVE:
        return RunState.RUNNING
    for state in (RunState.FAILED, RunState.CANCELLED):
        if state in present:
            return state
    return RunState.SUCCEEDED
