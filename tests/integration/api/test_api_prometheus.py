"""`/metrics`: what a monitor sees of the queue, the runs, the workers and the replies."""

from datetime import timedelta
from pathlib import Path
from shutil import copytree, disk_usage, rmtree

from prometheus_client.parser import text_string_to_metric_families

from models.store import workers
from models.store.run_life import runs

from support.api import ApiForTests, GeneratedForTests, StartService, now


def figures(api: ApiForTests) -> dict[str, float]:
    """Each sample by its name and labels, as `name{label=value,…}`."""
    reply = api.http.get("/metrics")
    assert reply.status_code == 200
    assert reply.headers["content-type"].startswith("text/plain")
    found = {}
    for family in text_string_to_metric_families(reply.text):
        for sample in family.samples:
            labels = ",".join(f"{k}={v}" for k, v in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


def test_runs_are_counted_by_state_and_attempts_with_them(api: ApiForTests) -> None:
    made = api.submit(seeds={"count": 2})
    api.train(made["runs"][0]["id"], accuracy=0.7)
    api.claim(made["runs"][1]["id"])
    seen = figures(api)
    states = ("queued", "running", "succeeded", "failed", "cancelled")
    assert [seen[f"tripletlab_runs{{state={state}}}"] for state in states] == [2, 1, 1, 0, 0]
    assert seen["tripletlab_attempts{}"] == 2


def test_ages_and_the_pace_of_running_runs_are_told(api: ApiForTests) -> None:
    empty = figures(api)
    assert empty["tripletlab_queue_oldest_seconds{}"] == 0
    assert empty["tripletlab_heartbeat_age_seconds{}"] == 0
    assert "tripletlab_step_seconds{}" not in empty
    made = api.submit(seeds={"count": 1})
    first, second = (run["id"] for run in made["runs"])
    before = now()
    attempt = api.claim(first, seconds_ago=30)
    with api.database.transaction() as session:
        after = now()
        runs.advance(session, first, attempt, 10, after - timedelta(seconds=20))
        runs.mark_submitted(session, [second], now() - timedelta(seconds=100))
    seen = figures(api)
    assert 100 <= seen["tripletlab_queue_oldest_seconds{}"] < 160
    assert 20 <= seen["tripletlab_heartbeat_age_seconds{}"] < 80
    waited = (after - before).total_seconds()  # a busy machine's, between the two calls
    assert 0.99 <= seen["tripletlab_step_seconds{}"] <= 1.01 + waited / 10
    left = api.get(f"/v1/runs/{first}")["seconds_left"]  # of the other 10 steps
    assert left == round(10 * seen["tripletlab_step_seconds{}"], 1)


def test_live_workers_are_counted_and_dead_ones_are_not(api: ApiForTests) -> None:
    for name, cuda, age in (("wrk_a", 1, 0), ("wrk_b", 0, 0), ("wrk_c", 2, 10_000)):
        with api.database.transaction() as session:
            workers.register(
                session,
                worker_id=name,
                host="here",
                pid=1,
                slots=3,
                cuda_devices=cuda,
                now=now() - timedelta(seconds=age),
            )
    seen = figures(api)
    assert seen["tripletlab_workers{}"] == 2
    assert seen["tripletlab_cuda_workers{}"] == 1
    assert seen["tripletlab_slots{}"] == 6


def test_replies_are_timed_by_route_and_status_and_not_by_id(api: ApiForTests) -> None:
    made = api.submit(seeds={"count": 1})
    for _ in range(3):
        api.get(f"/v1/runs/{made['runs'][0]['id']}")
    api.http.get("/v1/runs/nonsense")
    api.http.get("/nowhere")
    api.http.request("INVENTED", "/nowhere")
    seen = figures(api)
    name = "tripletlab_http_seconds_count{method=GET,route=/v1/runs/{run_id},status="
    assert seen[f"{name}200}}"] == 3
    assert seen[f"{name}404}}"] == 1
    assert not any(made["runs"][0]["id"] in key or "nowhere" in key for key in seen)
    assert not any("INVENTED" in key for key in seen)


def test_room_on_the_disk_of_the_data_folder_is_told(api: ApiForTests) -> None:
    told, free = (
        figures(api)["tripletlab_disk_free_bytes{}"],
        disk_usage(api.settings.data_dir).free,
    )
    assert abs(told - free) < 1 << 30  # others write meanwhile


def test_all_else_is_told_where_the_data_folder_is_gone(
    start_service: StartService, generated: GeneratedForTests, tmp_path: Path
) -> None:
    own = tmp_path / "data"
    copytree(generated.data_dir, own)
    api = start_service(data_dir=own)
    rmtree(own)
    seen = figures(api)
    assert "tripletlab_disk_free_bytes{}" not in seen
    assert seen["tripletlab_workers{}"] == 0
