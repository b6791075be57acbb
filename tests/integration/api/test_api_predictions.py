"""Asking a run over HTTP: what may be asked, what is answered, and what happens while nobody does.

A worker's part is played through the store; `tests/acceptance` has a real one.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from api.live.long_polling import LONGEST_WAIT
from models.store import predictions

from support.answers import answer_next
from support.api import ApiForTests, now, pointers

PAIRS = [["How?", "Why?"], ["", "Né à 東京?"]]


@pytest.fixture
def place(api: ApiForTests) -> str:
    """Where a run that has succeeded is asked."""
    run_id: str = api.submit()["runs"][0]["id"]
    api.train(run_id, accuracy=0.7)
    return f"/v1/runs/{run_id}/predict"


def test_a_question_that_no_worker_answers_in_time_is_to_be_polled(
    api: ApiForTests, place: str
) -> None:
    asked = api.http.post(place, json={"pairs": PAIRS}, params={"wait": 0})
    assert asked.status_code == 202
    view = asked.json()
    assert (view["state"], view["predictions"], view["run"]) == (
        "queued",
        None,
        place.split("/")[3],
    )
    location = asked.headers["location"]
    assert location == f"/v1/predictions/{view['id']}"
    assert api.get(location) == view
    assert answer_next(api, [0.75, 0.5], 0.5).pairs == PAIRS
    found = api.get(location)
    assert (found["state"], found["threshold"]) == ("succeeded", 0.5)
    assert found["predictions"] == [
        {
            "question1": "How?",
            "question2": "Why?",
            "similarity": 0.75,
            "duplicate": True,
            "unknown_words": ["rice", "cooked"],
        },
        {
            "question1": "",
            "question2": "Né à 東京?",
            "similarity": 0.5,
            "duplicate": False,  # strictly above, as in every figure of the service
            "unknown_words": [],
        },
    ]


def test_a_reply_comes_as_soon_as_there_is_an_answer(api: ApiForTests, place: str) -> None:
    question = {"question1": "a", "question2": "b"}
    with ThreadPoolExecutor(1) as worker:
        answered = worker.submit(answer_next, api, [0.9], 0.5)
        # this client gives up before the service would reply without an answer
        reply = api.http.post(place, json=question, params={"wait": LONGEST_WAIT}, timeout=55)
        answered.result()
    assert reply.status_code == 200
    assert [one["similarity"] for one in reply.json()["predictions"]] == [0.9]


def test_a_reason_stands_where_there_is_no_answer(api: ApiForTests, place: str) -> None:
    asked = api.http.post(place, json={"pairs": PAIRS}, params={"wait": 0}).json()
    with api.database.transaction() as session:
        row = predictions.prediction(session, asked["id"])
        assert predictions.fail(session, row, "the weights are gone", now())
    found = api.get(f"/v1/predictions/{asked['id']}")
    assert (found["state"], found["reason"]) == ("failed", "the weights are gone")
    assert found["predictions"] is None


LONG = "x" * 5001
WRONG: list[tuple[Any, list[str]]] = [
    ([], [""]),
    ({}, ["/question1", "/question2"]),
    ({"question1": "a"}, ["/question2"]),
    ({"question1": "a", "question2": 2}, ["/question2"]),
    ({"question1": "a", "question2": LONG}, ["/question2"]),
    ({"question1": "a", "question2": "b", "also": 1}, ["/also"]),
    ({"pairs": []}, ["/pairs"]),
    ({"pairs": [["a", "b"]] * 1001}, ["/pairs"]),
    ({"pairs": "a"}, ["/pairs"]),
    ({"pairs": [["a", "b"], ["a"], "ab", ["a", None]]}, ["/pairs/1", "/pairs/2", "/pairs/3/1"]),
    ({"pairs": [["a", LONG]], "question1": "a"}, ["/question1", "/pairs/0/1"]),
    ({"pairs": [["a", "\0"]]}, ["/pairs/0/1"]),
]


def test_what_cannot_be_asked_is_refused_by_field(api: ApiForTests, place: str) -> None:
    for body, places in WRONG:
        reply = api.http.post(place, json=body)
        assert reply.status_code == 422, body
        assert pointers(reply) == places
    with api.database.reading() as session:
        assert predictions.next_request(session, "wrk_t", now(), 30) is None


def test_only_a_run_that_succeeded_can_be_asked(api: ApiForTests) -> None:
    run_id = api.submit()["runs"][0]["id"]
    early = api.http.post(f"/v1/runs/{run_id}/predict", json={"pairs": PAIRS})
    assert (early.status_code, "is queued" in early.json()["detail"]) == (409, True)
    unknown = api.http.post(f"/v1/runs/run_{'0' * 26}/predict", json={"pairs": PAIRS})
    assert unknown.status_code == 404
    gone = api.http.get(f"/v1/predictions/prd_{'0' * 26}")
    assert (gone.status_code, "after an hour" in gone.json()["detail"]) == (404, True)
