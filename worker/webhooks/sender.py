"""Sending what is due to webhooks, in a thread of the supervisor, so that a slow receiver delays
neither a heartbeat nor the reaper.

The outbox is in the database, with the time of each next try in its row, so any worker may deliver,
and a worker that dies loses nothing.
"""

import asyncio
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta

from sqlalchemy.exc import DBAPIError

from models.settings import Settings
from models.store import clock
from models.store.database import Database
from models.store.webhooks import deliveries
from models.store.webhooks.deliveries import OutgoingDelivery
from worker.webhooks.signed_post import TIMEOUT, Outcome, post

AT_ONCE = 16  # deliveries at the same time
MOST_OF_ONE = 4  # of one owner, so that slow receivers of one do not delay those of others
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
                deliver_due(self._database, self._settings, self._stopping.is_set)
            except DBAPIError as error:
                _log.warning("webhooks wait for the database: %s", error)
            except Exception:
                _log.exception("the delivery to webhooks failed; it is tried again")


def deliver_due(
    database: Database, settings: Settings, stopping: Callable[[], bool] = lambda: False
) -> int:
    """Send what is due, and what becomes due meanwhile, until nothing is; how many were tried.

    The place of each that was sent is taken by the next, so none waits for the slowest of a round.
    """
    if not _any_due(database):  # most rounds end here
        return 0
    tried = asyncio.run(_send_due(database, settings, stopping))
    with database.transaction() as session:
        deliveries.remove_old(session, clock.now(session) - KEPT)
    return tried


async def _send_due(database: Database, settings: Settings, stopping: Callable[[], bool]) -> int:
    sending: dict[asyncio.Task[Outcome], OutgoingDelivery] = {}
    tried = 0
    while True:
        if not stopping():
            claimed = await asyncio.to_thread(_claim, database, list(sending.values()))
            at, allowed = int(time.time()), settings.allowed_webhook_hosts
            sending |= {asyncio.create_task(post(one, allowed, at)): one for one in claimed}
            tried += len(claimed)
        if not sending:
            return tried
        sent, _ = await asyncio.wait(
            sending, timeout=settings.heartbeat_seconds, return_when=asyncio.FIRST_COMPLETED
        )
        for task in sent:
            first_wait, delivery = settings.webhook_retry_seconds, sending.pop(task)
            await asyncio.to_thread(_settle, database, delivery, task.result(), first_wait)


def _claim(database: Database, sending: Sequence[OutgoingDelivery]) -> list[OutgoingDelivery]:
    """Claim what is due, for the places that are free."""
    claimed: list[OutgoingDelivery] = []
    while (free := AT_ONCE - len(sending) - len(claimed)) > 0 and _any_due(database):
        of_owner = Counter(one.owner for one in (*sending, *claimed))
        with database.transaction() as session:
            now = clock.now(session)
            new = deliveries.claim_due(session, now, LEASE, free, of_owner, MOST_OF_ONE)
        if not new:
            break
        claimed += new
    return claimed


def _any_due(database: Database) -> bool:
    """Whether anything is due; unlike claiming it does not write."""
    with database.reading() as session:
        return deliveries.any_due(session, clock.now(session))


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
