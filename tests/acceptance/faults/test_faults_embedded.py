"""`tripletlab serve` as it is by default, hurt in turn: nothing is lost, doubled or changed."""

import random

import pytest

import process_faults_for_tests as processes
import run_faults_for_tests as runs
import server_faults_for_tests as servers
from catalogue_for_tests import Strike, strike
from ledger_for_tests import Ledger

DRAW = random.Random(5)

pytestmark = pytest.mark.timeout(900)  # for a machine that has much else to do


@pytest.mark.parametrize(
    "faults",
    [
        (processes.kill_pool_child, processes.kill_pool_parent),
        (processes.kill_worker, runs.truncate_checkpoint),
        (servers.disk_full, processes.kill_api),
        (processes.hang_attempt, processes.stop_worker),
    ],
    ids=lambda faults: "_".join(fault.__name__ for fault in faults),
)
def test_the_embedded_service_survives(embedded: Ledger, faults: tuple[Strike, ...]) -> None:
    one = embedded.ask("lstm", "-".join(fault.__name__ for fault in faults))
    for fault in faults:
        strike(fault, embedded, DRAW)
    embedded.wait(one)
    assert not embedded.verdict(one), embedded.verdict(one)
    assert not embedded.service.surprises
