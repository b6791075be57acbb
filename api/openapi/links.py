"""OpenAPI links: from an id in a reply to the calls that take it.

They guide readers of the document, and tools follow them: the contract test goes from the creation
of an experiment to its deletion as a client would.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

EXPERIMENT, RUN, DATASET = "/v1/experiments/{experiment_id}", "/v1/runs/{run_id}", "/v1/datasets"
ONE_DATASET = f"{DATASET}/{{name}}"
REPRODUCTION, PREDICTION = "/v1/reproductions/{reproduction_id}", "/v1/predictions/{prediction_id}"


class Source(NamedTuple):
    """A reply, and the place of the value in its body."""

    method: str
    path: str
    status: int
    pointer: str


FIRST_RUN = [
    Source("post", "/v1/experiments", 202, "/runs/0/id"),
    Source("get", EXPERIMENT, 200, "/runs/0/id"),
]
# parameter -> replies that have a value for it, which link to every call with that parameter
SOURCES: Mapping[str, list[Source]] = {
    "experiment_id": [
        Source("post", "/v1/experiments", 202, "/id"),
        Source("get", "/v1/experiments", 200, "/items/0/id"),
        Source("get", RUN, 200, "/experiment"),
    ],
    "run_id": [
        *FIRST_RUN,
        Source("get", REPRODUCTION, 200, "/again"),
    ],
    "reproduction_id": [
        Source("post", f"{RUN}/reproduce", 202, "/id"),
        Source("get", f"{RUN}/reproductions", 200, "/items/0/id"),
    ],
    "webhook_id": [
        Source("post", "/v1/webhooks", 201, "/id"),
        Source("get", "/v1/webhooks", 200, "/items/0/id"),
    ],
    "model_name": [
        Source("post", "/v1/models", 201, "/name"),
        Source("get", "/v1/models", 200, "/items/0/name"),
    ],
    "vectors_name": [
        Source("post", "/v1/vectors", 201, "/name"),
        Source("get", "/v1/vectors", 200, "/items/0/name"),
    ],
    "study_id": [
        Source("post", "/v1/studies", 202, "/id"),
        Source("get", "/v1/studies", 200, "/items/0/id"),
    ],
    "programme_name": [Source("get", "/v1/programmes", 200, "/items/0/name")],
    "step": [Source("get", f"{RUN}/checkpoints", 200, "/items/0/step")],
    "prediction_id": [
        Source("post", f"{RUN}/predict", 200, "/id"),
        Source("post", f"{RUN}/predict", 202, "/id"),
    ],
}
# the parameter `name` means something else in each collection
NAMES: Mapping[str, list[Source]] = {
    ONE_DATASET: [
        Source("post", DATASET, 201, "/name"),
        Source("get", DATASET, 200, "/items/0/name"),
    ],
    "/v1/recipes/{name}": [Source("get", "/v1/recipes", 200, "/items/0/name")],
}


def add_links(document: dict[str, Any]) -> None:
    """Add to each reply that has an id a link to each call that takes it."""
    for path, calls in document["paths"].items():
        for call in calls.values():
            for parameter in call.get("parameters", ()):
                if parameter["in"] == "path":
                    for source in _sources(path, parameter["name"]):
                        _link(document, source, parameter["name"], call)


def _sources(path: str, parameter: str) -> list[Source]:
    if parameter != "name":
        return SOURCES.get(parameter, [])
    return next((sources for start, sources in NAMES.items() if path.startswith(start)), [])


def _link(document: dict[str, Any], source: Source, parameter: str, call: dict[str, Any]) -> None:
    response = document["paths"][source.path][source.method]["responses"][str(source.status)]
    links = response.setdefault("links", {})
    links[call["operationId"]] = {
        "operationId": call["operationId"],
        "parameters": {parameter: f"$response.body#{source.pointer}"},
    }
