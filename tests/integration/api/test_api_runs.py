"""One run over HTTP: its series in columns, its scores, and the wish to stop it."""

import math
from typing import Any

import pytest

from models.metrics import STEP_METRICS
from models.store.metrics.rows import append_steps

from support.api import ApiForTests, pointers
from support.statements import statements
from support.stored import step_row


@pytest.fixture
def run(api: ApiForTests) -> dict[str, Any]:
    found: dict[str, Any] = api.submit()["runs"][0]
    return found


def test_a_run_says_how_it_stands(api: ApiForTests, run: dict[str, Any]) -> None:
    place = f"/v1/runs/{run['id']}"
    assert api.get(place) == run
    api.claim(run["id"])
    begun = api.get(place)
    assert (begun["state"], begun["attempt"], begun["worker"]) == ("running", 1, "wrk_t")
    assert begun["started_at"].endswith("Z")


def test_steps_come_in_columns_after_a_step_and_thinned(
    api: ApiForTests, run: dict[str, Any]
) -> None:
    place = f"/v1/runs/{run['id']}/steps"
    assert api.get(place)["step"] == []
    api.train(run["id"], accuracy=0.7)
    series = api.get(place)
    assert series["step"] == list(range(1, 21))
    assert series["loss"][:2] == [10.0, 5.0]
    assert series["false_closest_share"] == [0.25] * 20
    assert {len(column) for column in series.values()} == {20}
    assert api.get(place, after=18)["step"] == [19, 20]
    thinned = api.get(place, max_points=6)["step"]
    assert len(thinned) < 20
    assert (thinned[0], thinned[-1]) == (1, 20)
    assert api.http.get(place, params={"after": -1}).status_code == 422


def test_steps_have_only_the_figures_that_are_asked_for(
    api: ApiForTests, run: dict[str, Any]
) -> None:
    place = f"/v1/runs/{run['id']}/steps"
    api.train(run["id"], accuracy=0.7)
    whole = api.get(place)
    chosen = api.get(place, figures=["loss", "lr"])
    assert chosen == {name: whole[name] for name in ("step", "loss", "lr")}
    thinned = api.get(place, figures="lr", max_points=6)
    assert set(thinned) == {"step", "lr"}
    assert (thinned["step"][0], thinned["step"][-1]) == (1, 20)
    assert api.get(place, figures="active_8")["active_8"] == [None] * 20  # there is one term
    wrong = api.http.get(place, params={"figures": ["loss", "step; DROP TABLE steps"]})
    assert pointers(wrong) == ["/query/figures/1"]
    assert "gradient_norm" in wrong.text


def test_a_figure_that_is_named_again_and_again_is_read_once(
    api: ApiForTests, run: dict[str, Any]
) -> None:
    place = f"/v1/runs/{run['id']}/steps"
    api.train(run["id"], accuracy=0.7)
    with statements(api.thread.app.state.service.database.engine) as sent:
        again = api.get(place, figures=["loss"] * len(STEP_METRICS))
    assert again == api.get(place, figures="loss")
    (read,) = (one for one in sent if "numeric_rows" in one or "steps.loss" in one)
    assert read.count("steps.loss") == 1
    refusal = api.http.get(place, params={"figures": ["loss"] * 400})
    assert pointers(refusal) == ["/query/figures"]


def test_no_call_takes_a_list_without_an_end(api: ApiForTests) -> None:
    lists = [
        schema
        for calls in api.thread.app.openapi()["paths"].values()
        for call in calls.values()
        for parameter in call.get("parameters", ())
        for schema in (parameter["schema"], *parameter["schema"].get("anyOf", ()))
        if schema.get("type") == "array"
    ]
    assert lists
    assert all("maxItems" in one for one in lists)


def test_a_loss_that_grew_past_all_numbers_is_null(api: ApiForTests, run: dict[str, Any]) -> None:
    with api.database.transaction() as session:
        rows = [step_row(1, loss=1 / 3), step_row(2, loss=math.inf)]
        append_steps(session, run["id"], rows)
    reply = api.http.get(f"/v1/runs/{run['id']}/steps")
    assert reply.headers["content-type"] == "application/json"
    assert reply.json()["loss"] == [1 / 3, None]


def test_evaluations_come_in_order(api: ApiForTests, run: dict[str, Any]) -> None:
    api.train(run["id"], accuracy=0.71)
    found = api.get(f"/v1/runs/{run['id']}/evaluations")["items"]
    order = [(one["step"], one["split"]) for one in found]
    assert order == [(10, "validation"), (20, "test"), (20, "validation")]
    assert (found[1]["accuracy"], found[1]["loss"]) == (0.71, None)
    assert found[1]["threshold"] == 0.7


def test_scores_are_there_once_the_run_has_succeeded(api: ApiForTests, run: dict[str, Any]) -> None:
    place = f"/v1/runs/{run['id']}/scores"
    early = api.http.get(place)
    assert early.status_code == 409
    assert early.headers["content-type"] == "application/problem+json"
    assert "queued" in early.json()["detail"]
    api.train(run["id"], accuracy=0.7)
    columns = {"row": [2000, 2001, 2002], "label": [1, 0, 1], "score": [0.5, -0.25, 1.0]}
    assert api.get(place) == columns


def test_a_run_is_cancelled_alone_and_twice_is_no_error(
    api: ApiForTests, run: dict[str, Any]
) -> None:
    for _ in range(2):
        reply = api.http.post(f"/v1/runs/{run['id']}/cancel")
        assert (reply.status_code, reply.json()["state"]) == (200, "cancelled")
    assert api.get(f"/v1/experiments/{run['experiment']}")["state"] == "running"


def test_recipes_are_listed_whole_and_one_by_one(api: ApiForTests) -> None:
    names = [recipe["name"] for recipe in api.get("/v1/recipes")["items"]]
    assert {"hard-negative-mining", "course-notebook"} <= set(names)
    recipe = api.get("/v1/recipes/course-notebook")
    assert recipe["spec"]["encoder"]["padding"] == "power_of_two"
    assert api.http.get("/v1/recipes/absent").status_code == 404
