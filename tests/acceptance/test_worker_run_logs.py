"""Real workers tell what happens in a run: in its log, and in what its process uses."""

import os
import re
import socket

from models.states import RunState
from models.store.metrics.usage import usage_series
from models.store.run_life.log_lines import lines_after
from models.store.tables import LogLine, Run

from support.spoiling import NEVER
from support.workers import Lab, kill_attempt, wait_until

SPEC = {"steps": 60, "evaluate_every": 20}
LONG_STEP = "1.1"  # seconds: what was said before it is stored after it


def log_of(lab: Lab, run: Run) -> list[LogLine]:
    with lab.database.reading() as session:
        return lines_after(session, run.id, 0, 1000)


def shape_of(message: str) -> str:
    """The message without its values, so that whole logs can be compared."""
    known = message.replace(socket.gethostname(), "HOST")
    return re.sub(r"\d+(?:[.,]\d+)*", "N", re.sub(r"wrk_\w+|(?<=cpu: ).+", "N", known))


BEGUN = [
    "attempt N started by worker N on HOST (slot N, process N)",
    "data set generated prepared in N s: N training, N test pairs, N for validation, "
    "N tokens in the vocabulary",
    "trains on cpu: N",
]
EVALUATED = "evaluated after step N on validation: loss per row N, ROC-AUC N, accuracy N"


def test_a_run_tells_where_it_began_what_it_did_and_how_it_ended(embedded_lab: Lab) -> None:
    embedded_lab.worker()
    run = embedded_lab.create_one(steps=600, evaluate_every=200)  # of half a second nothing is told
    (ended,) = embedded_lab.wait_for_success(run)
    log = log_of(embedded_lab, run)
    told = [line for line in log if "checkpoint" not in line.message]
    assert [shape_of(line.message) for line in told] == [
        *BEGUN,
        "training begins with its initial weights",
        *[EVALUATED] * 3,
        "tested the weights after step N: ROC-AUC N, accuracy N",
        "succeeded",
    ]
    assert [line.number for line in log] == list(range(1, len(log) + 1))
    assert {line.level for line in log} == {"info"}
    assert [line.step for line in told][3:] == [0, 200, 400, 600, 600, 600]
    assert f"by worker {ended.worker_id} on" in log[0].message
    with embedded_lab.database.reading() as session:
        usage = usage_series(session, run.id)
    assert set(usage["attempt"]) == {1}
    assert 0.02 < min(usage["processors"]) <= max(usage["processors"]) < 2 * (os.cpu_count() or 1)
    assert min(usage["memory"]) > 50e6


def test_a_killed_attempt_doubles_and_loses_no_line(embedded_lab: Lab) -> None:
    embedded_lab.worker()
    embedded_lab.spoiled.save_early()
    embedded_lab.spoiled.at(45, LONG_STEP)
    embedded_lab.spoiled.at(50, NEVER)
    run = embedded_lab.create_one(**SPEC)
    embedded_lab.wait_for_checkpoint(run)
    wait_until("the long step", embedded_lab.spoiled.is_used_up)
    before = [line.message for line in log_of(embedded_lab, run)]
    assert any("evaluated after step 20" in message for message in before)
    kill_attempt(run)
    embedded_lab.wait_for_success(run)
    log = log_of(embedded_lab, run)
    messages = [line.message for line in log]
    assert messages[: len(before)] == before
    assert [line.number for line in log] == list(range(1, len(log) + 1))
    killed = next(line for line in log if "was ended by SIGKILL" in line.message)
    assert (killed.level, killed.attempt) == ("warning", 1)
    assert killed.message.startswith("queued again: attempt 1 was ended by SIGKILL")
    assert "Look at the machine's memory" in killed.message
    second = [line.message for line in log if line.attempt == 2]
    assert [shape_of(message) for message in second[:3]] == BEGUN
    assert second[3].startswith("training goes on from the checkpoint after step ")
    assert messages[-1] == "succeeded"
    assert sum("evaluated after step 60" in message for message in messages) == 1


def test_a_training_that_cannot_go_on_says_what_to_do(embedded_lab: Lab) -> None:
    embedded_lab.worker()
    embedded_lab.spoiled.at(30, "nan")
    run = embedded_lab.create_one(**SPEC)
    embedded_lab.wait_for_state(run, RunState.FAILED)
    last = log_of(embedded_lab, run)[-1]
    assert last.level == "error"
    assert last.message.startswith("failed: at step 30 the loss was nan")
    assert last.message.endswith("A larger optimizer.eps helps: 1e-8 is PyTorch's, 1e-5 Trax's.")
