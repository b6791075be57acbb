"""All SQL of deliveries: an outbox that is filled when an experiment ends, and emptied by workers.

Any number of workers may empty it: a delivery is claimed by one conditional UPDATE that raises its
attempt and postpones it, so that it is due again if the worker dies before it has sent it. **So a
webhook is notified at least once**, and recognises repetitions by the id.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session

from models.states import ACTIVE
from models.store.database import changed
from models.store.experiment_states import current_state
from models.store.ids import new_id
from models.store.tables import Delivery, Event, Experiment, Reproduction, Webhook


@dataclass(frozen=True)
class OutgoingDelivery:
    """A delivery to send, with the number of the attempt that claimed it."""

    id: str
    attempt: int
    webhook_id: str
    owner: str | None
    url: str
    secret: str
    body: str

    def __repr__(self) -> str:  # for logs, which must not have the secret
        return f"OutgoingDelivery({self.id}, attempt {self.attempt})"


def note_end(session: Session, experiment_id: str, now: datetime) -> None:
    """If the experiment has ended, add the deliveries for its owner's webhooks. Idempotent.

    Whatever may have ended the experiment calls this, while it holds the experiment's row.
    """
    hooks = _webhooks_for(session, experiment_id)
    if not hooks:
        return
    state, counts = current_state(session, experiment_id)
    if state in ACTIVE:
        return
    kind, end = f"experiment.{state}", _last_state_event(session, experiment_id)
    name = session.scalar(select(Experiment.name).where(Experiment.id == experiment_id))
    for row in hooks:
        if kind not in row.events or _is_noted(session, row.id, experiment_id, end):
            continue
        identity = new_id("evt")
        document = {
            "id": identity,
            "type": kind,
            "created_at": now.isoformat(),
            "experiment": {
                "id": experiment_id,
                "name": name,
                "state": state,
                "runs": {state: count for state, count in counts.items() if count},
                "results": f"/v1/experiments/{experiment_id}/results",
            },
        }
        session.add(
            Delivery(
                id=identity,
                webhook_id=row.id,
                experiment_id=experiment_id,
                end_event=end,
                kind=kind,
                body=json.dumps(document, ensure_ascii=False),
                created_at=now,
                due_at=now,
            )
        )
    session.flush()


def _webhooks_for(session: Session, experiment_id: str) -> Sequence[Webhook]:
    """The owner's webhooks; none for the experiment of a reproduction, which is not listed."""
    same = or_(
        Webhook.owner == Experiment.owner,
        and_(Webhook.owner.is_(None), Experiment.owner.is_(None)),
    )
    again = exists().where(Reproduction.experiment_id == Experiment.id)
    query = select(Webhook).join(Experiment, same).where(Experiment.id == experiment_id, ~again)
    return session.scalars(query).all()


def _last_state_event(session: Session, experiment_id: str) -> int:
    query = select(func.max(Event.id)).where(
        Event.experiment_id == experiment_id, Event.kind == "state"
    )
    return session.scalar(query) or 0


def _is_noted(session: Session, webhook_id: str, experiment_id: str, end: int) -> bool:
    same = exists().where(
        Delivery.webhook_id == webhook_id,
        Delivery.experiment_id == experiment_id,
        Delivery.end_event == end,
    )
    return bool(session.scalar(select(same)))


def any_due(session: Session, now: datetime) -> bool:
    return bool(session.scalar(select(exists().where(Delivery.due_at <= now))))


def claim_due(
    session: Session,
    now: datetime,
    lease: timedelta,
    limit: int,
    sending: Counter[str | None] | None = None,
    most_of_one: int = 1_000_000,
) -> list[OutgoingDelivery]:
    """Claim at most `limit` deliveries that are due; they are not due for others during `lease`.

    Of one owner no more than `most_of_one` are claimed, those included that are `sending` now.
    """
    of_owner = Counter(sending)
    full = [owner or "" for owner, count in of_owner.items() if count >= most_of_one]
    query = (
        select(Delivery, Webhook)
        .join(Webhook, Webhook.id == Delivery.webhook_id)
        .where(Delivery.due_at <= now, func.coalesce(Webhook.owner, "").not_in(full))
        .order_by(Delivery.due_at, Delivery.id)
        .limit(limit)
    )
    claimed = []
    for row, hook in session.execute(query).all():
        if of_owner[hook.owner] >= most_of_one:
            continue
        seen = (Delivery.id == row.id, Delivery.attempt == row.attempt, Delivery.due_at <= now)
        change = update(Delivery).where(*seen).values(attempt=row.attempt + 1, due_at=now + lease)
        if changed(session, change):
            of_owner[hook.owner] += 1
            claimed.append(
                OutgoingDelivery(
                    row.id,
                    row.attempt + 1,
                    hook.id,
                    hook.owner,
                    hook.url,
                    hook.secret,
                    row.body,
                )
            )
    return claimed


def settle(
    session: Session,
    delivery: OutgoingDelivery,
    *,
    status: int | None,
    reason: str | None,
    due_at: datetime | None,
    now: datetime,
) -> bool:
    """Store how an attempt ended: delivered without a `reason`, else due again at `due_at`, or
    given up where that is None. False where another attempt has claimed it meanwhile."""
    mine = (Delivery.id == delivery.id, Delivery.attempt == delivery.attempt)
    values = {"status": status, "reason": reason, "due_at": due_at}
    if reason is None:
        values["delivered_at"] = now
    return changed(session, update(Delivery).where(*mine).values(values))


def remove_old(session: Session, before: datetime) -> None:
    """Remove deliveries that were settled and were created before `before`."""
    settled = (Delivery.due_at.is_(None), Delivery.created_at < before)
    session.execute(delete(Delivery).where(*settled))
