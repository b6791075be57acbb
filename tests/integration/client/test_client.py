"""The Python client on a real service, also alone in its interpreter as where it is copied to."""

import json
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from api import client as source
from api.client import (
    Client,
    Comparison,
    Conflict,
    Experiment,
    Invalid,
    Misused,
    NoAnswer,
    NoPrediction,
    TooSlow,
    Unauthorized,
)
from api.serving.embedded_service import HttpThread, listen
from models.files.run_files import WEIGHTS
from models.store import predictions

from support.alone import ALONE
from support.api import GENERATED, SPEC, ApiForTests, now
from support.workers import wait_until


def ended(api: ApiForTests, lab: Client, **changes: Any) -> Experiment:
    asked = lab.submit({**SPEC, **changes})
    for run in asked.runs:
        api.train(run.id, accuracy=0.7 + 0.01 * run.seed)
    return lab.experiment(asked)


def test_the_served_file_works_where_httpx_alone_is_installed(
    api: ApiForTests, tmp_path: Path
) -> None:
    reply = api.http.get("/client/tripletlab.py")
    assert reply.headers["content-type"].startswith("text/x-python")
    assert reply.content == Path(source.__file__).read_bytes()
    (tmp_path / "tripletlab.py").write_bytes(reply.content)
    use = (
        "import json\nfrom tripletlab import Client\n"
        "with Client() as lab:\n"
        f"    asked = lab.submit(json.loads({json.dumps(json.dumps(SPEC))}))\n"
        "    print(asked.state, len(asked.runs), lab.cancel(asked).state)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", ALONE + use],
        cwd=tmp_path,
        env={"TRIPLETLAB_URL": api.url},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, "queued 4 cancelled\n"), done.stderr


def test_the_file_is_open_though_the_service_has_keys(api: ApiForTests) -> None:
    header = api.key("submit")
    assert api.http.get("/client/tripletlab.py").status_code == 200
    with Client(api.url, "") as stranger, pytest.raises(Unauthorized, match="API key"):
        stranger.datasets()
    with Client(api.url, header["Authorization"].removeprefix("Bearer ")) as known:
        assert [one.name for one in known.datasets()] == [GENERATED]


