"""`log`, `weights`, `predict` and `reproduce`: what they print, and how they end."""

import json
import subprocess
import threading
from collections.abc import Callable

import pytest

from models.files.run_files import WEIGHTS
from models.states import RunState
from models.store import predictions
from models.store.reproducing import reproductions
from models.store.run_life import runs
from models.store.tables import Prediction

from support.api import ApiForTests, StartService, now
from support.commands import COMMAND, environment, tripletlab
from support.stored import LOG, store_told
from support.workers import wait_until

CONTENT = bytes(range(256)) * 100


@pytest.fixture
def api(start_service: StartService) -> ApiForTests:
    """One kind of database is enough here: the command speaks HTTP alone."""
    return start_service()


@pytest.fixture
def run_id(api: ApiForTests) -> str:
    found: str = api.submit()["runs"][0]["id"]
    api.train(found, accuracy=0.7, weights=CONTENT)
    return found


def meanwhile(work: Callable[[], object], *command: str) -> subprocess.CompletedProcess[str]:
    """Run the command while a worker's part is played beside it."""
    worker = threading.Thread(target=work)
    worker.start()
    done = tripletlab(*command)
    worker.join()
    return done


def test_weights_come_out_as_they_are(api: ApiForTests, run_id: str) -> None:
    command = [str(COMMAND), "weights", run_id, "--url", api.url]
    done = subprocess.run(command, capture_output=True, env=environment())
    assert (done.returncode, done.stdout) == (0, CONTENT), done.stderr


def test_weights_of_another_hash_are_not_passed_on(api: ApiForTests, run_id: str) -> None:
    (api.settings.run_dir(run_id) / WEIGHTS).write_bytes(b"changed")
    done = tripletlab("weights", run_id, "--url", api.url)
    assert (done.returncode, done.stdout) == (1, "")
    assert "weights.safetensors" in done.stderr
    assert "is not what was stored" in done.stderr


def answer(api: ApiForTests, similarity: float | None) -> None:
    def question() -> Prediction | None:
        with api.database.reading() as session:
            return predictions.next_request(session, "wrk_t", now(), 30)

    asked = wait_until("a question", question)
    with api.database.transaction() as session:
        if similarity is None:
            assert predictions.fail(session, asked, "the weights are gone", now())
        else:
            assert predictions.answer(
                session,
                asked,
                similarities=[similarity],
                unknown_words=[["zxcv", "qwer"]],
                threshold=0.5,
                now=now(),
            )


def test_predict_prints_the_similarity_and_the_decision(api: ApiForTests, run_id: str) -> None:
    command = ("predict", run_id, "How?", "Why?", "--url", api.url)
    done = meanwhile(lambda: answer(api, 0.75), *command)
    assert (done.returncode, done.stdout) == (0, "0.7500 duplicate (threshold 0.5)\n"), done.stderr
    assert done.stderr == "Not in the training data: zxcv, qwer.\n"
    unknown = ("predict", run_id, "zxcv?", "qwer", "--url", api.url)
    done = meanwhile(lambda: answer(api, 1.0), *unknown)
    assert "No word of them was seen in training" in done.stderr
    done = meanwhile(lambda: answer(api, None), *command)
    assert (done.returncode, done.stderr) == (1, "There is no prediction: the weights are gone\n")


def train_again(api: ApiForTests, run_id: str, accuracy: float) -> None:
    def queued() -> str | None:
        with api.database.reading() as session:
            found = reproductions.reproductions_of(session, run_id)
        return next((again.id for _, again in found if again.state == "queued"), None)

    again = wait_until("a training again", queued)
    api.train(again, accuracy=accuracy, weights=CONTENT)


@pytest.mark.parametrize(
    ("accuracy", "code", "sentence"),
    [
        (0.7, 0, "Identical: every value of 20 steps, 3 evaluations and 3 test scores"),
        (0.75, 1, "Not identical: accuracy of the test evaluation after step 20 was recorded as"),
    ],
)
def test_reproduce_says_whether_every_figure_is_the_same(
    api: ApiForTests, run_id: str, accuracy: float, code: int, sentence: str
) -> None:
    done = meanwhile(
        lambda: train_again(api, run_id, accuracy), "reproduce", run_id, "--url", api.url
    )
    assert done.returncode == code, done.stderr
    assert done.stdout.startswith(sentence)
    assert f"Training again: {api.url}/v1/runs/run_" in done.stderr


def test_a_run_that_has_not_succeeded_is_refused_in_words(api: ApiForTests) -> None:
    run_id = api.submit()["runs"][0]["id"]
    for command in (["weights", run_id], ["predict", run_id, "a", "b"], ["reproduce", run_id]):
        done = tripletlab(*command, "--url", api.url)
        assert done.returncode == 1
        assert f"run {run_id} is queued" in done.stderr


def test_log_prints_what_happened_with_when_it_did(api: ApiForTests) -> None:
    run_id = api.submit()["runs"][0]["id"]
    done = tripletlab("log", run_id, "--url", api.url)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"{run_id} has no log: it is queued.\n"
    attempt = api.claim(run_id)
    with api.database.transaction() as session:
        store_told(session, run_id, attempt)
    done = tripletlab("log", run_id, "--url", api.url)
    lines = done.stdout.splitlines()
    assert lines[0] == f"2026-01-01 00:00:01  {LOG[0][1]}"
    assert lines[2] == f"2026-01-01 00:00:03  warning: {LOG[2][1]}"
    assert len(lines) == len(LOG)
    document = json.loads(tripletlab("log", run_id, "--json", "--url", api.url).stdout)
    assert [one["message"] for one in document] == [text for _, text in LOG]


def test_log_follows_a_run_to_its_end(api: ApiForTests) -> None:
    run_id = api.submit()["runs"][0]["id"]

    def work() -> None:
        wait_until("a reader of the log", lambda: api.claim(run_id))
        with api.database.transaction() as session:
            store_told(session, run_id)
            runs.finish(session, run_id, 1, RunState.FAILED, reason="it diverged", now=now())

    done = meanwhile(work, "log", run_id, "--follow", "--url", api.url)
    assert done.returncode == 0, done.stderr
    assert [line[21:] for line in done.stdout.splitlines()] == [
        *(text if level == "info" else f"{level}: {text}" for level, text in LOG),
        "error: failed: it diverged",
    ]
