"""Many long reads at once: the others are let in all the same, and what nobody waits for ends."""

import http.client
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from sqlalchemy import event

from api import health
from api.dependencies import WAITING_OF_A_KEY, Service
from api.experiments import routes
from api.experiments.summaries import page_of
from api.http.views import Readiness
from api.live.read_lanes import ReadLane
from api.results import document, kept_results
from models.abandonment import Abandoned, stop_if_abandoned

from support.api import NO_AUTHORITIES, SPEC, ApiForTests, StartService, refused
from support.statements import statements

AT_ONCE = 64


class HeldResults:
    """The results document, which begins only when it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self._some = threading.Semaphore(0)
        self.begun = threading.Semaphore(0)
        self.abandoned = threading.Semaphore(0)

    def __call__(self, *given: Any) -> Any:
        self.begun.release()
        try:
            while not (self.go.wait(0.02) or self._some.acquire(blocking=False)):
                stop_if_abandoned()
        except Abandoned:
            self.abandoned.release()
            raise
        return document.results_document(*given)

    def at_most(self, count: int) -> None:
        """Let so many begin, and no more."""
        self._some.release(count)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[HeldResults]:
    results = HeldResults()
    monkeypatch.setattr(kept_results, "results_document", results)
    yield results
    results.go.set()


@pytest.fixture
def api(start_service: StartService) -> ApiForTests:
    return start_service()


def ask(api: ApiForTests, path: str, number: int, headers: dict[str, str]) -> httpx.Response:
    """A request of a client of its own, so that it can hang up."""
    with httpx.Client(base_url=api.url, timeout=60, verify=NO_AUTHORITIES) as client:
        return client.get(path, params={"target_loss": number}, headers=headers)


def test_others_are_served_while_all_long_reads_that_fit_are_computed(
    api: ApiForTests, held: HeldResults
) -> None:
    place = f"/v1/experiments/{api.submit()['id']}/results"
    reader, other = api.key("read", "reader"), api.key("read", "other")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        asked = [pool.submit(ask, api, place, n, reader) for n in range(1, AT_ONCE + 1)]
        assert held.begun.acquire(timeout=60)
        for path in ("/healthz", "/readyz", "/v1/recipes", "/v1/datasets", "/v1/experiments"):
            assert api.http.get(path, headers=other).status_code in (200, 503)
        while sum(one.done() for one in asked) < AT_ONCE - WAITING_OF_A_KEY - 1:
            threading.Event().wait(0.02)
        held.go.set()
        replies = [one.result() for one in asked]
    many = [one for one in replies if one.status_code == 429]
    assert {one.status_code for one in replies} == {200, 429}
    assert all(int(one.headers["retry-after"]) > 0 for one in many)
    refused(many[0], 429, "of this key")
    assert len(many) >= AT_ONCE - WAITING_OF_A_KEY - 1  # one was computed meanwhile


def test_another_key_has_its_turn_before_those_that_a_full_share_waits_for(
    api: ApiForTests, held: HeldResults
) -> None:
    place = f"/v1/experiments/{api.submit()['id']}/results"
    reader, other = api.key("read", "reader"), api.key("read", "other")
    lane = api.thread.app.state.service.documents
    with ThreadPoolExecutor(AT_ONCE) as pool:
        asked = [pool.submit(ask, api, place, 1, reader)]
        assert held.begun.acquire(timeout=60)
        asked += [pool.submit(ask, api, place, n, reader) for n in range(2, WAITING_OF_A_KEY + 2)]
        while lane._waiting.total() < WAITING_OF_A_KEY:
            threading.Event().wait(0.02)
        second = pool.submit(ask, api, place, 100, other)
        while lane._waiting.total() < WAITING_OF_A_KEY + 1:
            threading.Event().wait(0.02)
        held.at_most(3)  # what runs already, one of the first key, one of the other
        assert second.result().status_code == 200
        assert sum(one.done() for one in asked) <= 2
        held.go.set()
        assert {one.result().status_code for one in asked} == {200}


def test_a_document_that_many_ask_for_is_computed_once_for_those_who_wait(
    api: ApiForTests, held: HeldResults
) -> None:
    place = f"/v1/experiments/{api.submit()['id']}/results"
    with ThreadPoolExecutor(AT_ONCE) as pool:
        first = pool.submit(ask, api, place, 1, {})
        assert held.begun.acquire(timeout=60)
        rest = [pool.submit(ask, api, place, 1, {}) for _ in range(AT_ONCE - 1)]
        lane = api.thread.app.state.service.documents
        while not lane._to_begin or next(iter(lane._to_begin.values()))[0].users < AT_ONCE - 1:
            threading.Event().wait(0.02)
        held.go.set()
        documents = [one.result().json() for one in (first, *rest)]
    assert all(one == documents[0] for one in documents)
    assert held.begun.acquire(blocking=False)  # the second read …
    assert not held.begun.acquire(blocking=False)  # … and no third


def test_a_list_that_many_ask_for_is_read_once_for_those_who_wait(
    api: ApiForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, begun = threading.Event(), threading.Semaphore(0)

    def held(*given: Any, **named: Any) -> Any:
        begun.release()
        assert go.wait(60)
        return page_of(*given, **named)

    monkeypatch.setattr(routes, "page_of", held)
    lane = api.thread.app.state.service.series
    with ThreadPoolExecutor(AT_ONCE) as pool:
        asked = []
        for _ in range(2):  # as many as begin at a time
            asked.append(pool.submit(api.http.get, "/v1/experiments"))
            assert begun.acquire(timeout=60)
        asked += [pool.submit(api.http.get, "/v1/experiments") for _ in range(6)]
        while not lane._to_begin or next(iter(lane._to_begin.values()))[0].users < 6:
            threading.Event().wait(0.02)
        go.set()
        assert {one.result().status_code for one in asked} == {200}
    assert begun.acquire(blocking=False)  # one for all the others
    assert not begun.acquire(blocking=False)


def test_a_document_whose_client_hung_up_is_computed_no_further(
    api: ApiForTests, held: HeldResults
) -> None:
    place = f"/v1/experiments/{api.submit()['id']}/results"
    for _ in range(2):
        connection = http.client.HTTPConnection(api.settings.host, httpx.URL(api.url).port)
        connection.request("GET", place)
        assert held.begun.acquire(timeout=60)
        connection.close()
        assert held.abandoned.acquire(timeout=60)
    held.go.set()
    assert api.get(place)["complete"] is False


def test_a_dry_run_waits_for_its_turn_as_reads_do_and_a_real_one_never(api: ApiForTests) -> None:
    service: Any = api.thread.app.state.service
    vars(service).update(series=ReadLane(1, 0, 1))  # nobody may wait
    dry = api.http.post("/v1/experiments", json=SPEC, params={"dry_run": True})
    refused(dry, 429, "take long")
    assert api.http.post("/v1/experiments", json=SPEC).status_code == 202


def test_those_who_ask_at_once_whether_the_service_is_ready_share_one_look(
    api: ApiForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, go = [], threading.Event()
    original = health._readiness

    def counted(service: Service) -> Readiness:
        looks.append(service)
        assert go.wait(60)
        return original(service)

    monkeypatch.setattr(health, "_readiness", counted)
    flights = api.thread.app.state.service.single_flight._flights
    with ThreadPoolExecutor(AT_ONCE) as pool:
        asked = [pool.submit(ask, api, "/readyz", 1, {}) for _ in range(AT_ONCE)]
        while "readiness" not in flights or flights["readiness"].users < AT_ONCE:
            threading.Event().wait(0.02)
        go.set()
        assert len({one.result().text for one in asked}) == 1
    assert len(looks) <= 2  # of whoever came first, and of the others


def test_readiness_needs_one_statement_and_looks_up_no_key(api: ApiForTests) -> None:
    engine = api.thread.app.state.service.database.engine
    key = api.key("read")
    taken: list[object] = []
    event.listen(engine, "checkout", lambda *given: taken.append(given))
    with statements(engine) as sent:
        reply = api.http.get("/readyz", headers=key)
    assert reply.json()["parts"].keys() >= {"database", "migrations", "broker", "disk"}
    asked = [one for one in sent if not one.startswith("BEGIN")]  # SQLite's takes no journey
    assert len(asked) == 1
    assert "workers" in asked[0]
    assert len(taken) == 1
