"""`tripletlab serve` as it is by default, hurt in turn: nothing is lost, doubled or changed."""

import random
from functools import partial

import pytest

import support.faults.process_faults as processes
import support.faults.run_faults as runs
import support.faults.server_faults as servers
import support.faults.tuning_faults as tuning
from support.faults.catalogue import Strike, strike
from support.faults.ledger import Ledger

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


def test_settings_are_chosen_once_and_the_same_whoever_dies_before_or_meanwhile(
    embedded: Ledger,
) -> None:
    embedded.learn("tuned")
    before = len(embedded.accepted)
    strike(partial(tuning.kill_before_choice, at_stop=True), embedded, DRAW, asks=True)
    strike(partial(tuning.kill_in_choice, at_stop=False), embedded, DRAW, asks=True)
    asked = embedded.accepted[before:]
    embedded.wait(*asked)
    for one in asked:
        assert not embedded.verdict(one), embedded.verdict(one)
        assert len(embedded.service.runs_of(one.id)) == 6
    assert not embedded.service.surprises
