"""`POST /v1/comparisons`: runs from elsewhere, compared as an experiment's; and what is refused."""

import json
from typing import Any

import httpx
import pytest

from models.referee.declared import MOST_SEEDS

from support.api import ApiForTests, pointers, refused

PATH = "/v1/comparisons"
RULE = {"metric": "test.accuracy", "higher_is_better": True, "margin": 0.005, "confidence": 0.95}
A = {"0": 0.731, "1": 0.735, "2": 0.729, "3": 0.738, "4": 0.733, "5": 0.736}
B = {"0": 0.722, "1": 0.727, "2": 0.724, "3": 0.726, "4": 0.725, "5": 0.729}
DECLARED = {"sentence", "collapse", "crossed_bootstrap", "mcnemar", "declared_by", "only_a"}
DECLARED |= {"only_b", "left_out"}


def ask(api: ApiForTests, **changes: Any) -> httpx.Response:
    return api.http.post(PATH, json={"a": A, "b": B, **RULE, **changes})


def test_the_reply_is_the_comparison_of_an_experiment_marked_as_the_callers(
    api: ApiForTests,
) -> None:
    made = api.submit(seeds={"count": 6})
    for run in made["runs"]:
        better = 0.02 + 0.0003 * run["seed"] if run["arm"] == "modified" else 0.0
        api.train(run["id"], accuracy=0.7 + better + 0.002 * run["seed"])
    document = api.get(f"/v1/experiments/{made['id']}/results")
    sides = {
        arm["name"]: {str(run["seed"]): run["metrics"]["test.accuracy"] for run in arm["runs"]}
        for arm in document["arms"]
    }
    names = {"a_name": "modified", "b_name": "vanilla"}
    reply = ask(api, a=sides["modified"], b=sides["vanilla"], **names)
    assert reply.status_code == 200, reply.text
    found, expected = reply.json(), document["comparisons"][0]
    ours = {name: value for name, value in found.items() if name not in DECLARED}
    assert ours == {name: value for name, value in expected.items() if name not in DECLARED}
    assert found["verdict"] == "a_better"
    # the service does not know at which settings they were trained elsewhere
    assert found["sentence"].startswith(expected["sentence"].replace(" at one setting", ""))
    assert (found["declared_by"], found["left_out"]) == ("caller", [])


def test_seeds_that_only_one_arm_has_are_named_and_nothing_is_stored(api: ApiForTests) -> None:
    found = ask(api, a={**A, "7": 0.9}, b={**B, "-3": 0.1, "4294967296": 0.2}).json()
    assert (found["only_a"], found["only_b"]) == ([7], [-3, 4294967296])
    assert len(found["pairs"]) == 6
    assert "The seed that only a has is left out: 7." in found["sentence"]
    assert "The 2 seeds that only b has are left out: -3, 4294967296." in found["sentence"]
    assert api.get("/v1/experiments")["items"] == []


def test_the_direction_is_declared_or_read_from_the_name(api: ApiForTests) -> None:
    assert ask(api, higher_is_better=False).json()["verdict"] == "b_better"
    named = ask(api, metric="val/loss", higher_is_better=None).json()
    assert (named["higher_is_better"], named["verdict"]) == (False, "b_better")
    body = {"a": A, "b": B, "metric": "score"}
    found = api.http.post(PATH, json=body).json()
    assert (found["higher_is_better"], found["equivalence"]) == (True, None)
    assert (found["a"], found["b"], found["interval"]["confidence"]) == ("a", "b", 0.95)


@pytest.mark.parametrize(
    ("changes", "where", "words"),
    [
        ({"b": {"9": 0.7}}, ["/b"], "a and b have no seed in common"),
        ({"b": {"0": 0.7, "9": 0.8}}, ["/b"], "an interval needs 2, a verdict 6"),
        ({"a": {}}, ["/a"], "needs 1 or more, has 0"),
        ({"a": {str(n): 0.5 for n in range(MOST_SEEDS + 1)}}, ["/a"], "may have at most 1,000"),
        ({"a": {**A, "01": 0.7}}, ["/a/01"], "a seed is a whole number"),
        ({"a": {**A, "x/y": 0.7, "1.5": 0.7}}, ["/a/x~1y", "/a/1.5"], "not 'x/y'"),
        ({"b": {**B, "3": None, "4": "0.7"}}, ["/b/3", "/b/4"], "valid number"),
        ({"b": {**B, "3": True}}, ["/b/3"], "valid number"),
        ({"b": {**B, "3": 1e101}}, ["/b/3"], "at most 1e+100 in size"),
        ({"b": [0.7, 0.8]}, ["/b"], "dictionary"),
        ({"metric": ""}, ["/metric"], "at least 1 character"),
        ({"metric": None}, ["/metric"], "must be a string"),
        ({"metric": "two\nlines"}, ["/metric"], "match pattern"),
        ({"margin": 0}, ["/margin"], "greater than 0"),
        ({"confidence": 1}, ["/confidence"], "less than 1"),
        ({"higher_is_better": "yes"}, ["/higher_is_better"], "boolean"),
        ({"b_name": "a"}, ["/b_name"], "both arms are called 'a'"),
        ({"marign": 0.1}, ["/marign"], "unknown key"),
    ],
)
def test_what_cannot_be_compared_is_refused_at_its_place(
    api: ApiForTests, changes: dict[str, Any], where: list[str], words: str
) -> None:
    reply = ask(api, **changes)
    assert (reply.status_code, pointers(reply)) == (422, where), reply.text
    assert words in reply.json()["detail"]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("NaN", "NaN is not JSON"),
        ("Infinity", "Infinity is not JSON"),
        ("1e999", "finite number"),
        ("1" + "0" * 400, "number"),
        ('0.7, "0": 0.8', "the key '0' occurs twice"),
    ],
)
def test_json_that_is_no_number_or_says_a_seed_twice_is_refused(
    api: ApiForTests, value: str, words: str
) -> None:
    body = json.dumps({"a": {"0": "HERE", "1": 0.7}, "b": B, **RULE}).replace('"HERE"', value)
    headers = {"content-type": "application/json"}
    refused(api.http.post(PATH, content=body, headers=headers), 422, words)


def test_a_key_that_may_only_read_is_enough(api: ApiForTests) -> None:
    reader = api.key("read")
    body = {"a": A, "b": B, **RULE}
    assert api.http.post(PATH, json=body, headers=reader).status_code == 200
    refused(api.http.post(PATH, json=body), 401)
    assert api.http.get("/v1/audit", headers=api.key("admin")).json()["items"] == []


def test_the_most_seeds_are_compared(api: ApiForTests) -> None:
    a, b = ({str(n): base + n % 7 / 1000 for n in range(MOST_SEEDS)} for base in (0.71, 0.70))
    b = {seed: value + (int(seed) % 3) / 1000 for seed, value in b.items()}
    found = ask(api, a=a, b=b).json()
    assert (len(found["pairs"]), found["verdict"]) == (MOST_SEEDS, "a_better")
