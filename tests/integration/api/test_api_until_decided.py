"""`until_decided` over HTTP: what it may cost, how it stands, what may be said between looks."""

from typing import Any

import pytest

from models.store import interim_looks

from support.api import ApiForTests, now, pointers

SEEDS = {"until_decided": {"min": 6, "max": 12, "futility": False}}
DECISION = {"equivalence_margin": 0.001}


def submit(api: ApiForTests, **changes: Any) -> dict[str, Any]:
    return api.submit(**{"seeds": SEEDS, "decision": DECISION, **changes})


def view(api: ApiForTests, made: dict[str, Any]) -> Any:
    return api.get(f"/v1/experiments/{made['id']}")


def results(api: ApiForTests, made: dict[str, Any]) -> Any:
    return api.get(f"/v1/experiments/{made['id']}/results")


def primary(api: ApiForTests, made: dict[str, Any]) -> Any:
    """The comparison on the metric that decides, of the two arms."""
    (found,) = [one for one in results(api, made)["comparisons"] if one["role"] == "primary"]
    return found


def train_all(api: ApiForTests, made: dict[str, Any], gain: float, swing: float = 0.02) -> None:
    """Carry out every queued run: `modified` gains so much, up and down by `swing`."""
    for run in api.runs(made["id"]):
        if run.state == "queued":
            more = gain + swing * (-1) ** run.seed if run.arm == "modified" else 0.0
            api.train(run.id, accuracy=0.7 + more)


def look(api: ApiForTests, made: dict[str, Any]) -> int:
    with api.database.transaction() as session:
        return len(interim_looks.take_due_look(session, made["id"], now()))


def test_a_dry_run_says_the_fewest_runs_and_the_most_and_shows_the_plan(api: ApiForTests) -> None:
    reply = api.http.post(
        "/v1/experiments",
        params={"dry_run": "true"},
        json={**submit(api)["spec"], "seeds": {"until_decided": {"min": 6, "max": 40}}},
    ).json()
    assert (reply["runs_at_least"], reply["runs"]) == (12, 80)
    assert "12 to 80 runs" in reply["estimate"]
    assert [look["pairs"] for look in reply["plan"]] == [6, 10, 15, 25, 40]
    assert reply["spec"]["seeds"]["until_decided"]["looks"] == [6, 10, 15, 25, 40]
    assert reply["plan"][-1]["spent"] == pytest.approx(0.05)


def test_a_dry_run_shows_at_which_looks_futility_may_end_it(api: ApiForTests) -> None:
    for futility, wanted in ((True, [0.95, 0.95, None]), (False, [None] * 3)):
        seeds = {"until_decided": {"min": 6, "max": 12, "futility": futility}}
        spec = {**submit(api)["spec"], "seeds": seeds}
        reply = api.http.post("/v1/experiments", params={"dry_run": "true"}, json=spec).json()
        assert [look["futile_above"] for look in reply["plan"]] == wanted
        assert {look["stays_undecided"] for look in reply["plan"]} == {None}
        assert reply["spec"]["seeds"]["until_decided"]["futility"] is futility


def test_an_experiment_that_a_look_stops_has_ended_and_says_why(api: ApiForTests) -> None:
    made = submit(api, seeds={"until_decided": {"min": 6, "max": 7}})
    train_all(api, made, gain=0.0)
    assert look(api, made) == 0
    document = results(api, made)
    assert (document["state"], document["complete"]) == ("succeeded", True)
    first, second = document["plan"]
    assert (first["state"], second["state"]) == ("taken", "dropped")
    assert first["stays_undecided"] > first["futile_above"] == 0.95
    assert second["stays_undecided"] is None
    comparison = primary(api, made)
    assert comparison["verdict"] == "undecided"
    assert "Stopped: at the spread seen, 7 seeds would stay undecided" in comparison["sentence"]


def test_a_wrong_plan_is_refused_by_its_place(api: ApiForTests) -> None:
    spec = {**submit(api)["spec"], "seeds": {"until_decided": {"min": 6, "max": 5}}}
    reply = api.http.post("/v1/experiments", json=spec)
    assert pointers(reply) == ["/seeds/until_decided/max"]


def test_in_the_gap_before_a_look_nothing_says_that_it_has_ended(api: ApiForTests) -> None:
    made = submit(api)
    train_all(api, made, gain=0.0)
    here = view(api, made)
    assert {run["state"] for run in here["runs"]} == {"succeeded"}
    assert (here["state"], here["progress"], here["seconds_left"]) == ("running", 0.5, None)
    assert [one["state"] for one in here["plan"]] == ["planned"] * 3
    document = results(api, made)
    assert (document["state"], document["complete"]) == ("running", False)
    (listed,) = api.get("/v1/experiments")["items"]
    assert (listed["state"], listed["progress"], listed["verdicts"]) == ("running", 0.5, [])


