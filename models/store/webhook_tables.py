"""The tables of webhooks and of their deliveries."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.store.table_base import Base


class Webhook(Base):
    """An address that is notified when experiments of its owner end.

    The secret is stored in plain text, since signing needs it; no reply and no log line shows it.
    """

    __tablename__ = "webhooks"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    owner: Mapped[str | None] = mapped_column(String(40), index=True)  # the API key
    url: Mapped[str] = mapped_column(Text)
    secret: Mapped[str] = mapped_column(String(64))
    events: Mapped[list[Any]]  # the ends of which it is notified
    created_at: Mapped[datetime]


class Delivery(Base):
    """One notification of one webhook, sent until it is delivered or given up.

    Written in the transaction in which the experiment ends, so that neither exists without the
    other. It is sent even if the experiment is deleted meanwhile.
    """

    __tablename__ = "deliveries"
    # an experiment of which a run is retried ends again: that is another end
    __table_args__ = (UniqueConstraint("webhook_id", "experiment_id", "end_event"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    webhook_id: Mapped[str] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    experiment_id: Mapped[str] = mapped_column(String(40))
    end_event: Mapped[int] = mapped_column(BigInteger)  # the event with which it ended
    kind: Mapped[str] = mapped_column(String(32))
    body: Mapped[str] = mapped_column(Text)  # the JSON that is sent, the same at each attempt
    created_at: Mapped[datetime]
    attempt: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime | None] = mapped_column(index=True)  # null: delivered, or given up
    delivered_at: Mapped[datetime | None]
    status: Mapped[int | None]  # of the last reply, where there was one
    reason: Mapped[str | None] = mapped_column(Text)  # why the last attempt failed
