"""What one key may have at once: queued runs, uploads going on, disk."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from api.app import ORDINARY_THREADS
from api.datasets import routes
from models.datasets.reading.files import read_pairs
from models.settings import Settings
from models.store import interim_looks, predictions
from models.store.run_life.runs import claim

from support.api import GENERATED, SPEC, ApiForTests, StartService, now, refused
from support.uploads import CSV, HEADER, upload
from support.workers import wait_until


def test_queued_runs_are_bounded_for_each_key_until_some_begin(
    start_service: StartService,
) -> None:
    api = start_service(max_queued_runs=4)
    ann, bob = api.key("submit"), api.key("submit")

    def post(key: dict[str, str], **changes: Any) -> httpx.Response:
        return api.http.post("/v1/experiments", json={**SPEC, **changes}, headers=key)

    made = post(ann).json()
    reply = post(ann, seeds={"count": 1})
    refused(reply, 429, "are queued already")
    assert int(reply.headers["retry-after"]) > 0
    assert post(bob).status_code == 202
    with api.database.transaction() as session:
        for run in made["runs"][:2]:
            claim(session, run["id"], worker_id="wrk_t", cuda=False, now=now())
    assert post(ann, seeds={"count": 1}).status_code == 202


def test_nobody_on_loopback_has_the_same_bound(start_service: StartService) -> None:
    api = start_service(max_queued_runs=4)
    api.submit()
    refused(api.http.post("/v1/experiments", json=SPEC), 429, "are queued already")


def test_an_experiment_that_never_fits_the_queue_is_refused_for_good(
    start_service: StartService,
) -> None:
    reply = start_service(max_queued_runs=3).http.post("/v1/experiments", json=SPEC)
    document = refused(reply, 422, "4 runs are more than the 3")
    assert document["errors"][0]["pointer"] == "/seeds"


def test_of_requests_at_once_no_more_get_in_than_there_is_room(api_settings: Settings) -> None:
    with ApiForTests(api_settings.model_copy(update={"max_queued_runs": 8})) as api:
        assert sorted(_statuses_at_once(api, 5)) == [202, 202, 429, 429, 429]


def _statuses_at_once(api: ApiForTests, count: int) -> list[int]:
    statuses: list[int] = []

    def post() -> None:
        statuses.append(httpx.post(f"{api.url}/v1/experiments", json=SPEC, timeout=60).status_code)

    threads = [threading.Thread(target=post) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses


def test_uploads_going_on_are_bounded_for_each_key(start_service: StartService) -> None:
    api = start_service(max_uploads=1)
    ann, bob = api.key("submit"), api.key("submit")
    with _upload_that_goes_on(api, ann):
        reply = upload(api, CSV, headers=ann)
        refused(reply, 429, "are in progress already")
        assert int(reply.headers["retry-after"]) > 0
        assert upload(api, CSV, name="bobs", headers=bob).status_code == 201
    # the sender hung up, so the place is free again as soon as the service has noticed
    while (reply := upload(api, CSV, headers=ann)).status_code == 429:
        pass
    assert reply.status_code == 201


@contextmanager
def _upload_that_goes_on(api: ApiForTests, key: dict[str, str]) -> Iterator[None]:
    """The service has begun to read its form: it said so, since it was asked to."""
    head = (
        "POST /v1/datasets HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
        f"Authorization: {key['Authorization']}\r\nContent-Length: 1000\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
    )
    port = api.http.base_url.port or 80
    with socket.create_connection((api.http.base_url.host, port), timeout=60) as raw:
        raw.sendall(head.encode())
        assert b"100 Continue" in raw.recv(1000)
        yield


def test_disk_of_a_keys_data_sets_is_bounded_and_deleting_frees_it(
    start_service: StartService,
) -> None:
    api = start_service(max_stored_bytes=10_000)
    ann = api.key("submit")
    other = HEADER + b"i j,k l,1\nm n,o p,0\n"
    digest = upload(api, CSV, headers=ann).json()["content_hash"]
    assert upload(api, CSV, name="twin", headers=ann).status_code == 201  # the same folder
    folder = api.settings.datasets_dir / digest
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    assert size < 10_000
    large = HEADER + b"".join(b"word%d,b,1\n" % number for number in range(2000))
    reply = upload(api, large, name="large", headers=ann)
    refused(reply, 429, "10,000 are allowed")
    assert int(reply.headers["retry-after"]) > 0
    kept = {path.name for path in api.settings.datasets_dir.iterdir()}
    assert digest in kept
    listed = api.http.get("/v1/datasets", headers=ann).json()["items"]
    assert [one["name"] for one in listed] == ["mine", GENERATED, "twin"]
    for name in ("mine", "twin"):
        assert api.http.delete(f"/v1/datasets/{name}", headers=ann).status_code == 204
    assert upload(api, other, name="other", headers=ann).status_code == 201


def test_questions_that_wait_are_bounded_for_each_key_until_some_are_answered(
    start_service: StartService,
) -> None:
    api = start_service(max_waiting_predictions=2)
    run_id = api.submit()["runs"][0]["id"]
    api.train(run_id, accuracy=0.7)
    ann, bob = api.key("read"), api.key("read")

    def ask(key: dict[str, str]) -> httpx.Response:
        body = {"question1": "a", "question2": "b"}
        return api.http.post(f"/v1/runs/{run_id}/predict?wait=0", json=body, headers=key)

    assert [ask(ann).status_code for _ in range(2)] == [202, 202]
    reply = ask(ann)
    refused(reply, 429, "2 of your predictions wait")
    assert int(reply.headers["retry-after"]) > 0
    assert ask(bob).status_code == 202
    with api.database.transaction() as session:
        oldest = predictions.next_request(session, "wrk_t", now(), 30)
        assert oldest is not None
        assert predictions.fail(session, oldest, "on purpose", now())
    assert ask(ann).status_code == 202


def test_the_texts_of_questions_that_wait_are_bounded_for_each_key(
    start_service: StartService,
) -> None:
    api = start_service(max_waiting_prediction_bytes=2_000)
    run_id = api.submit()["runs"][0]["id"]
    api.train(run_id, accuracy=0.7)
    ann, bob = api.key("read"), api.key("read")

    def ask(key: dict[str, str], letters: int) -> httpx.Response:
        body = {"question1": letters * "a", "question2": "b"}
        return api.http.post(f"/v1/runs/{run_id}/predict?wait=0", json=body, headers=key)

    assert [ask(ann, 900).status_code for _ in range(3)] == [202, 202, 202]
    reply = ask(ann, 1)
    refused(reply, 429, "2,000 are allowed")
    assert int(reply.headers["retry-after"]) > 0
    assert ask(bob, 900).status_code == 202
    with api.database.transaction() as session:
        oldest = predictions.next_request(session, "wrk_t", now(), 30)
        assert oldest is not None
        assert predictions.fail(session, oldest, "on purpose", now())
    assert ask(ann, 900).status_code == 202


def test_seeds_of_a_planned_look_are_not_refused_and_count_towards_what_is_asked_next(
    start_service: StartService,
) -> None:
    api = start_service(max_queued_runs=12)
    made = api.submit(seeds={"until_decided": {"min": 6, "max": 12, "futility": False}})
    for run in made["runs"]:
        swing = 0.1 * (-1) ** run["seed"] * (run["arm"] == "modified")
        api.train(run["id"], accuracy=0.7 + swing)  # far from decided
    with api.database.transaction() as session:
        added = interim_looks.take_due_look(session, made["id"], now())
    assert added
    waiting = [run for run in api.runs(made["id"]) if run.state == "queued"]
    assert len(waiting) == len(added)
    reply = api.http.post("/v1/experiments", json={**SPEC, "seeds": {"count": 6}})
    refused(reply, 429, f"{len(added)} of your runs are queued already")


def test_uploads_that_take_long_hold_nobody_else_up(
    start_service: StartService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does deleting a data set, which waits while one is stored."""
    api, many = start_service(max_uploads=ORDINARY_THREADS), ORDINARY_THREADS
    place = f"/v1/experiments/{api.submit()['id']}"
    begun, go_on = threading.Semaphore(0), threading.Event()

    def slow(*args: Any, **options: Any) -> Any:
        begun.release()
        assert go_on.wait(60)
        return read_pairs(*args, **options)

    assert upload(api, CSV, name="there").status_code == 201
    monkeypatch.setattr(routes, "read_pairs", slow)
    service = api.thread.app.state.service
    with ThreadPoolExecutor(2 * many) as pool, service.dataset_files:
        names = [f"slow{number}" for number in range(many)]
        uploads = [pool.submit(upload, api, CSV, name=name) for name in names]
        for _ in uploads:
            assert begun.acquire(timeout=60)
        deletes = [pool.submit(api.http.delete, "/v1/datasets/there") for _ in range(many)]
        threads = service.deleting_threads.statistics
        wait_until("they wait", lambda: threads().tasks_waiting == many - 1)
        assert api.http.post(f"{place}/cancel", timeout=30).status_code == 200
        assert api.http.get("/v1/datasets/there", timeout=30).status_code == 200
        go_on.set()
        service.dataset_files.release()
        assert [one.result().status_code for one in uploads] == [201] * many
        assert sorted(one.result().status_code for one in deletes) == [204] + [404] * (many - 1)
        service.dataset_files.acquire()
