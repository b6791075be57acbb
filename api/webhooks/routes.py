"""`/v1/webhooks`: addresses that are notified when the caller's experiments end.

The secret is in the reply to the POST and in no later one. A webhook is visible to its owner alone,
since its address may contain a token.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response, status

from api.access.callers import Caller, CallerDep
from api.dependencies import ServiceDep, WebhookId
from api.http.json_bodies import JsonBody
from api.http.views import Page
from api.openapi.responses import may_answer
from api.webhooks.requests import WEBHOOK_BODY, parse_webhook
from api.webhooks.views import DeliveryView, NewWebhookView, WebhookView
from models.errors import Conflict, NotFound
from models.store import clock
from models.store.access.scopes import Scope
from models.store.tables import Webhook
from models.store.webhooks import webhooks

router = APIRouter(prefix="/webhooks", tags=["webhooks"])


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    openapi_extra=WEBHOOK_BODY,
    responses=may_answer(Conflict),
)
def create_webhook(
    request: Request, response: Response, service: ServiceDep, caller: CallerDep, body: JsonBody
) -> NewWebhookView:
    """Register an address to be notified when experiments end.

    The host must be one that `TRIPLETLAB_WEBHOOK_HOSTS` of the service allows. Only this reply has
    the secret. Each event is sent by POST until a reply of 2xx, for at most two days, and more than
    once where a reply was lost; a reply of 410 ends the deliveries.
    """
    wanted = parse_webhook(body, service.settings.allowed_webhook_hosts)
    with service.database.transaction() as session:
        now = clock.now(session)
        row = webhooks.create_webhook(
            session, owner=caller.key_id, url=wanted.url, events=wanted.events, now=now
        )
        caller.record(session, "webhook_created", row.id, now)
        view = NewWebhookView.of(row)
    response.headers["Location"] = str(request.app.url_path_for("get_webhook", webhook_id=view.id))
    response.headers["Cache-Control"] = "no-store"
    return view


@router.get("")
def list_webhooks(service: ServiceDep, caller: CallerDep) -> Page[WebhookView]:
    """List the caller's webhooks, oldest first; for an admin, those of all keys."""
    with service.database.reading() as session:
        rows = webhooks.list_webhooks(session, caller.key_id, everyones=caller.scope >= Scope.ADMIN)
        items = [WebhookView.of(row) for row in rows]
    return Page(items=items, next=None)


@router.get("/{webhook_id}")
def get_webhook(service: ServiceDep, caller: CallerDep, webhook_id: WebhookId) -> WebhookView:
    """Return one of the caller's webhooks, without its secret."""
    with service.database.reading() as session:
        row = _own(webhooks.webhook(session, webhook_id), caller)
        return WebhookView.of(row)


@router.get("/{webhook_id}/deliveries")
def list_deliveries(
    service: ServiceDep,
    caller: CallerDep,
    webhook_id: WebhookId,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page[DeliveryView]:
    """List the deliveries of the last 30 days and those to come, newest first."""
    with service.database.reading() as session:
        _own(webhooks.webhook(session, webhook_id), caller)
        rows = webhooks.deliveries_of(session, webhook_id, limit)
    return Page(items=[DeliveryView.of(row) for row in rows], next=None)


@router.delete("/{webhook_id}", status_code=status.HTTP_204_NO_CONTENT)
def delete_webhook(service: ServiceDep, caller: CallerDep, webhook_id: WebhookId) -> None:
    """Delete a webhook; deliveries that are still due are dropped."""
    with service.database.transaction() as session:
        webhooks.delete_webhook(session, webhook_id)
        caller.record(session, "webhook_deleted", webhook_id, clock.now(session))


def _own(row: Webhook, caller: Caller) -> Webhook:
    """Return the row. Raises `NotFound` where another key owns it, since its address is private."""
    if caller.scope < Scope.ADMIN and row.owner != caller.key_id:
        raise NotFound(f"there is no webhook '{row.id}'")
    return row
