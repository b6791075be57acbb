"""Sending what is due to webhooks, in a thread of the supervisor, so that a slow receiver delays
neither a heartbeat nor the reaper.

The outbox is in the database, with the time of each next try in its row, so any worker may deliver,
and a worker that dies loses nothing.
"""

import asyncio
import logging
import threading
import time
from datetime import timedelta

from sqlalchemy.exc import DBAPIError

from models.allowed_hosts import AllowedHost
from models.settings import Settings
from models.store import clock
from models.store.database import Database
from models.store.webhooks import deliveries
from models.store.webhooks.deliveries import OutgoingDelivery
from worker.webhooks.signed_post import TIMEOUT, Outcome, post

AT_ONCE = 8  # deliveries at the same time
LEASE = timedelta(seconds=4 * TIMEOUT)  # after which a delivery counts as lost
BACKOFF = (1, 3, 12, 60, 360, 2160, 8640)  # times the first wait: 10 s to a day, then given up
KEPT = timedelta(days=30)

_log = logging.getLogger(__name__)


class WebhookSender:
    """A thread that delivers what is due at every heartbeat, until stopped."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="webhook-sender", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end; a delivery that it does not finish in time is sent again later."""
        self._stopping.set()
        self._thread.join(1.0)

    def _run(self) -> None:
        while not self._stopping.wait(self._settings.heartbeat_seconds):
            try:
                while deliver_due(self._database, self._settings):
                    if self._stopping.is_set():
                        return
            except DBAPIError as error:
                _log.warning("webhooks wait for the database: %s", error)
            except Exception:
                _log.exception("the delivery to webhooks failed; it is tried again")


def deliver_due(database: Database, settings: Settings) -> int:
    """Send up to `AT_ONCE` of the deliveries that are due; how many were tried."""
    with database.reading() as session:
        waiting = deliveries.any_due(session, clock.now(session))
    if not waiting:  # most rounds end here, without a write
        return 0
    with database.transaction() as session:
        claimed = deliveries.claim_due(session, clock.now(session), LEASE, AT_ONCE)
    outcomes = asyncio.run(_send(claimed, settings.allowed_webhook_hosts))
    for delivery, outcome in zip(claimed, outcomes, strict=True):
        _settle(database, delivery, outcome, settings.webhook_retry_seconds)
    with database.transaction() as session:
        deliveries.remove_old(session, clock.now(session) - KEPT)
    return len(claimed)


async def _send(claimed: list[OutgoingDelivery], allowed: tuple[AllowedHost, ...]) -> list[Outcome]:
    at = int(time.time())
    return await asyncio.gather(*(post(delivery, allowed, at) for delivery in claimed))


def _settle(
    database: Database, delivery: OutgoingDelivery, outcome: Outcome, first_wait: float
) -> None:
    tries_left = delivery.attempt <= len(BACKOFF) and not outcome.final
    due_at = None
    with database.transaction() as session:
        now = clock.now(session)
        if outcome.reason is not None and tries_left:
            due_at = now + timedelta(seconds=first_wait * BACKOFF[delivery.attempt - 1])
        deliveries.settle(
            session,
            delivery,
            status=outcome.status,
            reason=outcome.reason,
            due_at=due_at,
            now=now,
        )
    if outcome.reason is None:
        _log.info("webhook %s received %s", delivery.webhook_id, delivery.id)
    else:
        further = "given up" if due_at is None else f"again at {due_at:%H:%M:%S}"
        _log.warning(
            "webhook %s, %s, attempt %d: %s; %s",
            delivery.webhook_id,
            delivery.id,
            delivery.attempt,
            outcome.reason,
            further,
        )
