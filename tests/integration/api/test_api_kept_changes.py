"""After every change that may still come, a reply that was kept is worked out again."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from models.store.interim_looks import take_due_look

from support.api import ApiForTests, StartService, now, refused
from support.ended_experiments import ended, fail, paths, place, train, write_scores


@pytest.fixture
def api(start_service: StartService) -> ApiForTests:
    return start_service()


def retry(api: ApiForTests, experiment: dict[str, Any]) -> None:
    """The run that failed is queued again, and goes on."""
    reply = api.http.post(f"{place(experiment)}/retry")
    assert reply.status_code in (200, 202), reply.text


def retry_and_train(api: ApiForTests, experiment: dict[str, Any]) -> None:
    retry(api, experiment)
    train(api, experiment["runs"][-1])


def retry_and_cancel(api: ApiForTests, experiment: dict[str, Any]) -> None:
    """It has the attempts, the steps and the heartbeat of before, but another reason."""
    retry(api, experiment)
    api.http.post(f"/v1/runs/{experiment['runs'][-1]['id']}/cancel").raise_for_status()


def retry_and_cancel_twice(api: ApiForTests, experiment: dict[str, Any]) -> None:
    retry_and_cancel(api, experiment)
    retry_and_cancel(api, experiment)


def correct_a_metric(api: ApiForTests, experiment: dict[str, Any]) -> None:
    lower = "UPDATE evaluations SET accuracy = 0.5 WHERE run_id = :id AND split = 'test'"
    with api.database.transaction() as session:
        session.execute(text(lower), {"id": experiment["runs"][1]["id"]})


def swap_two_metrics(api: ApiForTests, experiment: dict[str, Any]) -> None:
    one, other = (experiment["runs"][place]["id"] for place in (0, 3))
    query = "SELECT accuracy FROM evaluations WHERE run_id = :id AND split = 'test'"
    change = "UPDATE evaluations SET accuracy = :value WHERE run_id = :id AND split = 'test'"
    with api.database.transaction() as session:
        values = [session.scalar(text(query), {"id": run}) for run in (one, other)]
        for run, value in zip((other, one), values, strict=True):
            session.execute(text(change), {"id": run, "value": value})


def delete_a_run(api: ApiForTests, experiment: dict[str, Any]) -> None:
    with api.database.transaction() as session:
        for table, column in (
            *((name, "run_id") for name in ("evaluations", "steps", "events")),
            ("runs", "id"),
        ):
            session.execute(
                text(f"DELETE FROM {table} WHERE {column} = :id"),
                {"id": experiment["runs"][1]["id"]},
            )


def lose_scores(api: ApiForTests, experiment: dict[str, Any]) -> None:
    (api.settings.run_dir(experiment["runs"][1]["id"]) / "scores.safetensors").unlink()


def replace_scores(api: ApiForTests, experiment: dict[str, Any]) -> None:
    write_scores(api, experiment["runs"][1]["id"], seed=99, skill=0.1)


def rename(api: ApiForTests, experiment: dict[str, Any]) -> None:
    with api.database.transaction() as session:
        session.execute(
            text("UPDATE experiments SET name = 'Another name' WHERE id = :id"),
            {"id": experiment["id"]},
        )


def reproduce(api: ApiForTests, experiment: dict[str, Any]) -> None:
    """A run is trained again, as an experiment of its own: nothing is told of it here."""
    run = experiment["runs"][0]
    again = api.http.post(f"/v1/runs/{run['id']}/reproduce").json()["again"]
    train(api, {**run, "id": again}, gain=0.5)


CHANGES: list[tuple[Callable[[ApiForTests, dict[str, Any]], None], bool]] = [
    *((one, True) for one in (retry, retry_and_train, retry_and_cancel, retry_and_cancel_twice)),
    *((one, True) for one in (correct_a_metric, swap_two_metrics, delete_a_run, lose_scores)),
    *((replace_scores, True), (rename, True), (reproduce, False)),
]


@pytest.mark.parametrize(
    ("change", "differs"), CHANGES, ids=lambda one: getattr(one, "__name__", "")
)
def test_after_a_change_every_reply_is_that_of_a_process_that_kept_nothing(
    start_service: StartService,
    api: ApiForTests,
    change: Callable[[ApiForTests, dict[str, Any]], None],
    differs: bool,
) -> None:
    experiment = ended(api)
    before = {path: api.http.get(path).content for path in paths(experiment)}
    change(api, experiment)
    fresh = start_service()
    for path in before:
        now_told = api.http.get(path).content
        assert now_told == fresh.http.get(path).content, path
        assert now_told == api.http.get(path).content, path
    results = f"{place(experiment)}/results"
    assert (api.http.get(results).content != before[results]) is differs


def test_scores_that_come_back_are_in_the_results_again(api: ApiForTests) -> None:
    experiment = ended(api)
    file = api.settings.run_dir(experiment["runs"][1]["id"]) / "scores.safetensors"
    before = api.get(f"{place(experiment)}/results")
    content = file.read_bytes()
    file.unlink()
    without = api.get(f"{place(experiment)}/results")
    assert len(without["comparisons"][0]["mcnemar"]["seeds"]) == 4
    file.write_bytes(content)
    assert api.get(f"{place(experiment)}/results") == before


def test_a_look_is_in_the_next_reply(start_service: StartService, api: ApiForTests) -> None:
    """Cancelled before its first look it has ended; retried, its plan is taken up again."""
    seeds = {"until_decided": {"min": 6, "max": 12}}
    experiment = api.submit(seeds=seeds, decision={"equivalence_margin": 0.001})
    for run in experiment["runs"][:-1]:
        train(api, run)
    fail(api, experiment["runs"][-1]["id"])
    api.http.post(f"{place(experiment)}/cancel").raise_for_status()
    dropped = api.get(f"{place(experiment)}/results")
    assert (dropped["complete"], dropped["plan"][0]["state"]) == (True, "dropped")
    retry_and_train(api, experiment)
    assert api.get(f"{place(experiment)}/results")["complete"] is False
    with api.database.transaction() as session:
        take_due_look(session, experiment["id"], now())
    api.http.post(f"{place(experiment)}/cancel").raise_for_status()
    looked = api.get(f"{place(experiment)}/results")
    assert (looked["complete"], looked["plan"][0]["state"]) == (True, "taken")
    assert looked == start_service().get(f"{place(experiment)}/results")


def test_two_experiments_compared_are_kept_until_one_of_them_changes(
    start_service: StartService, api: ApiForTests
) -> None:
    one, other = ended(api), ended(api)
    path = f"/v1/comparisons?a={one['id']}/modified&b={other['id']}/vanilla"
    before = api.http.get(path).json()
    retry_and_train(api, other)
    assert len(api.http.get(path).json()["pairs"]) == len(before["pairs"]) == 5
    correct_a_metric(api, one)
    after = api.http.get(path).json()
    assert after != before
    assert after == start_service().http.get(path).json()


def test_an_experiment_that_was_deleted_is_not_told_of(api: ApiForTests) -> None:
    experiment = ended(api)
    for path in paths(experiment):
        assert api.http.get(path).status_code == 200
    api.http.delete(place(experiment)).raise_for_status()
    for path in paths(experiment):
        refused(api.http.get(path), 422 if "comparisons" in path else 404)
    refused(api.http.get(f"{place(experiment)}/report"), 404)


def test_a_spec_that_cannot_be_read_any_more_is_told_although_a_reply_was_kept(
    api: ApiForTests,
) -> None:
    experiment = ended(api)
    api.get(f"{place(experiment)}/results")
    with api.database.transaction() as session:
        session.execute(text("""UPDATE experiments SET spec = '{"name":"x"}'"""))
    refused(api.http.get(f"{place(experiment)}/results"), 500)
