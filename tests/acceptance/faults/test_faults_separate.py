"""An API, two workers, Redis and PostgreSQL, hurt in turn: nothing is lost, doubled or changed.

`benchmarks/faults.py` strikes by the hundred, at random; here each kind of fault is met once.
"""

import random
from functools import partial

import pytest

import support.faults.process_faults as processes
import support.faults.run_faults as runs
import support.faults.server_faults as servers
from support.faults.catalogue import strike
from support.faults.ledger import Accepted, Ledger

DRAW = random.Random(4)

pytestmark = pytest.mark.timeout(900)  # for a machine that has much else to do


def ends_well(ledger: Ledger, *entries: Accepted) -> None:
    """Every invariant holds for these."""
    ledger.wait(*entries)
    for one in entries:
        assert not ledger.verdict(one), ledger.verdict(one)
    assert not ledger.service.surprises


def most_attempts(ledger: Ledger, *entries: Accepted) -> int:
    return max(run.attempt for one in entries for run in ledger.service.runs_of(one.id))


def test_attempts_killed_in_their_worst_moments_leave_no_trace(separate: Ledger) -> None:
    before = len(separate.accepted)
    strike(processes.kill_in_checkpoint, separate, DRAW)
    strike(runs.corrupt_checkpoint, separate, DRAW)
    strike(processes.kill_before_commit, separate, DRAW)
    asked = separate.accepted[before:]
    ends_well(separate, *asked)
    assert most_attempts(separate, *asked) > 1


def test_a_worker_that_wakes_up_writes_nothing_over_its_successor(separate: Ledger) -> None:
    before = len(separate.accepted)
    seen = strike(processes.hang_worker, separate, DRAW)
    ends_well(separate, *separate.accepted[before:])
    assert seen == "its successor stood still meanwhile"


def test_a_clock_that_is_hours_ahead_or_behind_disturbs_nobody(separate: Ledger) -> None:
    one = separate.ask("lstm", "clock")
    for seconds in (7200.0, -7200.0):
        strike(partial(_clock_off, seconds), separate, DRAW)
    ends_well(separate, one)
    assert most_attempts(separate, one) == 1, separate.service.log()


def test_a_broker_and_a_database_that_forget_or_restart_cost_nothing(separate: Ledger) -> None:
    with separate.service.held():  # so that messages wait when they are forgotten
        forgotten = separate.ask("brief", "forgotten")
        servers.flush_redis(separate, DRAW)
    one = separate.ask("lstm", "servers")
    for fault in (servers.restart_redis, servers.restart_postgres):
        strike(fault, separate, DRAW)
    ends_well(separate, one, forgotten)


def test_an_api_killed_between_commit_and_submit_has_accepted_once(separate: Ledger) -> None:
    before = len(separate.accepted)
    strike(servers.kill_api_before_submit, separate, DRAW, asks=True)
    ends_well(separate, *separate.accepted[before:])


def test_runs_that_cannot_succeed_fail_with_their_reason_beside_those_that_can(
    separate: Ledger,
) -> None:
    before = len(separate.accepted)
    strike(runs.nan_loss, separate, DRAW, asks=True)
    strike(runs.raising_spec, separate, DRAW, asks=True)
    strike(runs.time_limit, separate, DRAW, asks=True)
    strike(runs.claim_twice, separate, DRAW, asks=True)
    strike(runs.infinite_loss, separate, DRAW)
    strike(runs.out_of_memory, separate, DRAW)
    ends_well(separate, *separate.accepted[before:])


def _clock_off(seconds: float, ledger: Ledger, _draw: random.Random) -> str:
    return servers.clock_off(ledger, seconds, lasting=4.0)
