"""The body of a new webhook: `{"url": "https://…", "events": ["experiment.succeeded", …]}`."""

from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, ValidationInfo, field_validator

from api.http.json_bodies import RequestBody, validated
from api.openapi.requests import json_request
from models.allowed_hosts import LONGEST_URL, AllowedHost, destination
from models.specs.base import contradiction
from models.store.webhooks.webhooks import KINDS


def _known(kind: str) -> str:
    if kind not in KINDS:
        raise contradiction("", f"must be one of {', '.join(KINDS)}")
    return kind


Kind = Annotated[str, AfterValidator(_known), Field(json_schema_extra={"enum": list(KINDS)})]


class NewWebhook(RequestBody):
    """An address, and the events to send to it."""

    model_config = ConfigDict(title="Webhook")

    url: Annotated[str, Field(json_schema_extra={"maxLength": LONGEST_URL})]
    """On a host that `TRIPLETLAB_WEBHOOK_HOSTS` of the service allows."""
    events: Annotated[list[Kind], Field(min_length=1, json_schema_extra={"uniqueItems": True})] = (
        list(KINDS)
    )

    @field_validator("url")
    @classmethod
    def _on_an_allowed_host(cls, url: str, info: ValidationInfo) -> str:
        try:
            destination(url, info.context or ())
        except ValueError as error:
            raise contradiction("", str(error)) from None
        return url

    @field_validator("events")
    @classmethod
    def _each_once(cls, events: list[str]) -> list[str]:
        for index, event in enumerate(events):
            if event in events[:index]:
                raise contradiction(f"/{index}", "is in the list already; name each event once")
        return events


WEBHOOK_BODY = json_request(
    NewWebhook,
    example={"url": "https://hooks.example.org/tripletlab", "events": list(KINDS)},
)


def parse_webhook(document: Any, allowed: tuple[AllowedHost, ...]) -> NewWebhook:
    """Return the webhook of a decoded body. Raises `Invalid` with all its problems."""
    return validated(NewWebhook, document, context=allowed)
