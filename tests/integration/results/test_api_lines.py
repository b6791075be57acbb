"""The lines that take no training, beside the results of an experiment."""

import csv
from typing import Any

import pytest

from models.store.metrics.lines import keep_tf_idf, keep_zero_shot

from support.api import SPEC, ApiForTests
from support.uploads import upload_model
from support.vectors import SOME, as_text


def results(api: ApiForTests, made: dict[str, Any]) -> Any:
    return api.get(f"/v1/experiments/{made['id']}/results")


def test_every_line_stands_beside_the_answer(api: ApiForTests) -> None:
    made = api.submit()
    before = results(api, made)["baselines"]
    assert (before["untrained"], before["tf_idf"], before["zero_shot"]) == (None, None, None)
    with api.database.transaction() as session:
        keep_tf_idf(session, made["id"], {"test.accuracy": 0.74, "test.roc_auc": 0.85})
        keep_tf_idf(session, made["id"], {"test.accuracy": 0.1})  # of another run: it is kept once
    for run in made["runs"]:
        untrained = 0.6 + 0.01 * run["seed"] + 0.2 * (run["arm"] == "modified")
        api.train(run["id"], accuracy=0.7 + 0.02 * run["seed"], untrained=untrained)
    document = results(api, made)
    lines = document["baselines"]
    assert lines["untrained"] == pytest.approx({"vanilla": 0.605, "modified": 0.805})
    assert lines["tf_idf"] == 0.74
    assert lines["by_metric"].keys() == {"test.accuracy", "test.roc_auc", "test.average_precision"}
    for metric, own in lines["by_metric"].items():
        # once more by plain arithmetic, from each run
        for arm in document["arms"]:
            values = [run["untrained"][metric] for run in arm["runs"]]
            assert own["untrained"][arm["name"]] == pytest.approx(sum(values) / len(values))
    assert lines["by_metric"]["test.roc_auc"]["tf_idf"] == 0.85
    assert lines["by_metric"]["test.average_precision"]["tf_idf"] is None
    first = document["comparisons"][0]
    assert [one["kind"] for one in first["warnings"]] == ["below_untrained", "below_tf_idf"]
    assert first["sentence"].endswith(
        "Neither modified nor vanilla is above 0.8050, which modified has before its first step, "
        "so training has gained nothing here. Neither modified nor vanilla is above 0.7400, which "
        "the cosine of TF-IDF vectors has without any network, so counting words does as well."
    )
    # the list, the comparison by itself and the exported runs say the same
    (listed,) = api.get("/v1/experiments")["items"]
    assert listed["verdicts"][0]["warnings"] == first["warnings"]
    sides = {one: f"{made['id']}/{one}" for one in ("modified", "vanilla")}
    alone = api.get("/v1/comparisons", a=sides["modified"], b=sides["vanilla"])
    assert alone["sentence"] == first["sentence"]
    path = f"/v1/experiments/{made['id']}/export"
    exported = api.http.get(path, params={"table": "runs", "format": "csv"}).text.splitlines()
    rows = list(csv.DictReader(exported))
    assert [row["untrained.test.accuracy"] for row in rows] == ["0.6", "0.8", "0.61", "0.81"]


def test_a_pretrained_arm_has_its_models_line_in_place_of_its_start(api: ApiForTests) -> None:
    assert upload_model(api).status_code == 201
    encoder = {"kind": "pretrained", "model": "toy", "max_tokens": 24}
    arms = [
        {**SPEC["arms"][0], "encoder": encoder},
        {**SPEC["arms"][1], "encoder": encoder},
        {**SPEC["arms"][1], "name": "drawn"},
    ]
    made = api.submit(arms=arms)
    assert results(api, made)["baselines"]["zero_shot"] is None
    for run in made["runs"]:
        start = 0.6 if run["arm"] == "drawn" else 0.8
        api.train(run["id"], accuracy=0.7, untrained=start)
    document = results(api, made)
    lines = document["baselines"]
    assert lines["zero_shot"] == pytest.approx({"vanilla": 0.8, "modified": 0.8})
    assert lines["untrained"] == pytest.approx({"drawn": 0.6})
    assert lines["by_metric"]["test.roc_auc"]["zero_shot"] == {"vanilla": 0.6, "modified": 0.6}
    told = {(one["a"], one["b"]): one["warnings"] for one in document["comparisons"][:2]}
    for pair, warnings in told.items():
        assert [one["kind"] for one in warnings] == ["below_zero_shot"], pair
    text = api.http.get(f"/v1/experiments/{made['id']}/report").text
    assert text.count("the model of vanilla and modified, zero-shot") > 0
    assert "vanilla before its first step" not in text


def test_an_arm_with_token_vectors_has_their_line_beside_its_own_start(api: ApiForTests) -> None:
    files = {"file": ("toy.txt", as_text(SOME))}
    assert api.http.post("/v1/vectors", files=files, data={"name": "toy"}).status_code == 201
    encoder = {"kind": "bag", "embedding_dim": 3}
    drawn, toy = (
        {**SPEC["arms"][1], "name": name, "encoder": {**encoder, "vectors": vectors}}
        for name, vectors in (("drawn", None), ("toy", "toy"))
    )
    made = api.submit(arms=[drawn, toy])
    with api.database.transaction() as session:
        keep_zero_shot(session, made["id"], "toy", {"test.accuracy": 0.75, "test.roc_auc": 0.8})
        keep_zero_shot(session, made["id"], "toy", {"test.accuracy": 0.1})  # it is kept once
    for run in made["runs"]:
        api.train(run["id"], accuracy=0.7, untrained=0.6)
    document = results(api, made)
    lines = document["baselines"]
    assert lines["untrained"] == pytest.approx({"drawn": 0.6, "toy": 0.6})
    assert lines["zero_shot"] == {"toy": 0.75}
    assert lines["by_metric"]["test.roc_auc"]["zero_shot"] == {"toy": 0.8}
    assert lines["by_metric"]["test.average_precision"]["zero_shot"] is None
    (first, *_) = document["comparisons"]
    assert [one["kind"] for one in first["warnings"]] == ["below_zero_shot"]
    assert "0.7500, which the mean of the token vectors of toy has, so" in first["sentence"]
    (listed,) = api.get("/v1/experiments")["items"]
    assert listed["verdicts"][0]["warnings"] == first["warnings"]
    text = api.http.get(f"/v1/experiments/{made['id']}/report").text
    assert text.count("the token vectors of toy, zero-shot") > 0
    again = api.http.post(f"/v1/runs/{made['runs'][-1]['id']}/reproduce").json()["again"]
    own = api.get(f"/v1/runs/{again}")["experiment"]
    assert api.get(f"/v1/experiments/{own}/results")["baselines"]["zero_shot"] == {"toy": 0.75}


def test_the_lines_of_a_loss_are_losses_and_words_have_none(api: ApiForTests) -> None:
    made = api.submit(decision={"metric": "validation.loss"})
    for run in made["runs"]:
        api.train(run["id"], accuracy=0.7, untrained=0.5)  # losses of 3 before, and 2 at the end
    document = results(api, made)
    assert document["baselines"]["untrained"] == {"vanilla": 3.0, "modified": 3.0}
    assert document["baselines"]["tf_idf"] is None
    assert document["comparisons"][0]["warnings"] == []
