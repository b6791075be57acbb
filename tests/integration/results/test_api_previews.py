"""Routes that look inside: a run's mistakes, a data set's pairs and lengths, verdicts in lists."""

import numpy as np
import pytest

from support.api import GENERATED, ApiForTests, StartService, refused
from support.shown_runs import TEST_PAIRS, shown_experiment


@pytest.fixture
def api(start_service: StartService) -> ApiForTests:
    return start_service()


def test_mistakes_are_the_pairs_on_the_wrong_side_the_farthest_first(api: ApiForTests) -> None:
    run = api.runs(shown_experiment(api, seeds=1))[0].id
    scores = api.get(f"/v1/runs/{run}/scores")
    called = [score > 0.7 for score in scores["score"]]
    wrong = {
        row
        for row, label, one in zip(scores["row"], scores["label"], called, strict=True)
        if one != (label == 1)
    }
    found, after = [], 0
    while after is not None:
        piece = api.get(f"/v1/runs/{run}/mistakes", after=after, limit=7)
        assert piece["wrong"] == len(wrong)
        assert (piece["pairs"], piece["threshold"]) == (TEST_PAIRS, 0.7)
        found += piece["items"]
        after = piece["next"]
    assert {one["row"] for one in found} == wrong
    assert len(found) == len(wrong)
    far = [abs(one["similarity"] - 0.7) for one in found]
    assert far == sorted(far, reverse=True)
    one = found[0]
    pair = api.get(f"/v1/datasets/{GENERATED}/pairs", after=one["row"], limit=1)["items"][0]
    assert (one["question1"], one["question2"]) == (pair["question1"], pair["question2"])


def test_the_two_kinds_of_mistakes_share_out_all_of_them(api: ApiForTests) -> None:
    run = api.runs(shown_experiment(api, seeds=1))[0].id
    kinds = {kind: api.get(f"/v1/runs/{run}/mistakes", kind=kind, limit=100) for kind in
             ("all", "called_duplicate", "called_different")}  # fmt: skip
    assert not any(one["duplicate"] for one in kinds["called_duplicate"]["items"])
    assert all(one["duplicate"] for one in kinds["called_different"]["items"])
    parts = kinds["called_duplicate"]["wrong"] + kinds["called_different"]["wrong"]
    assert kinds["all"]["wrong"] == parts > 0


def test_labels_that_are_wrong_on_purpose_are_told_beside_the_mistakes(api: ApiForTests) -> None:
    run = api.runs(shown_experiment(api, seeds=1))[0].id
    note = api.get(f"/v1/runs/{run}/mistakes")["note"]
    assert note.startswith("2% of the labels of questions-generated are wrong on purpose")


def test_a_run_that_has_not_succeeded_has_no_mistakes_yet(api: ApiForTests) -> None:
    run = api.runs(api.submit()["id"])[0].id
    refused(api.http.get(f"/v1/runs/{run}/mistakes"), 409, "queued")
    refused(api.http.get(f"/v1/runs/{run}/mistakes", params={"limit": 101}), 422)
    refused(api.http.get("/v1/runs/run_" + "0" * 26 + "/mistakes"), 404)


def test_pairs_come_in_the_order_of_the_file_piece_by_piece(api: ApiForTests) -> None:
    lines = "".join(f"first {n},second {n},{n % 2}\n" for n in range(25))
    text = f"question1,question2,is_duplicate\n{lines}"
    api.http.post("/v1/datasets", files={"file": ("a.csv", text)}, data={"name": "mine"})
    first = api.get("/v1/datasets/mine/pairs", limit=20)
    rest = api.get("/v1/datasets/mine/pairs", limit=20, after=first["next"])
    items = first["items"] + rest["items"]
    assert [one["question1"] for one in items] == [f"first {n}" for n in range(25)]
    assert [one["duplicate"] for one in items] == [n % 2 == 1 for n in range(25)]
    assert (rest["next"], rest["rows"]) == (None, 25)
    assert api.get("/v1/datasets/mine/pairs", after=99)["items"] == []


def test_lengths_count_every_question_once_by_the_label_of_its_pair(api: ApiForTests) -> None:
    about = api.get(f"/v1/datasets/{GENERATED}")
    found = api.get(f"/v1/datasets/{GENERATED}/lengths")
    assert sum(found["duplicates"]) == 2 * about["duplicates"]
    assert sum(found["others"]) == 2 * (about["rows"] - about["duplicates"])
    both = np.array(found["duplicates"]) + np.array(found["others"])
    mean = np.average(found["start"], weights=both)
    assert mean == pytest.approx(about["token_length_mean"], abs=1e-9)  # bars of one token each


def test_the_last_bar_of_the_lengths_holds_all_that_are_longer(api: ApiForTests) -> None:
    lines = "".join(f"a b,c d,{n % 2}\n" for n in range(300)) + f"{'w ' * 900},x,0\n"
    text = f"question1,question2,is_duplicate\n{lines}"
    api.http.post("/v1/datasets", files={"file": ("a.csv", text)}, data={"name": "long"})
    found = api.get("/v1/datasets/long/lengths")
    assert len(found["start"]) <= 40
    assert found["others"][-1] == 1
    assert sum(found["others"]) + sum(found["duplicates"]) == 602


@pytest.mark.parametrize(
    ("seeds", "metric"), [(1, "test.roc_auc"), (6, "test.accuracy"), (8, "validation.accuracy")]
)
def test_verdicts_in_the_list_are_those_of_the_results(
    api: ApiForTests, seeds: int, metric: str
) -> None:
    arms = [
        {"name": name, "loss": {"terms": [{"kind": "mean_negative", "margin": margin}]}}
        for name, margin in (("vanilla", 0.1), ("modified", 0.2), ("third", 0.3))
    ]
    found = shown_experiment(api, seeds=seeds, arms=arms, decision={"metric": metric})
    (listed,) = api.get("/v1/experiments")["items"]
    results = api.get(f"/v1/experiments/{found}/results")
    expected = [
        {name: one[name] for name in ("a", "b", "verdict", "mean_difference", "warnings")}
        for one in results["comparisons"]
        if one["role"] == "primary" and one["b"] == "vanilla"
    ]
    assert listed["verdicts"] == expected
    assert listed["metric"] == metric
    assert (listed["arms"], listed["progress"]) == (["vanilla", "modified", "third"], 1.0)


def test_an_experiment_that_goes_on_has_progress_and_no_verdict_in_the_list(
    api: ApiForTests,
) -> None:
    made = api.submit(seeds={"count": 1})
    api.train(api.runs(made["id"])[0].id, accuracy=0.8)
    (listed,) = api.get("/v1/experiments")["items"]
    assert (listed["progress"], listed["verdicts"]) == (0.5, [])
    assert api.get(f"/v1/experiments/{made['id']}")["progress"] == 0.5


def test_a_stream_from_now_tells_only_what_comes(api: ApiForTests) -> None:
    made = api.submit(seeds={"count": 1})
    first, second = api.runs(made["id"])
    api.train(first.id, accuracy=0.8)
    place = f"/v1/experiments/{made['id']}/events"
    with api.http.stream("GET", place, params={"from_now": "true"}) as reply:
        api.train(second.id, accuracy=0.7)
        text = "".join(reply.iter_text())
    assert second.id in text
    assert first.id not in text
    assert text.count("event: steps") == 1
    assert "event: end" in text
