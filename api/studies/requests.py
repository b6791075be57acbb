"""The body of a new study: planned over data sets, or joined from experiments that exist."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from api.http.json_bodies import RequestBody, validated
from api.openapi.requests import SMALL, json_request
from models.errors import Invalid, Problem
from models.specs.experiment import Line
from models.specs.names import PlainName

MOST_DATA_SETS = 32
FEWEST = 2  # one is an experiment

Name = Annotated[Line, Field(min_length=1, max_length=100), PlainName]  # looked at when sent


class PlannedStudy(RequestBody):
    """One spec, and what is different on each data set."""

    model_config = ConfigDict(title="Planned study")

    name: Name
    spec: dict[str, Any]
    """As for `POST /v1/experiments`, also with a recipe; its data set may be left out."""
    over: Annotated[
        list[dict[str, Any]],
        Field(
            min_length=FEWEST,
            max_length=MOST_DATA_SETS,
            json_schema_extra={"items": {"type": "object", "required": ["dataset"]}},
        ),
    ]
    """For each data set its name as `dataset`, and whatever else differs there (`split`, `steps`,
    …): it is merged over the spec as a body is over its recipe. Arms and decision are the
    study's."""


class JoinedStudy(RequestBody):
    """Experiments that exist already."""

    model_config = ConfigDict(title="Joined study")

    name: Name
    experiments: Annotated[list[str], Field(min_length=FEWEST, max_length=MOST_DATA_SETS)]
    """Their ids; they have the same arms and the same decision."""


STUDY_BODY = json_request(
    PlannedStudy,
    JoinedStudy,
    example={
        "name": "Does leaving out harder negatives help?",
        "spec": {"recipe": SMALL},
        "over": [
            {"dataset": "questions-generated"},
            {
                "dataset": "my-pairs",
                "split": {"kind": "in_order", "train_rows": 5000, "test_rows": 1000},
            },
        ],
    },
)


def parse_study(document: Any) -> PlannedStudy | JoinedStudy:
    """Return the study of a decoded body. Raises `Invalid` with a problem for each wrong field."""
    if isinstance(document, dict) and "experiments" in document:
        for field in ("spec", "over"):
            if field in document:
                detail = "experiments that exist have their specs; give either these or `over`"
                raise Invalid([Problem(f"/{field}", detail)])
        return validated(JoinedStudy, document)
    return validated(PlannedStudy, document)
