"""Headers of replies, as the OpenAPI document describes them."""

from typing import Any

Headers = dict[str, dict[str, Any]]


def _text(description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}}


LOCATION: Headers = {"Location": _text("Where the new thing is.")}
ETAG: Headers = {"ETag": _text("Send it in `If-None-Match` next time.")}
