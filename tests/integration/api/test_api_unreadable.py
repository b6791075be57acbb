"""Rows that another version wrote, or a hand: their own replies say so, and no other suffers."""

from typing import Any

import pytest
from sqlalchemy import text

from api.exports.picture_data import FigureName

from support.api import SPEC, ApiForTests, refused

BROKEN = ["{broken json", '{"name": "x"}', "[]", '"text"']


@pytest.fixture
def ended(api: ApiForTests) -> list[dict[str, Any]]:
    """Two experiments that have ended, the older one first."""
    both = [api.submit(seeds={"count": 1}), api.submit(seeds={"count": 1})]
    for run in (run for one in both for run in one["runs"]):
        api.train(run["id"], accuracy=0.7, seconds=60)
    return both


def write(api: ApiForTests, experiment_id: str, spec: str) -> None:
    if spec.startswith("{broken") and api.database.url.startswith("postgresql"):
        pytest.skip("PostgreSQL stores nothing that is not JSON")
    with api.database.transaction() as session:
        values = {"spec": spec, "id": experiment_id}
        session.execute(text("UPDATE experiments SET spec = :spec WHERE id = :id"), values)


@pytest.mark.parametrize("spec", BROKEN)
def test_the_list_shows_what_cannot_be_read_beside_all_the_others(
    api: ApiForTests, ended: list[dict[str, Any]], spec: str
) -> None:
    whole = api.get("/v1/experiments")["items"]
    write(api, ended[0]["id"], spec)
    newer, older = api.get("/v1/experiments")["items"]
    assert newer == whole[0]
    assert (older["id"], older["state"], older["name"]) == (
        ended[0]["id"],
        "succeeded",
        whole[1]["name"],
    )
    assert (older["arms"], older["verdicts"]) == ([], [])
    assert f"the stored spec of {older['id']} cannot be read" in older["problem"]


@pytest.mark.parametrize("spec", BROKEN)
def test_a_good_spec_is_estimated_beside_what_cannot_be_read(
    api: ApiForTests, ended: list[dict[str, Any]], spec: str
) -> None:
    for one in ended:
        write(api, one["id"], spec)
    reply = api.http.post("/v1/experiments", params={"dry_run": True}, json=SPEC)
    assert reply.status_code == 200, reply.text
    assert "arithmetic alone" in reply.json()["estimate"]


@pytest.mark.parametrize("spec", BROKEN)
def test_what_needs_the_spec_says_that_it_cannot_be_read(
    api: ApiForTests, ended: list[dict[str, Any]], spec: str
) -> None:
    """And never that the reader sent something wrong."""
    own, other = ended[0]["id"], ended[1]["id"]
    write(api, own, spec)
    place = f"/v1/experiments/{own}"
    for path in ("", "/results", "/report", *(f"/figures/{one}" for one in FigureName)):
        problem = refused(api.http.get(place + path), 500, f"the stored spec of {own}")
        assert problem["type"].endswith(":unreadable")
    sides = {"a": f"{own}/modified", "b": f"{other}/vanilla"}
    refused(api.http.get("/v1/comparisons", params=sides), 500, "cannot be read by this version")
    assert api.http.delete(place).status_code == 204


def test_a_state_of_another_version_concerns_its_own_experiment_alone(
    api: ApiForTests, ended: list[dict[str, Any]]
) -> None:
    own = ended[0]["runs"][0]["id"]
    with api.database.transaction() as session:
        session.execute(text("UPDATE runs SET state = 'gone' WHERE id = :id"), {"id": own})
    assert len(api.get("/v1/experiments")["items"]) == 2
    for path in (f"/v1/experiments/{ended[0]['id']}", f"/v1/runs/{own}"):
        refused(api.http.get(path), 500, f"the state 'gone' of {own}")
    assert api.http.get("/metrics").status_code == 200