def test_the_list_says_what_the_last_look_said_and_no_more(api: ApiForTests) -> None:
    made = submit(api)
    train_all(api, made, gain=0.0)
    look(api, made)
    train_all(api, made, gain=0.3, swing=0.0)  # runs on which nobody has judged yet
    (listed,) = api.get("/v1/experiments")["items"]
    assert [one["verdict"] for one in listed["verdicts"]] == ["undecided"]
    assert listed["verdicts"][0]["mean_difference"] == pytest.approx(0.0)
    assert api.http.delete(f"/v1/experiments/{made['id']}").status_code == 409  # someone may
    api.http.post(f"/v1/experiments/{made['id']}/cancel")  # so nobody ever will
    (listed,) = api.get("/v1/experiments")["items"]
    assert listed["state"] == "succeeded"
    assert [one["verdict"] for one in listed["verdicts"]] == [primary(api, made)["verdict"]]
    assert primary(api, made)["verdict"] == "undecided"
    assert api.http.delete(f"/v1/experiments/{made['id']}").status_code == 204


def test_before_the_first_look_there_is_no_verdict_however_clear_the_figures(
    api: ApiForTests,
) -> None:
    made = submit(api, seeds={"until_decided": {"min": 10, "max": 20}})
    train_all(api, made, gain=0.1)
    comparison = primary(api, made)
    assert len(comparison["pairs"]) == 10
    assert comparison["interval"]["low"] > 0
    assert comparison["sign_flip_p"] < 0.01
    assert comparison["verdict"] == "undecided"
    assert "no verdict before look 1 of 3, planned at 10 seeds" in comparison["sentence"]
    assert look(api, made) == 0
    comparison = primary(api, made)
    assert comparison["verdict"] == "a_better"
    assert comparison["sentence"].endswith("look 1 of 3, planned at 10 seeds, at level 0.025.")
    assert comparison["interval"]["confidence"] == pytest.approx(0.975)


def test_between_looks_the_figures_move_and_the_verdict_stays(api: ApiForTests) -> None:
    made = submit(api)
    # six seeds of one sign are not enough at the first look's level, eight would be
    train_all(api, made, gain=0.1)
    assert look(api, made) == 4
    said = primary(api, made)
    assert said["verdict"] == "undecided"
    train_all(api, made, gain=0.2)
    later = primary(api, made)
    assert len(later["pairs"]) == 8
    assert later["mean_difference"] > said["mean_difference"]
    assert later["sign_flip_p"] < 0.01
    assert (later["verdict"], later["sentence"]) == ("undecided", said["sentence"])
    look(api, made)
    assert primary(api, made)["verdict"] == "a_better"


def test_a_decided_experiment_has_ended_with_its_plan(api: ApiForTests) -> None:
    made = submit(api, seeds={"until_decided": {"min": 10, "max": 20}})
    train_all(api, made, gain=-0.1)
    assert look(api, made) == 0
    here = view(api, made)
    assert (here["state"], here["progress"]) == ("succeeded", 1.0)
    document = results(api, made)
    assert document["complete"] is True
    assert document["comparisons"][0]["verdict"] == "b_better"
    assert [one["state"] for one in document["plan"]] == ["taken", "dropped", "dropped"]
    assert document["plan"][0]["taken_at"] is not None
    assert api.http.delete(f"/v1/experiments/{made['id']}").status_code == 204


def test_a_cancelled_experiment_takes_no_look(api: ApiForTests) -> None:
    made = submit(api)
    train_all(api, made, gain=0.0)
    place = f"/v1/experiments/{made['id']}"
    assert api.http.post(f"{place}/cancel").json()["state"] == "succeeded"
    assert look(api, made) == 0
    assert len(view(api, made)["runs"]) == 12
    comparison = primary(api, made)
    assert "cancelled before the first look" in comparison["sentence"]


def test_pairs_of_arms_that_the_plan_does_not_judge_get_no_verdict(api: ApiForTests) -> None:
    third = {"name": "third", "loss": {"terms": [{"kind": "closest_negative", "weight": 2.0}]}}
    arms = [*submit(api)["spec"]["arms"], third]
    made = submit(api, arms=arms, seeds={"until_decided": {"min": 10, "max": 20}})
    train_all(api, made, gain=0.1)
    look(api, made)
    found = results(api, made)["comparisons"]
    first, *_, between = [one for one in found if one["role"] == "primary"]
    assert (first["b"], first["verdict"]) == ("vanilla", "a_better")
    assert (between["a"], between["b"]) == ("third", "modified")
    assert between["verdict"] == "undecided"
    assert "judges every arm against vanilla, and not this pair" in between["sentence"]


def test_a_plan_judges_no_metric_but_the_one_that_decides(api: ApiForTests) -> None:
    made = submit(api, seeds={"until_decided": {"min": 10, "max": 20}})
    train_all(api, made, gain=0.1)
    look(api, made)
    found = results(api, made)["comparisons"]
    beside = [one for one in found if one["role"] == "secondary"]
    assert len(beside) == 2
    for one in beside:
        assert one["verdict"] == "undecided"
        assert "judges the metric that decides, and not this one" in one["sentence"]


def test_a_fixed_number_of_seeds_has_no_plan_in_its_replies(api: ApiForTests) -> None:
    made = api.submit()
    assert (made["plan"], results(api, made)["plan"]) == ([], [])
