"""Replies about what has ended are worked out once, for all that need the same document."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from api.results import kept_results
from api.results.document import ResultsDocument, results_document

from support.api import ARMS, ApiForTests, StartService
from support.ended_experiments import THIRD, ended, place, train


@pytest.fixture
def api(start_service: StartService) -> ApiForTests:
    return start_service()


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The experiments of which a results document was worked out, one after the other."""
    found: list[str] = []

    def noted(session: Any, experiment: str, *more: Any) -> ResultsDocument:
        found.append(experiment)
        return results_document(session, experiment, *more)

    monkeypatch.setattr(kept_results, "results_document", noted)
    return found


def test_an_ended_experiments_document_is_worked_out_once_for_all_that_need_it(
    api: ApiForTests, made: list[str]
) -> None:
    experiment = ended(api)
    first = api.http.get(f"{place(experiment)}/results")
    assert int(first.headers["content-length"]) == len(first.content)
    assert api.http.get(f"{place(experiment)}/results").content == first.content
    for form in ("svg", "png"):
        figure = f"{place(experiment)}/figures/comparison?format={form}"
        assert api.http.get(figure).content == api.http.get(figure).content
    assert "it broke" in api.http.get(f"{place(experiment)}/report").text
    assert made == [experiment["id"]]
    json.loads(api.http.get(f"{place(experiment)}/results", params={"target_loss": 1.5}).text)
    assert len(made) == 2


def test_a_report_makes_one_document_also_while_runs_go_on(
    api: ApiForTests, made: list[str]
) -> None:
    experiment = api.submit()
    train(api, experiment["runs"][0])
    for times in (1, 2):
        assert api.http.get(f"{place(experiment)}/report").status_code == 200
        assert len(made) == times


def test_the_document_read_from_its_json_is_the_one_that_was_made(api: ApiForTests) -> None:
    experiment = ended(api, arms=[*ARMS, THIRD])
    service = api.thread.app.state.service
    with kept_results.kept_reading(service, [experiment["id"]]) as reading:
        made = kept_results.results_of(reading, experiment["id"])
    with kept_results.kept_reading(service, [experiment["id"]]) as reading:
        kept = kept_results.results_of(reading, experiment["id"])
    assert kept is not made
    assert kept == made
    told = api.http.get(f"{place(experiment)}/results?target_loss=2").content
    with kept_results.kept_reading(service, [experiment["id"]]) as reading:
        whole = results_document(reading.session, experiment["id"], service, 2.0).whole()
    assert told == whole.model_dump_json(by_alias=True).encode()


def test_of_an_experiment_that_goes_on_nothing_is_kept(api: ApiForTests, made: list[str]) -> None:
    experiment = api.submit()
    for times in (1, 2):
        api.get(f"{place(experiment)}/results")
        assert len(made) == times
    assert api.thread.app.state.service.kept.stored_bytes == 0


def test_what_is_kept_does_not_wait_for_what_is_worked_out(
    api: ApiForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment, other = ended(api), api.submit()
    kept = api.get(f"{place(experiment)}/results")
    begun, go = threading.Event(), threading.Event()

    def held(*given: Any) -> ResultsDocument:
        begun.set()
        assert go.wait(60)
        return results_document(*given)

    monkeypatch.setattr(kept_results, "results_document", held)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(httpx.get, f"{api.url}{place(other)}/results", timeout=60)
        assert begun.wait(60)
        assert api.get(f"{place(experiment)}/results") == kept
        go.set()
        assert slow.result().json()["complete"] is False
