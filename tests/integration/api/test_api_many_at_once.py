"""Many long reads at once: the others are let in all the same, and what nobody waits for ends."""

import http.client
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from api.dependencies import DOCUMENTS_WAITING
from api.results import document, routes
from models.abandonment import Abandoned, stop_if_abandoned

from support.api import NO_AUTHORITIES, ApiForTests, StartService

AT_ONCE = 64


class HeldResults:
    """The results document, which begins only when it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.begun = threading.Semaphore(0)
        self.abandoned = threading.Semaphore(0)

    def __call__(self, *given: Any) -> Any:
        self.begun.release()
        try:
            while not self.go.wait(0.02):
                stop_if_abandoned()
        except Abandoned:
            self.abandoned.release()
            raise
        return document.results_document(*given)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[HeldResults]:
    results = HeldResults()
    monkeypatch.setattr(routes, "results_document", results)
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
        while sum(one.done() for one in asked) < AT_ONCE - DOCUMENTS_WAITING - 1:
            threading.Event().wait(0.02)
        held.go.set()
        replies = [one.result() for one in asked]
    refused = [one for one in replies if one.status_code == 429]
    assert {one.status_code for one in replies} == {200, 429}
    assert all(int(one.headers["retry-after"]) > 0 for one in refused)
    assert len(refused) >= AT_ONCE - DOCUMENTS_WAITING - 1  # one was computed meanwhile


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
