"""The tables of webhooks: who wants to be told, and what each is told until it has heard."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.store.table_base import Base


class Webhook(Base):
    """An address that is told when experiments of its owner end.

    The secret is kept as it is, since signing needs it; no reply and no log line has it again.
    """

    __tablename__ = "webhooks"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    owner: Mapped[str | None] = mapped_column(String(40), index=True)  # the API key
    url: Mapped[str] = mapped_column(Text)
    secret: Mapped[str] = mapped_column(String(64))
    events: Mapped[list[Any]]  # which ends it is told of
    created_at: Mapped[datetime]


class Delivery(Base):
    """One thing that one webhook is told, tried until it was heard or given up.

    Written in the transaction in which the experiment ends, so neither is there without the other.
    The experiment may be deleted meanwhile; what happened is told all the same.
    """

    __tablename__ = "deliveries"
    # an experiment whose run is tried again may end again: that is another end
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
