"""The schema of each reply on webhooks and their deliveries."""

from datetime import datetime
from typing import Self

from api.http.views import View
from models.store.tables import Delivery, Webhook


class WebhookView(View):
    """An address that is notified when experiments of the same API key end."""

    id: str
    url: str
    events: list[str]
    created_at: datetime
    owner: str | None
    """Id of the API key with which it was made."""

    @classmethod
    def of(cls, row: Webhook) -> Self:
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class NewWebhookView(WebhookView):
    """A new webhook: the one reply with its secret."""

    secret: str
    """The key of the signatures: the header `Tripletlab-Signature` is `t=SECONDS,v1=HEX`, where HEX
    is the HMAC-SHA256 of `SECONDS.BODY`."""


class DeliveryView(View):
    """One event, and how its delivery went."""

    id: str
    """The event's id, as in the header `Tripletlab-Event`; each attempt has the same."""
    experiment: str
    kind: str
    created_at: datetime
    attempt: int
    """How many times it was sent."""
    due_at: datetime | None
    """When it is sent next; null once it was delivered or given up."""
    delivered_at: datetime | None
    status: int | None
    """HTTP status of the last reply."""
    reason: str | None
    """Why the last attempt failed."""

    @classmethod
    def of(cls, row: Delivery) -> "DeliveryView":
        names = set(cls.model_fields) - {"experiment"}
        return cls(experiment=row.experiment_id, **{name: getattr(row, name) for name in names})
