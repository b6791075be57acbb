"""How long a run pauses after a fault, and when it is given up."""

from hypothesis import given
from hypothesis import strategies as st

from models.retry_policy import RetryPolicy

seconds = st.floats(0, 1e6)
policies = st.builds(
    RetryPolicy, max_attempts=st.integers(1, 100), first_pause=seconds, longest_pause=seconds
)


def test_each_wait_is_twice_the_one_before_up_to_the_longest() -> None:
    policy = RetryPolicy(max_attempts=9, first_pause=5, longest_pause=300)
    assert [policy.pause(faults) for faults in range(1, 9)] == [5, 10, 20, 40, 80, 160, 300, 300]


@given(policies, st.integers(1, 10**9))
def test_no_wait_is_negative_or_above_the_longest_and_none_is_shorter_than_the_one_before(
    policy: RetryPolicy, faults: int
) -> None:
    assert 0 <= policy.pause(faults) <= policy.pause(faults + 1) <= policy.longest_pause


@given(policies)
def test_a_run_is_given_up_at_so_many_faults_and_not_before(policy: RetryPolicy) -> None:
    assert policy.gives_up(policy.max_attempts)
    assert not policy.gives_up(policy.max_attempts - 1)
