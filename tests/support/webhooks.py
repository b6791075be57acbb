"""Webhooks of a real service and what they heard: registered, delivered, told."""

from typing import Any

from models.store.tables import Delivery
from worker.webhooks.sender import deliver_due

from support.api import ApiForTests
from support.workers import wait_until


def register(api: ApiForTests, url: str, headers: dict[str, str] | None = None, **more: Any) -> Any:
    reply = api.http.post("/v1/webhooks", json={"url": url, **more}, headers=headers or {})
    assert reply.status_code == 201, reply.text
    assert reply.headers["cache-control"] == "no-store"
    return reply.json()


def deliver(api: ApiForTests) -> None:
    """Deliver as a worker's sender does, until nothing is due, however long it would take."""

    def settled() -> bool:
        deliver_due(api.database, api.settings)
        with api.database.reading() as session:
            return not session.query(Delivery).filter(Delivery.due_at.is_not(None)).count()

    wait_until("all to be told", settled)


def end(api: ApiForTests, made: dict[str, Any]) -> None:
    for run in made["runs"]:
        api.train(run["id"], accuracy=0.7)


def told(api: ApiForTests, hook: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get(f"/v1/webhooks/{hook['id']}/deliveries")["items"]
    return found
