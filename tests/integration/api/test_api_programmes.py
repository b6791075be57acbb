"""Programmes over HTTP: what replies say of a question, and what is refused."""

from typing import Any

import pytest

from api.client import Client
from models.programmes.levels import level

from support.api import SPEC, ApiForTests, refused
from support.commands import tripletlab
from support.ended_experiments import place, train

NAME = "my search"
DECISION = {"equivalence_margin": 0.0001}
FIRST = level(0.05, 1, [])


def asked(api: ApiForTests, **changes: Any) -> dict[str, Any]:
    more = {"programme": NAME, "decision": DECISION, "seeds": {"count": 10}, **changes}
    return api.submit(**more)


def end(api: ApiForTests, experiment: dict[str, Any]) -> None:
    for run in experiment["runs"]:
        train(api, run)


def dry_run(api: ApiForTests, **changes: Any) -> dict[str, Any]:
    body = {**SPEC, "programme": NAME, "decision": DECISION, **changes}
    reply = api.http.post("/v1/experiments", params={"dry_run": True}, json=body)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def test_every_reply_says_which_question_it_is_and_its_level(api: ApiForTests) -> None:
    first = asked(api)
    sentence = "1st question of the programme 'my search', level 0.00625."
    told = {"name": NAME, "question": 1, "level": FIRST, "sentence": sentence}
    assert first["programme"] == told
    assert first["spec"]["programme"] == {"name": NAME, "question": 1, "level": FIRST}
    end(api, first)
    results = api.get(f"{place(first)}/results")
    assert results["programme"] == api.get(place(first))["programme"] == told
    (listed,) = api.get("/v1/experiments")["items"]
    assert listed["programme"] == told
    (comparison,) = [one for one in results["comparisons"] if one["role"] == "primary"]
    assert comparison["verdict"] == "a_better"
    assert "This is the 1st question of the programme 'my search', level" in comparison["sentence"]
    assert comparison["interval"]["confidence"] == pytest.approx(1 - FIRST)
    assert listed["verdicts"][0]["verdict"] == "a_better"
    second = asked(api)
    assert second["programme"]["level"] == level(0.05, 2, [1])


def test_a_dry_run_says_the_level_to_come_and_the_seeds_that_it_takes(api: ApiForTests) -> None:
    found = dry_run(api, seeds={"count": 6})
    assert found["programme"]["level"] == FIRST
    assert found["seeds_needed"] == 9  # 2/2^9 is below 0.00625, and 2/2^8 is not
    kinds = [one["kind"] for one in found["warnings"]]
    assert kinds == ["too_few_seeds", "coarse_margin", "long_warm_up"]
    assert dry_run(api)["programme"]["question"] == 1


def test_a_stored_spec_that_is_sent_again_is_a_new_question(api: ApiForTests) -> None:
    first = asked(api)
    again = api.http.post("/v1/experiments", json=first["spec"]).json()
    assert again["programme"]["question"] == 2
    assert {**again["spec"], "programme": None} == {**first["spec"], "programme": None}


def test_the_same_request_sent_again_spends_nothing(api: ApiForTests) -> None:
    body = {**SPEC, "programme": NAME}
    headers = {"Idempotency-Key": "once"}
    made = [api.http.post("/v1/experiments", json=body, headers=headers).json() for _ in "ab"]
    assert made[0]["id"] == made[1]["id"]
    assert asked(api)["programme"]["question"] == 2


def test_an_experiment_without_a_programme_is_as_before(api: ApiForTests) -> None:
    made = api.submit()
    assert made["programme"] is None
    assert made["spec"]["programme"] is None


def test_what_has_no_level_is_refused(api: ApiForTests) -> None:
    def problem(**changes: Any) -> tuple[str, str]:
        body = {**SPEC, "programme": NAME, **changes}
        (one,) = refused(api.http.post("/v1/experiments", json=body), 422)["errors"]
        return one["pointer"], one["detail"]

    asked(api)
    pointer, detail = problem(decision={"confidence": 0.9})
    assert pointer == "/decision/confidence"
    assert "promises 0.95 over all its questions" in detail
    pointer, detail = problem(arms=SPEC["arms"][:1])
    assert (pointer, detail) == (
        "/programme", "one arm asks nothing that could be found; leave this out"
    )  # fmt: skip
    assert problem(programme="")[0].startswith("/programme")


