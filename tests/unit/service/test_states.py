"""The states of a run, the moves allowed, and the state of an experiment that follows."""

from hypothesis import given
from hypothesis import strategies as st

from models.states import ALLOWED, TERMINAL, RunState, experiment_state

COUNTS = st.dictionaries(st.sampled_from(RunState), st.integers(0, 3))


def test_every_state_has_its_moves_listed() -> None:
    assert set(ALLOWED) == set(RunState)


def test_no_move_leaves_a_terminal_state_and_every_other_state_can_be_left() -> None:
    assert {state for state in RunState if not ALLOWED[state]} == TERMINAL


def test_a_run_succeeds_only_after_running() -> None:
    assert [state for state in RunState if RunState.SUCCEEDED in ALLOWED[state]] == [
        RunState.RUNNING
    ]


def test_a_lost_run_goes_back_to_the_queue() -> None:
    assert RunState.QUEUED in ALLOWED[RunState.RUNNING]


def test_an_experiment_of_which_nothing_has_begun_is_queued() -> None:
    assert experiment_state({RunState.QUEUED: 4}) is RunState.QUEUED
    assert experiment_state({}) is RunState.QUEUED


def test_an_experiment_runs_between_its_first_run_and_its_last() -> None:
    assert experiment_state({RunState.QUEUED: 3, RunState.RUNNING: 1}) is RunState.RUNNING
    assert experiment_state({RunState.QUEUED: 1, RunState.SUCCEEDED: 3}) is RunState.RUNNING
    assert experiment_state({RunState.QUEUED: 1, RunState.FAILED: 1}) is RunState.RUNNING


def test_a_failure_outweighs_a_cancellation_which_outweighs_success() -> None:
    ended = {RunState.SUCCEEDED: 5}
    assert experiment_state(ended) is RunState.SUCCEEDED
    assert experiment_state({**ended, RunState.CANCELLED: 1}) is RunState.CANCELLED
    assert experiment_state({**ended, RunState.CANCELLED: 3, RunState.FAILED: 1}) is RunState.FAILED


@given(COUNTS)
def test_an_experiment_has_ended_exactly_when_all_its_runs_have(
    counts: dict[RunState, int],
) -> None:
    present = {state for state, count in counts.items() if count}
    assert (experiment_state(counts) in TERMINAL) == (bool(present) and present <= TERMINAL)


@given(COUNTS)
def test_states_without_runs_do_not_matter(counts: dict[RunState, int]) -> None:
    whole = {**dict.fromkeys(RunState, 0), **counts}
    assert experiment_state(whole) is experiment_state(counts)
