"""What becomes a study and what does not: what is joined, refused, deleted, or does not count."""

from typing import Any

from models.states import RunState
from models.store.run_life import runs

from support.api import ARMS, GENERATED, SPEC, ApiForTests, now, pointers, refused
from support.asked_studies import (
    PATH,
    STUDY_SPEC,
    over,
    plan_study,
    small_rows,
    train_experiment,
    with_data_sets,
)
from support.uploads import upload

AHEAD = (0.02, 0.031, 0.012, 0.024, 0.018)
THREE = [*ARMS, {"name": "both", "loss": {"margin": 0.5, "terms": ARMS[1]["loss"]["terms"]}}]


def results(api: ApiForTests, made: dict[str, Any]) -> Any:
    return api.get(f"{PATH}/{made['id']}/results")


def trained(api: ApiForTests, names: list[str], **changes: Any) -> dict[str, Any]:
    made = plan_study(api, names, **changes)
    for one, ahead in zip(made["experiments"], AHEAD, strict=False):
        train_experiment(api, one["id"], ahead)
    return made


def test_what_is_wrong_is_told_at_its_place_and_nothing_is_stored(api: ApiForTests) -> None:
    names = with_data_sets(api, 2)

    def wrong(spec: dict[str, Any], *entries: dict[str, Any], **more: Any) -> list[str]:
        body = {"name": "Wrong", "spec": {**STUDY_SPEC, **spec}, "over": list(entries), **more}
        reply = api.http.post(PATH, json=body)
        assert reply.status_code == 422, reply.text
        return pointers(reply)

    first, second = over(names)
    assert wrong({}, first, {**second, "batch_size": 1}) == ["/over/1/batch_size"]
    assert wrong({}, first, {"dataset": "absent"}) == ["/over/1/dataset"]
    assert wrong({}, first, {}) == ["/over/1/dataset"]
    assert wrong({}, first, {**second, "decision": {"equivalence_margin": 0.1}, "arms": ARMS}) == [
        "/over/1/arms",
        "/over/1/decision",
    ]
    assert wrong({"batch_size": 1}, first, second) == ["/spec/batch_size"]
    # too large for the small data set alone
    large = {**first, "split": SPEC["split"]}
    assert wrong({"batch_size": 32}, large, second)[0] == "/over/1/batch_size"
    assert wrong({"arms": ARMS[:1]}, first, second) == ["/spec/arms"]
    factor = [{"name": "mask", "levels": [{"name": n, "loss": ARMS[0]["loss"]} for n in "ab"]}]
    assert wrong({"arms": None, "factors": factor}, first, second)[0].startswith("/spec/factors")
    assert wrong({}, first, {**first, "steps": 30}) == ["/over/1/dataset"]
    assert wrong({}, first) == ["/over"]
    assert wrong({}, first, second, experiments=["exp_1"]) == ["/spec"]
    assert wrong({}, first, second, nmae="x") == ["/nmae"]
    unknown = {"name": "Wrong", "spec": {"recipe": "absent"}, "over": [first, second]}
    assert pointers(api.http.post(PATH, json=unknown)) == ["/spec/recipe"]
    assert api.get("/v1/experiments")["items"] == []
    assert api.get(PATH)["items"] == []


def test_experiments_that_exist_are_joined_and_the_reply_says_so(api: ApiForTests) -> None:
    names = with_data_sets(api, 4)
    ids = [
        api.submit(**{**STUDY_SPEC, "dataset": name, "steps": 20 + index})["id"]
        for index, name in enumerate(names)
    ]
    for one, ahead in zip(ids, AHEAD, strict=False):
        train_experiment(api, one, ahead)
    reply = api.http.post(PATH, json={"name": "Afterwards", "experiments": ids})
    assert reply.status_code == 202, reply.text
    made = reply.json()
    assert reply.headers["location"] == f"{PATH}/{made['id']}"
    assert made == api.get(reply.headers["location"])
    assert (made["planned"], made["state"], made["progress"]) == (False, "succeeded", 1.0)
    document = results(api, made)
    assert (document["planned"], document["verdict"]) == (False, "a_better")
    assert "joined after they were made" in document["sentence"]
    assert document["differing"] == ["/steps"]
    # the same four again make another study, to which they belong too
    again = api.http.post(PATH, json={"name": "Again", "experiments": ids[::-1]}).json()
    assert api.get(f"/v1/experiments/{ids[0]}")["studies"] == [made["id"], again["id"]]
    page = api.get(PATH, limit=1)
    assert [one["id"] for one in page["items"]] == [again["id"]]
    rest = api.get(PATH, limit=1, cursor=page["next"])
    assert ([one["id"] for one in rest["items"]], rest["next"]) == ([made["id"]], None)