def test_address_and_key_come_from_the_environment(
    api: ApiForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = api.key("read")
    monkeypatch.setenv("TRIPLETLAB_URL", api.url)
    monkeypatch.setenv("TRIPLETLAB_KEY", header["Authorization"].removeprefix("Bearer "))
    with Client() as lab:
        assert lab.url == api.url
        assert lab.recipes()["name"]


def test_the_same_idempotency_key_asks_once_and_a_dry_run_asks_nothing(
    api: ApiForTests, lab: Client
) -> None:
    assert lab.dry_run(SPEC).runs == 4
    assert api.get("/v1/experiments")["items"] == []
    first = lab.submit(SPEC, idempotency_key="once")
    assert lab.submit(SPEC, idempotency_key="once").id == first.id
    assert first.document["spec"]["name"] == first.name == "A small question"


def test_waiting_sees_each_change_and_ends_with_the_experiment(
    api: ApiForTests, lab: Client
) -> None:
    asked = lab.submit(SPEC)
    seen: list[Experiment] = []

    def changes_since(before: int) -> bool:
        return len(seen) > before

    def work() -> None:
        wait_until("the first snapshot", lambda: seen)
        for run in asked.runs:
            before = len(seen)
            api.train(run.id, accuracy=0.7)
            wait_until("the change to be seen", partial(changes_since, before))

    worker = threading.Thread(target=work)
    worker.start()
    done = lab.wait(asked, seen.append)
    worker.join()
    assert (done.state, done.progress, done.ended) == ("succeeded", 1.0, True)
    assert len(seen) >= 5
    assert seen[0].state == "queued"
    assert seen[-1] is done


def test_waiting_gives_up_when_it_was_told_to(lab: Client) -> None:
    with pytest.raises(TooSlow, match="still queued after 0 s"):
        lab.wait(lab.submit(SPEC), timeout=0)


def test_a_service_that_comes_back_is_followed_on(api: ApiForTests, lab: Client) -> None:
    asked = lab.submit(SPEC)
    follow = lab.follow(asked)
    assert next(follow).state == "queued"
    port = int(api.url.rpartition(":")[2])
    api.thread.stop()

    again: list[HttpThread] = []

    def come_back() -> None:
        time.sleep(2.0)  # in which nothing listens, so that the client finds nobody
        again.append(HttpThread(api.settings, listen("127.0.0.1", port), quiet=True))
        again[0].start()
        with Client(api.url, "") as other:
            other.cancel(asked)

    beside = threading.Thread(target=come_back)
    beside.start()
    assert next(follow).state == "cancelled"
    beside.join()
    again[0].stop()


def test_a_service_that_stays_away_is_given_up(
    api: ApiForTests, lab: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Exception] = []
    follow = lab.follow(lab.submit(SPEC), told.append)
    next(follow)
    api.thread.stop()
    monkeypatch.setattr(source, "OUTAGE", 1.5)
    with pytest.raises(NoAnswer, match="No service answers"):
        next(follow)
    assert len(told) == 1, "why, as soon as it is away, and once"


def test_results_are_records_and_frames(api: ApiForTests, lab: Client) -> None:
    asked = ended(api, lab)
    results = lab.results(asked)
    assert (results.state, results.complete) == ("succeeded", True)
    (decision,) = results.decisions
    assert (decision.a, decision.b, decision.verdict) == ("modified", "vanilla", "undecided")
    assert decision.sentence == results.sentence
    assert decision.interval == (0.0, 0.0)
    assert decision.pairs == {
        "seed": [0, 1],
        "a": [0.7, 0.71],
        "b": [0.7, 0.71],
        "difference": [0, 0],
    }
    assert results.document == api.get(f"/v1/experiments/{asked.id}/results")
    frame = results.runs.frame()
    assert frame["arm"].tolist() == ["vanilla"] * 2 + ["modified"] * 2
    assert frame["test.accuracy"].tolist() == [0.7, 0.71] * 2
    curves = results.curves.frame("polars")
    assert curves["step"].to_list() == [10, 20] * 4
    assert curves["train.loss"].to_list() == [1.0, 0.5] * 4
    with pytest.raises(Misused, match="must be 'pandas' or 'polars', not 'excel'"):
        results.runs.frame("excel")


def test_figures_of_a_run_come_in_columns(api: ApiForTests, lab: Client) -> None:
    run = ended(api, lab).runs[0]
    assert lab.steps(run)["step"] == list(range(1, 21))
    assert len(lab.steps(run, after=10)["loss"]) == 10
    assert set(lab.steps(run, figures=["lr"])) == {"step", "lr"}
    assert lab.evaluations(run)["split"] == ["validation", "test", "validation"]
    assert lab.log(run)["message"] == ["succeeded"]
    assert lab.log(run, after=1) == {}
    assert lab.usage(run)["memory"] == []
    assert lab.scores(run)["score"] == [0.5, -0.25, 1.0]
    frame = lab.steps(run).frame("polars")
    assert frame.height == 20


def test_two_arms_are_compared(api: ApiForTests, lab: Client) -> None:
    asked = ended(api, lab)
    found = lab.compare(f"{asked.id}/vanilla", f"{asked.id}/modified", metric="test.roc_auc")
    assert isinstance(found, Comparison)
    assert (found.metric, found.mean_difference) == ("test.roc_auc", 0)


def test_weights_are_written_whole_or_not_at_all(
    api: ApiForTests, lab: Client, tmp_path: Path
) -> None:
    run = ended(api, lab).runs[0]
    folder = tmp_path / "taken along"
    folder.mkdir()
    path = lab.weights(run, folder / "w.safetensors")
    assert path.read_bytes() == b"weights"
    (api.settings.run_dir(run.id) / WEIGHTS).write_bytes(b"changed")
    with pytest.raises(source.Refused, match=r"weights\.safetensors .* is damaged"):
        lab.weights(run, folder / "other")
    with pytest.raises(Conflict):
        lab.weights(lab.submit(SPEC).runs[0], folder / "other")
    assert [found.name for found in folder.iterdir()] == ["w.safetensors"]


def test_a_file_of_pairs_is_uploaded_with_its_own_columns(lab: Client, tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("one,two,same\na b,c d,1\ne f,g h,0\n")
    columns: dict[str, Any] = {"question1": "one", "question2": "two", "label": "same"}
    made = lab.upload(path, "mine", **columns)
    assert (made.rows, made.duplicates) == (2, 1)
    told = lab.upload(path, "one-left", **columns, labels={"1": 1, "0": None})
    assert told.document["left_out"] == {"0": 1}
    triplets = lab.upload(path, "three", question1="one", question2="two", negatives=["same"])
    assert (triplets.document["shape"], triplets.rows) == ("triplets", 4)
    with pytest.raises(Invalid) as refused:
        lab.upload(path, "other")
    assert refused.value.errors[0]["pointer"] == "/file"


def test_a_worker_answers_about_pairs_or_says_why_not(api: ApiForTests, lab: Client) -> None:
    run = ended(api, lab).runs[0]

    def answer(reason: str | None) -> None:
        def question() -> Any:
            with api.database.reading() as session:
                return predictions.next_request(session, "wrk_t", now(), 30)

        asked = wait_until("a question", question)
        with api.database.transaction() as session:
            if reason:
                predictions.fail(session, asked, reason, now())
            else:
                predictions.answer(
                    session,
                    asked,
                    similarities=[0.75, 0.25],
                    unknown_words=[[], []],
                    threshold=0.5,
                    now=now(),
                )

    pairs = [("How?", "Why?"), ("a", "b")]
    worker = threading.Thread(target=answer, args=(None,))
    worker.start()
    found = lab.predict(run, pairs)
    worker.join()
    assert [(one.question1, one.similarity, one.duplicate) for one in found] == [
        ("How?", 0.75, True),
        ("a", 0.25, False),
    ]
    worker = threading.Thread(target=answer, args=("the weights are gone",))
    worker.start()
    with pytest.raises(NoPrediction, match="the weights are gone"):
        lab.predict(run, pairs)
    worker.join()
