"""Real workers add seeds at the looks that were planned, and one that dies costs none of them.

Runs of the first seeds are ended in the store, since what is tested is what comes after them.
"""

import socket
from typing import Any

from models.broker import ANY_QUEUE, waiting_messages
from models.states import LookState, RunState
from models.store import clock, interim_looks
from models.store.experiments import runs_of
from models.store.more_seeds.adding import add, addition
from models.store.tables import Look, Run
from worker.pool.launcher import Launcher
from worker.pool.pool import forkserver_process
from worker.pool.tasks import carry_out

from support.interim_looks import end_run, unclear
from support.workers import Lab, wait_until

TINY: dict[str, Any] = {
    "encoder": {"kind": "bag", "embedding_dim": 4},
    "steps": 2,
    "evaluate_every": 2,
    "validation_pairs": 16,
    "seeds": {"until_decided": {"min": 6, "max": 7, "futility": False}},
    # stricter than seven pairs can be
    "decision": {"equivalence_margin": 1e-9, "confidence": 0.999},
}


def _plan(lab: Lab, run: Run) -> list[Look]:
    with lab.database.reading() as session:
        return interim_looks.looks_of(session, run.experiment_id)


def test_seeds_are_added_where_a_run_ends_and_until_the_last_look(embedded_lab: Lab) -> None:
    lab = embedded_lab
    lab.stop_worker()
    before = waiting_messages(lab.app, ANY_QUEUE)
    *first, last = lab.create(announced=0, **TINY)
    for run in first:
        end_run(lab.database, run, unclear(run))
    # what the pool does with a message; no supervisor is there, so no reaper helps
    taken, sent = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    forkserver = forkserver_process(lab.settings, taken)
    forkserver.keep_alive()
    try:
        carry_out(lab.settings, lab.app, Launcher(sent), last.id)
    finally:
        forkserver.kill()
        taken.close()
        sent.close()
    assert [look.state for look in _plan(lab, last)] == [LookState.TAKEN, LookState.PLANNED]
    assert waiting_messages(lab.app, ANY_QUEUE) == before + 2
    # that worker is gone; another goes on with the runs it added, and takes the last look
    lab.worker()
    wait_until("the last look", lambda: _plan(lab, last)[1].state == LookState.TAKEN)
    with lab.database.reading() as session:
        ended = runs_of(session, last.experiment_id)
        said = interim_looks.verdicts_of(session, last.experiment_id)
    assert [(run.seed, run.arm, run.state) for run in ended] == [
        (seed, arm, RunState.SUCCEEDED) for seed in range(7) for arm in ("plain", "masked")
    ]
    assert [(one.number, one.pairs, one.verdict) for one in said] == [
        (1, 6, "undecided"),
        (2, 7, "undecided"),
    ]


def test_seeds_that_a_person_adds_are_trained_though_their_messages_were_lost(
    embedded_lab: Lab,
) -> None:
    lab = embedded_lab
    lab.stop_worker()
    seeds = {"until_decided": {"min": 6, "max": 8, "looks": [6, 7, 8]}}
    first, *rest = lab.create(announced=0, **{**TINY, "seeds": seeds})
    for run in (first, *rest):
        end_run(lab.database, run, unclear(run))
    with lab.database.transaction() as session:
        assert interim_looks.take_due_look(session, first.experiment_id, clock.now(session)) == []
    with lab.database.transaction() as session:
        wanted = addition(session, first.experiment_id, 7)
        assert wanted is not None
        assert len(add(session, wanted, clock.now(session))) == 2
    # the process that was asked is killed here, before it announces anything
    lab.worker()
    wait_until("the look asked for", lambda: _plan(lab, first)[1].state == LookState.TAKEN)
    assert [look.state for look in _plan(lab, first)] == ["taken", "taken", "dropped"]
    with lab.database.reading() as session:
        ended = runs_of(session, first.experiment_id)
    assert [run.state for run in ended] == [RunState.SUCCEEDED] * 14
