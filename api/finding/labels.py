"""`/v1/experiments/{id}/labels`: name, tags and notes, by which people know their experiments."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import AfterValidator, ConfigDict, Field
from sqlalchemy.orm import Session

from api.access.callers import CallerDep
from api.dependencies import ExperimentId, ServiceDep
from api.finding.views import LabelsView
from api.http.json_bodies import JsonBody, RequestBody, validated
from api.openapi.requests import json_request
from api.openapi.responses import may_answer
from models.errors import Invalid
from models.specs.base import contradiction
from models.specs.experiment import Line
from models.specs.names import PlainName
from models.store import clock
from models.store.experiments import experiment
from models.store.finding import labels

router = APIRouter(prefix="/experiments", tags=["experiments"])

MOST_TAGS = 20
# letters of any script, and what joins words: no space or comma, by which people part tags
Tag = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[\w][\w.:/+-]*$")]


def _each_once(tags: list[str]) -> list[str]:
    for index, tag in enumerate(tags):
        if tag in tags[:index]:
            raise contradiction(f"/{index}", "is in the list already; name each tag once")
    return tags


class LabelChanges(RequestBody):
    """What is to change; a field that is left out stays as it is."""

    model_config = ConfigDict(title="Labels")

    tags: (
        Annotated[
            list[Tag],
            Field(max_length=MOST_TAGS, json_schema_extra={"uniqueItems": True}),
            AfterValidator(_each_once),
        ]
        | None
    ) = None
    """All tags it is to have: letters, digits and `_ . : / + -`."""
    notes: Annotated[str, Field(max_length=10_000)] | None = None
    """All notes it is to have."""
    name: Annotated[Line, Field(min_length=1, max_length=200), PlainName] | None = None
    """The name it is to have. Its spec keeps the one under which it was asked."""


LABELS_BODY = json_request(
    LabelChanges,
    example={"name": "Margin 0.25", "tags": ["margin", "quora"], "notes": "Only on Quora."},
)


@router.get("/{experiment_id}/labels")
def get_labels(service: ServiceDep, experiment_id: ExperimentId) -> LabelsView:
    """Return the name, tags and notes of an experiment."""
    with service.database.reading() as session:
        experiment(session, experiment_id)
        return _view(session, experiment_id)


@router.patch(
    "/{experiment_id}/labels",
    openapi_extra=LABELS_BODY,
    responses=may_answer(Invalid),
)
def update_labels(
    service: ServiceDep, caller: CallerDep, experiment_id: ExperimentId, body: JsonBody
) -> LabelsView:
    """Change the name, tags or notes of an experiment; nothing that is measured depends on them."""
    wanted = parse_labels(body)
    with service.database.transaction() as session:
        experiment(session, experiment_id)
        if wanted.tags is not None:
            labels.set_tags(session, experiment_id, wanted.tags)
        if wanted.notes is not None:
            labels.set_notes(session, experiment_id, wanted.notes)
        now = clock.now(session)
        if wanted.name is not None:
            labels.rename(session, experiment_id, wanted.name, now)
        caller.record(session, "labelled", experiment_id, now)
        return _view(session, experiment_id)


def parse_labels(document: Any) -> LabelChanges:
    """Return the changes of a decoded body. Raises `Invalid` with all its problems."""
    return validated(LabelChanges, document)


def _view(session: Session, experiment_id: str) -> LabelsView:
    (tags,) = labels.tags_of(session, [experiment_id]).values()
    name, notes = experiment(session, experiment_id).name, labels.notes_of(session, experiment_id)
    return LabelsView(name=name, tags=tags, notes=notes)
