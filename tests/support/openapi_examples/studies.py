"""The scene of studies in the recorded session."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from api.dependencies import Service
from api.experiments.planning import Plan, plan
from api.studies import planning
from models.store.datasets import dataset_by_name, remove_dataset

from support.asked_studies import PATH, STUDY_SPEC, over, train_experiment, with_data_sets
from support.openapi_examples.recording import Session
from support.stored import stored_dataset

AHEAD = (0.02, 0.031, 0.012, 0.024)


def studies(played: Session) -> None:
    names = with_data_sets(played.api, 4)
    spec = {**STUDY_SPEC, "seeds": {"count": 2}}
    body: dict[str, Any] = {"name": "On four data sets", "spec": spec, "over": over(names)}
    few = {**body, "spec": {**spec, "seeds": {"count": 1}}, "over": over(names[:2])}
    played.call("POST", PATH, 200, json=few, params={"dry_run": True})
    made = played.call("POST", PATH, 202, json=body, headers={"Idempotency-Key": "study-1"})
    wrong = [{"dataset": names[0], "batch_size": 1}, {"dataset": "absent"}]
    played.call("POST", PATH, 422, json={**body, "over": wrong})
    played.call("POST", PATH, 415, content=b"name: x", headers={"Content-Type": "text/yaml"})
    played.call("POST", PATH, 429, json=few, of=played.bounded)
    with _deleted_meanwhile(played, "short-lived-too"):
        played.call("POST", PATH, 409, json={**few, "over": over([names[0], "short-lived-too"])})
    played.call("GET", PATH, 200)
    played.call("GET", PATH, 422, params={"limit": 0})
    for one, ahead in zip(made["experiments"], AHEAD, strict=True):
        train_experiment(played.api, one["id"], ahead)
    path = f"{PATH}/{made['id']}"
    played.call("GET", path, 200)
    played.call("GET", f"{path}/results", 200)
    played.call("GET", f"{path}/export", 200)
    played.call("GET", f"{path}/export", 422, params={"format": "xlsx"})
    joined = {"name": "Afterwards", "experiments": [one["id"] for one in made["experiments"]]}
    again = played.call("POST", PATH, 202, json=joined)
    played.call("POST", f"{PATH}/{again['id']}/cancel", 200)
    played.call("DELETE", f"{PATH}/{again['id']}", 204)


@contextmanager
def _deleted_meanwhile(played: Session, name: str) -> Iterator[None]:
    """Between the look at a spec and its storing, another request deletes this data set."""

    def plan_and_delete(service: Service, document: Any, left_open: frozenset[str]) -> Plan:
        planned = plan(service, document, left_open)
        if document["dataset"] == name:
            with played.api.database.transaction() as store:
                remove_dataset(store, name)
        return planned

    with played.api.database.transaction() as store:
        # other rows than the generated ones, which are in the study already
        stored_dataset(store, name, dataset_by_name(store, "pairs-2").content_hash)
    with patch.object(planning, "plan", plan_and_delete):
        yield


def long_reads_of_studies(played: Session, study_id: str) -> None:
    """For `long_reads`: what is refused while others wait."""
    for path in (PATH, *(f"{PATH}/{study_id}{part}" for part in ("", "/results", "/export"))):
        played.call("GET", path, 429)
    played.call("POST", f"{PATH}/{study_id}/cancel", 429)
