"""Over HTTP: the log of a run and what its process used."""

from models.states import RunState
from models.store.run_life import runs
from models.store.run_life.log_lines import MOST_LINES

from support.api import ApiForTests, now
from support.stored import LOG, store_told


def told_run(api: ApiForTests) -> str:
    run_id: str = api.submit()["runs"][0]["id"]
    attempt = api.claim(run_id)
    with api.database.transaction() as session:
        store_told(session, run_id, attempt)
    return run_id


def test_the_log_is_read_from_any_line_on(api: ApiForTests) -> None:
    run_id = told_run(api)
    whole = api.get(f"/v1/runs/{run_id}/log")
    assert [(one["level"], one["message"]) for one in whole["items"]] == list(LOG)
    assert [one["number"] for one in whole["items"]] == [1, 2, 3, 4]
    assert whole["next"] is None
    page = api.get(f"/v1/runs/{run_id}/log", after=1, limit=2)
    assert [one["number"] for one in page["items"]] == [2, 3]
    assert page["next"] == 3
    last = api.get(f"/v1/runs/{run_id}/log", after=4)
    assert (last["items"], last["next"]) == ([], None)


def test_lines_that_come_are_read_after_the_last_one(api: ApiForTests) -> None:
    run_id = told_run(api)
    api.http.post(f"/v1/runs/{run_id}/cancel").raise_for_status()
    assert api.get(f"/v1/runs/{run_id}/log", after=4)["items"] == []
    with api.database.transaction() as session:
        end = RunState.CANCELLED
        runs.finish(session, run_id, 1, end, reason="cancelled at step 0", now=now())
    (ended,) = api.get(f"/v1/runs/{run_id}/log", after=4)["items"]
    assert (ended["number"], ended["message"]) == (5, "cancelled at step 0")


def test_a_run_that_has_not_begun_tells_nothing_yet(api: ApiForTests) -> None:
    run_id = api.submit()["runs"][0]["id"]
    assert api.get(f"/v1/runs/{run_id}/log") == {"items": [], "next": None}
    assert set(map(len, api.get(f"/v1/runs/{run_id}/usage").values())) == {0}


def test_what_a_process_used_comes_in_columns_of_one_length(api: ApiForTests) -> None:
    usage = api.get(f"/v1/runs/{told_run(api)}/usage")
    assert usage["seconds"] == [2.0 * n for n in range(1, 11)]
    assert usage["memory"] == [50_000_000 * n for n in range(1, 11)]
    assert usage["gpu"] == [None] * 10
    assert usage["attempt"] == [1] * 10


def test_a_log_of_no_run_and_more_lines_than_there_can_be_are_refused(api: ApiForTests) -> None:
    absent = "run_01kax1fbk0s5nq3m6r9t2v4w6y"
    for part in ("log", "usage"):
        assert api.http.get(f"/v1/runs/{absent}/{part}").status_code == 404
    run_id = api.submit()["runs"][0]["id"]
    refused = api.http.get(f"/v1/runs/{run_id}/log", params={"limit": MOST_LINES + 1})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/query/limit"
