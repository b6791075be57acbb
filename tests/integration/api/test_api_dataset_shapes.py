"""Triplets, scored pairs and pairs without a label over HTTP: taken, told, shown and planned on."""

import json
from typing import Any

import pytest

from support.api import SPEC, ApiForTests, pointers

TRIPLETS = "".join(
    json.dumps(
        {"anchor": f"how is {n} made", "positive": f"how to make {n}", "negative": f"why {n}"}
    )
    + "\n"
    for n in range(60)
)
SCORED = "sentence1\tsentence2\tscore\n" + "".join(
    f"a man saws log {n}\ta man cuts log {n}\t{n % 6}.2\n" for n in range(120)
)
ANSWERS = "query,answer\n" + "".join(f"who made {n},it was {n}\n" for n in range(120))
SMALL: dict[str, Any] = {
    "split": {"kind": "in_order", "train_rows": 90, "test_rows": 30},
    "batch_size": 4,
    "steps": 10,
    "evaluate_every": 5,
    "validation_batches": 1,
}


def upload(api: ApiForTests, content: str, filename: str, **form: str) -> Any:
    return api.http.post(
        "/v1/datasets", files={"file": (filename, content)}, data={"name": "mine", **form}
    )


def planned(api: ApiForTests, **changes: Any) -> Any:
    body = {**SPEC, **SMALL, "dataset": "mine", **changes}
    return api.http.post("/v1/experiments", json=body, params={"dry_run": True})


def test_triplets_are_taken_as_pairs_that_show_which_triplet_they_are_of(api: ApiForTests) -> None:
    reply = upload(api, TRIPLETS, "train.jsonl")
    assert reply.status_code == 201, reply.text
    view = reply.json()
    assert (view["shape"], view["rows"], view["duplicates"]) == ("triplets", 120, 60)
    columns = {"question1": "anchor", "question2": "positive", "negatives": ["negative"]}
    assert view["columns"] == columns
    assert api.get("/v1/datasets/mine") == view
    items = api.get("/v1/datasets/mine/pairs", limit=3)["items"]
    assert [(one["question2"], one["duplicate"], one["triplet"]) for one in items] == [
        ("how to make 0", True, 0),
        ("why 0", False, 0),
        ("how to make 1", True, 1),
    ]
    assert items[0]["score"] is None
    assert planned(api, decision={"metric": "test.triplet_accuracy"}).status_code == 200
    correlated = planned(api, decision={"metric": "test.spearman"})
    assert (correlated.status_code, pointers(correlated)) == (422, ["/decision/metric"])
    assert "and these pairs have none; decide by another metric" in correlated.text
    # 119 pairs train, so the only triplet that the test has a part of lacks its positive
    cut = {"kind": "in_order", "train_rows": 119, "test_rows": 1}
    torn = planned(api, split=cut, decision={"metric": "test.triplet_accuracy"})
    assert "no triplet has its positive and a negative among the 1 test pairs" in torn.text


def test_scored_pairs_show_their_scores_and_train_from_a_score_on(api: ApiForTests) -> None:
    refused = upload(api, SCORED, "sts.tsv")
    assert (refused.status_code, pointers(refused)) == (422, ["/duplicate_from"])
    view = upload(api, SCORED, "sts.tsv", duplicate_from="3.2").json()
    assert (view["shape"], view["columns"]["score"]) == ("scored_pairs", "score")
    assert view["duplicates"] == 60
    items = api.get("/v1/datasets/mine/pairs", limit=4)["items"]
    assert [(one["score"], one["duplicate"]) for one in items] == [
        (0.2, False),
        (1.2, False),
        (2.2, False),
        (3.2, True),
    ]
    assert planned(api, decision={"metric": "test.spearman"}).status_code == 200
    triplets = planned(api, decision={"metric": "test.triplet_accuracy"})
    assert "is of triplets, and this data set has pairs" in triplets.text
    high = upload(api, SCORED, "sts.tsv", duplicate_from="9", name="high").json()
    assert high["warnings"][0].startswith("The score of every pair is below `duplicate_from`, so ")


def test_pairs_without_a_label_train_and_are_not_decided_by_labels(api: ApiForTests) -> None:
    view = upload(api, ANSWERS, "answers.csv").json()
    assert (view["shape"], view["duplicate_share"]) == ("positive_pairs", 1)
    assert view["warnings"][0].startswith("Every pair belongs together, and trains with the other")
    refused = planned(api)
    assert (refused.status_code, pointers(refused)) == (422, ["/decision/metric"])
    assert planned(api, decision={"metric": "validation.baseline_loss"}).status_code == 200


def test_rows_that_labels_leaves_out_are_counted_and_stay_so(api: ApiForTests) -> None:
    rows = "premise,hypothesis,label\na,b,entailment\nc,d,neutral\ne,f,contradiction\ng,h,-\n"
    labels = '{"entailment": 1, "contradiction": 0, "neutral": null, "-": null}'
    view = upload(api, rows, "nli.csv", labels=labels).json()
    assert (view["rows"], view["left_out"]) == (2, {"neutral": 1, "-": 1})
    assert view["warnings"] == [
        "2 rows are left out, as `labels` says of the label: 1 'neutral', 1 '-'."
    ]
    assert api.get("/v1/datasets/mine")["left_out"] == {"neutral": 1, "-": 1}


@pytest.mark.parametrize(
    ("form", "field", "words"),
    [
        ({"labels": "{entailment: 1}"}, "/labels", 'write it like {"entailment": 1'),
        ({"labels": "[1]"}, "/labels", "is an object of 1 to 100 values"),
        ({"labels": '{"a": 2}'}, "/labels", "the value 'a' may mean 1 (duplicates), 0"),
        ({"labels": '{"a": 0, "b": null}'}, "/labels", "no value means 1"),
        ({"labels": '{"a": 0, " a": 1}'}, "/labels", "the value 'a' is listed twice"),
        ({"label": "x", "score": "y"}, "/score", "only scored pairs have this"),
        ({"shape": "triplets", "labels": '{"a": 1}'}, "/labels", "only labelled pairs have this"),
        ({"negatives": "[1]"}, "/negatives", "a JSON list of names"),
        ({"negatives": "[]"}, "/negatives", "there may be 1 to 32"),
        ({"shape": "quadruplets"}, "/shape", ""),
        ({"duplicate_from": "nan"}, "/duplicate_from", ""),
        ({"question1": "a", "negatives": '["a "]'}, "", "can be used only once"),
    ],
)
def test_what_is_said_of_columns_is_refused_at_its_field(
    api: ApiForTests, form: dict[str, str], field: str, words: str
) -> None:
    reply = upload(api, "a,b,label\nc,d,1\n", "a.csv", **form)
    assert (reply.status_code, pointers(reply)) == (422, [field])
    assert words in reply.json()["errors"][0]["detail"]
