"""The body of a new webhook: `{"url": "https://…", "events": ["experiment.succeeded", …]}`."""

from dataclasses import dataclass
from typing import Any

from models.allowed_hosts import LONGEST_URL, AllowedHost, destination
from models.errors import Invalid, Problem
from models.store.webhooks.webhooks import KINDS

WEBHOOK_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "title": "Webhook",
                    "type": "object",
                    "required": ["url"],
                    "additionalProperties": False,
                    "properties": {
                        "url": {"type": "string", "maxLength": LONGEST_URL},
                        "events": {
                            "type": "array",
                            "minItems": 1,
                            "uniqueItems": True,
                            "items": {"enum": list(KINDS)},
                            "default": list(KINDS),
                        },
                    },
                },
                "example": {"url": "https://hooks.example.org/tripletlab", "events": list(KINDS)},
            }
        },
    }
}


@dataclass(frozen=True)
class WantedWebhook:
    url: str
    events: tuple[str, ...]


def parse_webhook(document: Any, allowed: tuple[AllowedHost, ...]) -> WantedWebhook:
    """Raises `Invalid` with a problem for each field."""
    if not isinstance(document, dict):
        raise Invalid([Problem("", 'send an object such as {"url": "https://…"}')])
    problems = [
        Problem(f"/{name.replace('~', '~0').replace('/', '~1')}", "unknown key; remove it")
        for name in document
        if name not in ("url", "events")
    ]
    url: Any = document.get("url")
    events = document.get("events", list(KINDS))
    problems += _of_url(url, allowed) + _of_events(events)
    if problems:
        raise Invalid(problems[:20])
    return WantedWebhook(url, tuple(events))


def _of_url(url: Any, allowed: tuple[AllowedHost, ...]) -> list[Problem]:
    if not isinstance(url, str):
        return [Problem("/url", "required: the address to tell, as a text")]
    try:
        destination(url, allowed)
    except ValueError as error:
        return [Problem("/url", str(error))]
    return []


def _of_events(events: Any) -> list[Problem]:
    known = ", ".join(KINDS)
    if not isinstance(events, list) or not events:
        return [Problem("/events", f"must be a list of some of {known}")]
    return [
        Problem(f"/events/{index}", f"must be one of {known}, and each once")
        for index, event in enumerate(events)
        if event not in KINDS or event in events[:index]
    ]
