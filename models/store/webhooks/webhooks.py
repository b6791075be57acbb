"""All SQL of webhooks: which addresses are notified of the end of whose experiments."""

import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from models.errors import Conflict, NotFound
from models.states import TERMINAL
from models.store.ids import new_id
from models.store.tables import Delivery, Webhook

KINDS = tuple(sorted(f"experiment.{state}" for state in TERMINAL))
"""The kinds of events of which a webhook may be notified."""
MOST = 20  # webhooks of one key


def create_webhook(
    session: Session, *, owner: str | None, url: str, events: Sequence[str], now: datetime
) -> Webhook:
    """A new webhook with a secret of its own. Raises `Conflict` when the owner has too many."""
    own = select(func.count()).select_from(Webhook).where(_of(owner))
    if (session.scalar(own) or 0) >= MOST:
        raise Conflict(f"this key has {MOST} webhooks already; delete one first")
    row = Webhook(
        id=new_id("whk"),
        owner=owner,
        url=url,
        secret=f"whsec_{secrets.token_urlsafe(32)}",
        events=list(events),
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row


def list_webhooks(session: Session, owner: str | None, *, everyones: bool) -> list[Webhook]:
    """The owner's webhooks, or all; oldest first."""
    query = select(Webhook).order_by(Webhook.id)
    return list(session.scalars(query if everyones else query.where(_of(owner))))


def webhook(session: Session, webhook_id: str) -> Webhook:
    """Raises `NotFound`."""
    row = session.get(Webhook, webhook_id)
    if row is None:
        raise NotFound(f"there is no webhook '{webhook_id}'")
    return row


def delete_webhook(session: Session, webhook_id: str) -> None:
    """Remove a webhook with all its deliveries. Raises `NotFound`."""
    webhook(session, webhook_id)
    session.execute(delete(Webhook).where(Webhook.id == webhook_id))


def deliveries_of(session: Session, webhook_id: str, limit: int) -> list[Delivery]:
    """At most `limit` deliveries of a webhook, newest first, also those not yet sent."""
    query = select(Delivery).where(Delivery.webhook_id == webhook_id)
    return list(session.scalars(query.order_by(Delivery.id.desc()).limit(limit)))


def _of(owner: str | None) -> ColumnElement[bool]:
    return Webhook.owner.is_(None) if owner is None else Webhook.owner == owner