def test_a_study_asks_no_programme(api: ApiForTests) -> None:
    spec = {**SPEC, "programme": NAME}
    del spec["dataset"]
    body = {"name": "both", "spec": spec, "over": [{"dataset": SPEC["dataset"]}] * 2}
    problem = refused(api.http.post("/v1/studies", json=body), 422)
    assert {one["pointer"] for one in problem["errors"]} == {"/spec/programme"}
    first, other = (asked(api)["id"] for _ in "ab")
    joined = {"name": "both", "experiments": [first, other]}
    problem = refused(api.http.post("/v1/studies", json=joined), 422)
    assert "a programme gives each experiment a level of its own" in problem["errors"][0]["detail"]


def test_nobody_spends_the_budget_of_another_key(api: ApiForTests) -> None:
    own, other, admin = (
        api.key(*who) for who in (("submit", "a"), ("submit", "b"), ("admin", "c"))
    )
    body = {**SPEC, "programme": NAME}

    def post(headers: dict[str, str]) -> Any:
        return api.http.post("/v1/experiments", json=body, headers=headers)

    assert post(own).json()["programme"]["question"] == 1
    refused(post(other), 403, "was begun with another key")
    assert post(own).json()["programme"]["question"] == 2
    assert post(admin).json()["programme"]["question"] == 3


def test_a_verdict_does_not_come_of_cancelling_at_a_lucky_moment(api: ApiForTests) -> None:
    made = asked(api, seeds={"count": 12})
    for run in made["runs"][:20]:
        train(api, run)
    assert api.http.post(f"{place(made)}/cancel").status_code == 200
    results = api.get(f"{place(made)}/results")
    primary = [one for one in results["comparisons"] if one["role"] == "primary"]
    assert [one["verdict"] for one in primary] == ["undecided"]
    assert "whoever stops at a lucky moment is misled" in primary[0]["sentence"]
    (listed,) = api.get("/v1/experiments")["items"]
    assert [one["verdict"] for one in listed["verdicts"]] == ["undecided"]


def test_programmes_are_listed_by_name_over_pages(api: ApiForTests) -> None:
    assert api.get("/v1/programmes") == {"items": [], "next": None}
    for name in ("second", "first", "third"):
        asked(api, programme=name)
    asked(api, programme="first")
    page = api.get("/v1/programmes", limit=2)
    found = [(one["name"], one["questions"], one["last_level"]) for one in page["items"]]
    assert found == [("first", 2, level(0.05, 2, [])), ("second", 1, FIRST)]
    rest = api.get("/v1/programmes", limit=2, cursor=page["next"])
    assert ([one["name"] for one in rest["items"]], rest["next"]) == (["third"], None)


def test_a_programme_tells_its_questions_and_what_they_have_found_by_now(
    api: ApiForTests,
) -> None:
    first, second = asked(api, name="Found"), asked(api, name="Waits")
    third = asked(api, name="Gone")
    api.http.post(f"{place(third)}/cancel")
    api.http.delete(place(third))
    path = f"/v1/programmes/{NAME}"
    assert [one["outcome"] for one in api.get(path)["questions"]] == ["open", "open", "nothing"]
    end(api, first)
    document = api.get(path)
    assert (document["confidence"], document["next_level"]) == (0.95, level(0.05, 4, [3]))
    assert document["questions"] == [
        {
            "number": number,
            "level": level(0.05, number, []),
            "experiment": experiment,
            "name": name,
            "outcome": outcome,
        }
        for number, experiment, name, outcome in (
            (1, first["id"], "Found", "discovery"),
            (2, second["id"], "Waits", "open"),
            (3, None, None, "nothing"),
        )
    ]
    assert asked(api)["programme"]["level"] == document["next_level"]
    for absent in ("absent", "%00", "no/such"):
        refused(api.http.get(f"/v1/programmes/{absent}"), 404)


def test_the_command_and_the_client_list_programmes(api: ApiForTests) -> None:
    made = asked(api, name="Asked")
    listed = tripletlab("programmes", "--url", api.url).stdout
    assert f"{NAME}" in listed
    assert "0.00625" in listed
    told = tripletlab("programmes", NAME, "--url", api.url)
    assert made["id"] in told.stdout
    assert f"The next question would have the level {level(0.05, 2, []):g}." in told.stderr
    with Client(api.url) as client:
        assert client.programmes()["name"] == [NAME]
        (question,) = client.programme(NAME)["questions"]
    assert question["experiment"] == made["id"]
