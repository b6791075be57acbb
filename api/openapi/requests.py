"""Request bodies in the OpenAPI document.

Routes decode and validate a JSON body themselves (`api.http.json_bodies`), so FastAPI does not know
its schema: a route gives it as `openapi_extra`.
"""

from typing import Any

from api.http.json_bodies import RequestBody
from models.specs.recipes import RECIPES

REF = "#/components/schemas/{model}"
SMALL = "hard-negative-mining-small"
OWN_TERM = {"kind": "formula", "row": "relu(margin - s_ap + logmeanexp(20 * s_an) / 20)"}

SPEC_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": 'A spec, or `{"recipe": name, …}` with what differs from the recipe.',
        "content": {
            "application/json": {
                "schema": {
                    "anyOf": [
                        {"$ref": REF.format(model="ExperimentSpec")},
                        {
                            "title": "Changed recipe",
                            "type": "object",
                            "required": ["recipe"],
                            "properties": {"recipe": {"enum": list(RECIPES)}},
                        },
                    ]
                },
                "examples": {
                    "a recipe": {"value": {"recipe": SMALL}},
                    "a recipe, changed": {
                        "value": {"recipe": SMALL, "steps": 200, "seeds": {"count": 8}}
                    },
                    "a loss in your own words": {
                        "value": {
                            "recipe": SMALL,
                            "arms": [{"name": "own", "loss": {"terms": [OWN_TERM]}}],
                        }
                    },
                    "a whole spec": {"value": dict(RECIPES[SMALL].spec)},
                },
            }
        },
    }
}


def json_request(*models: type[RequestBody], example: Any) -> dict[str, Any]:
    """Return `openapi_extra` of a route whose body has one of these schemas."""
    schemas = [model.model_json_schema() for model in models]
    content = {
        "schema": schemas[0] if len(schemas) == 1 else {"anyOf": schemas},
        "example": example,
    }
    return {"requestBody": {"required": True, "content": {"application/json": content}}}
