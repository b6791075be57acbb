"""`/v1/webhooks`: addresses that are told when the caller's experiments end.

The secret is in the reply to the POST and in none after it. A webhook is its owner's alone: an
address may hold a token of theirs.
"""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response, status

from api.access.callers import Caller, CallerDep
from api.dependencies import ServiceDep, WebhookId, utc_now
from api.http.json_bodies import JsonBody
from api.http.views import Page, View
from api.openapi.responses import may_answer
from api.webhooks.webhook_bodies import WEBHOOK_BODY, parse_webhook
from models.errors import Conflict, NotFound
from models.store import clock
from models.store.access.keys import Scope
from models.store.tables import Delivery, Webhook
from models.store.webhooks import webhooks

router = APIRouter(prefix="/webhooks", tags=["webhooks"])


class WebhookView(View):
    """An address that is told when experiments end that were asked with the same key."""

    id: str
    url: str
    events: list[str]
    created_at: datetime
    owner: str | None
    """Id of the API key that it was made with."""

    @classmethod
    def figures_of(cls, row: Webhook) -> dict[str, Any]:
        return {name: getattr(row, name) for name in WebhookView.model_fields}


class NewWebhookView(WebhookView):
    """The one reply that has the secret."""

    secret: str
    """Signs what is sent: the header `Tripletlab-Signature` is `t=SECONDS,v1=HEX`, HEX being the
    HMAC-SHA256 of `SECONDS.BODY` under it."""


class DeliveryView(View):
    """One event, and how telling it went."""

    id: str
    """The event's id, in `Tripletlab-Event`: what was heard before can be told by it."""
    experiment: str
    kind: str
    created_at: datetime
    attempt: int
    """Times it was sent."""
    due_at: datetime | None
    """When it is sent again; null once it was heard or given up."""
    delivered_at: datetime | None
    status: int | None
    """Of the last reply."""
    reason: str | None
    """Why the last attempt failed."""

    @classmethod
    def of(cls, row: Delivery) -> "DeliveryView":
        names = set(cls.model_fields) - {"experiment"}
        return cls(experiment=row.experiment_id, **{name: getattr(row, name) for name in names})


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    openapi_extra=WEBHOOK_BODY,
    responses=may_answer(Conflict),
)
def create_webhook(
    request: Request, response: Response, service: ServiceDep, caller: CallerDep, body: JsonBody
) -> NewWebhookView:
    """Be told when experiments end. The reply holds the secret, this once.

    The host must be one that `TRIPLETLAB_WEBHOOK_HOSTS` of the service allows. Each event is POSTed
    until a reply of 2xx, for two days at most; more than once where a reply was lost. 410 ends it.
    """
    asked = parse_webhook(body, service.settings.allowed_webhook_hosts)
    with service.database.transaction() as session:
        now = clock.now(session)
        row = webhooks.create_webhook(
            session, owner=caller.key_id, url=asked.url, events=asked.events, now=now
        )
        caller.record(session, "webhook_created", row.id, now)
        view = NewWebhookView(**WebhookView.figures_of(row), secret=row.secret)
    response.headers["Location"] = str(request.app.url_path_for("get_webhook", webhook_id=view.id))
    response.headers["Cache-Control"] = "no-store"
    return view


@router.get("")
def list_webhooks(service: ServiceDep, caller: CallerDep) -> Page[WebhookView]:
    """The caller's webhooks, oldest first; an admin's reply has everyone's."""
    with service.database.reading() as session:
        rows = webhooks.list_webhooks(session, caller.key_id, everyones=caller.scope >= Scope.ADMIN)
        items = [WebhookView(**WebhookView.figures_of(row)) for row in rows]
    return Page(items=items, next=None)


@router.get("/{webhook_id}")
def get_webhook(service: ServiceDep, caller: CallerDep, webhook_id: WebhookId) -> WebhookView:
    """One of the caller's webhooks, without its secret."""
    with service.database.reading() as session:
        row = _own(webhooks.webhook(session, webhook_id), caller)
        return WebhookView(**WebhookView.figures_of(row))


@router.get("/{webhook_id}/deliveries")
def list_deliveries(
    service: ServiceDep,
    caller: CallerDep,
    webhook_id: WebhookId,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page[DeliveryView]:
    """What it was told in the last 30 days, or is to be told, newest first."""
    with service.database.reading() as session:
        _own(webhooks.webhook(session, webhook_id), caller)
        rows = webhooks.deliveries_of(session, webhook_id, limit)
    return Page(items=[DeliveryView.of(row) for row in rows], next=None)


@router.delete("/{webhook_id}", status_code=status.HTTP_204_NO_CONTENT)
def delete_webhook(service: ServiceDep, caller: CallerDep, webhook_id: WebhookId) -> None:
    """Tell it no more, also not of what it has not heard yet."""
    with service.database.transaction() as session:
        webhooks.delete_webhook(session, webhook_id)
        caller.record(session, "webhook_deleted", webhook_id, utc_now())


def _own(row: Webhook, caller: Caller) -> Webhook:
    """Raises `NotFound` for another's: its address is none of the caller's business."""
    if caller.scope < Scope.ADMIN and row.owner != caller.key_id:
        raise NotFound(f"there is no webhook '{row.id}'")
    return row