def test_only_experiments_that_ask_one_question_are_joined(api: ApiForTests) -> None:
    names = with_data_sets(api, 2)
    first = api.submit(**{**STUDY_SPEC, "dataset": names[0]})["id"]

    def joined_with(*others: str) -> dict[str, Any]:
        reply = api.http.post(PATH, json={"name": "Together", "experiments": [first, *others]})
        return refused(reply, 422)["errors"][0]  # type: ignore[no-any-return]

    def submitted(**changes: Any) -> str:
        made: str = api.submit(**{**STUDY_SPEC, "dataset": names[1], **changes})["id"]
        return made

    other_loss = [ARMS[0], {**ARMS[1], "loss": ARMS[0]["loss"]}]
    for changes, words in (
        ({"arms": THREE}, "/arms: "),
        ({"arms": other_loss}, "/arms/1/loss: "),
        ({"decision": {"metric": "test.roc_auc"}}, "/decision/metric: "),
        ({"decision": {"equivalence_margin": 0.01}}, "/decision/equivalence_margin: "),
        ({"decision": {"confidence": 0.9}}, "/decision/confidence: "),
        ({"decision": {"baseline": "modified"}}, "/decision/baseline: "),
        ({"arms": ARMS[:1]}, "one arm leaves nothing to compare"),
    ):
        error = joined_with(submitted(**changes))
        assert error["pointer"] == "/experiments/1"
        assert words in error["detail"]
    same_rows = api.submit(**{**STUDY_SPEC, "dataset": names[0], "steps": 21})["id"]
    assert "has the same rows as the data set of /experiments/0" in joined_with(same_rows)["detail"]
    assert "is in the list already" in joined_with(first)["detail"]
    assert "there is no experiment" in joined_with("exp_" + "0" * 26)["detail"]
    reply = api.http.post(
        PATH, json={"name": "Dry", "experiments": [first, first]}, params={"dry_run": True}
    )
    assert pointers(reply) == ["/query/dry_run"]


def test_a_reproduction_is_no_data_set_of_a_study(api: ApiForTests) -> None:
    first, second = (
        api.submit(**{**STUDY_SPEC, "dataset": name, "seeds": {"count": 1}})
        for name in with_data_sets(api, 2)
    )
    api.train(second["runs"][0]["id"], accuracy=0.7)
    again = api.http.post(f"/v1/runs/{second['runs'][0]['id']}/reproduce").json()["again"]
    other = api.get(f"/v1/runs/{again}")["experiment"]
    reply = api.http.post(PATH, json={"name": "Again", "experiments": [first["id"], other]})
    assert "only reproduces a run" in refused(reply, 422)["errors"][0]["detail"]


def test_a_deleted_experiment_is_told_and_no_longer_counts(api: ApiForTests) -> None:
    made = trained(api, with_data_sets(api, 5))
    before = results(api, made)
    gone = made["experiments"][1]
    assert api.http.delete(f"/v1/experiments/{gone['id']}").status_code == 204
    view = api.get(f"{PATH}/{made['id']}")
    assert view["experiments"][1] == {
        "id": None,
        "dataset": gone["dataset"],
        "state": None,
        "runs": {},
    }
    after = results(api, made)
    assert (before["of"], after["of"], len(after["experiments"])) == (5, 4, 5)
    assert after["experiments"][1]["left_out"] == "its experiment was deleted"
    assert f"{gone['dataset']} does not count: its experiment was deleted." in after["sentence"]
    # then the first, by which arms and metric are known
    for one in made["experiments"][:1] + made["experiments"][2:]:
        assert api.http.delete(f"/v1/experiments/{one['id']}").status_code == 204
    refused(api.http.get(f"{PATH}/{made['id']}/results"), 404, "nothing is left")
    assert api.get(f"{PATH}/{made['id']}")["experiments"][0]["id"] is None


def test_deleting_a_study_leaves_its_experiments(api: ApiForTests) -> None:
    made = plan_study(api, with_data_sets(api, 2))
    assert api.http.delete(f"{PATH}/{made['id']}").status_code == 204
    refused(api.http.get(f"{PATH}/{made['id']}"), 404)
    refused(api.http.delete(f"{PATH}/{made['id']}"), 404)
    assert len(api.get("/v1/experiments")["items"]) == 2
    assert api.get(f"/v1/experiments/{made['experiments'][0]['id']}")["studies"] == []


def test_a_failed_data_set_does_not_count(api: ApiForTests) -> None:
    made = plan_study(api, with_data_sets(api, 2))
    first, second = (one["id"] for one in made["experiments"])
    train_experiment(api, first, 0.02)
    for run in api.runs(second):
        attempt = api.claim(run.id)
        with api.database.transaction() as session:
            runs.finish(session, run.id, attempt, RunState.FAILED, now=now())
    document = results(api, made)
    assert (document["state"], document["of"]) == ("failed", 1)
    assert "fewer than 2 seeds succeeded" in document["experiments"][1]["left_out"]


def test_collapsed_data_sets_do_not_count(api: ApiForTests) -> None:
    made = plan_study(api, with_data_sets(api, 2))
    for one in made["experiments"]:
        for run in api.runs(one["id"]):
            api.train(run.id, accuracy=0.5, collapsed=one is made["experiments"][0])
    document = results(api, made)
    assert document["experiments"][0]["left_out"] == "every run of both arms collapsed"
    assert document["of"] == 1


def test_the_same_rows_under_two_names_are_one_data_set(api: ApiForTests) -> None:
    names = with_data_sets(api, 2)
    assert upload(api, small_rows("learn pairs-1"), name="copy").status_code == 201
    body = {"name": "Twice", "spec": STUDY_SPEC, "over": over([*names, "copy"])}
    error = refused(api.http.post(PATH, json=body), 422)["errors"][0]
    assert error["pointer"] == "/over/2/dataset"
    assert "has the same rows as the data set of /over/1" in error["detail"]


def test_a_generated_data_set_alone_is_no_study(api: ApiForTests) -> None:
    body = {"name": "Alone", "spec": {**SPEC}, "over": [{"dataset": GENERATED}]}
    assert pointers(api.http.post(PATH, json=body)) == ["/over"]
