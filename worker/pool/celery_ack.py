"""Keeping a worker's slots when an acknowledgement to Redis is lost.

Where Redis is away while a task ends, the task's message cannot be acknowledged. Celery logs that,
and Kombu goes on counting the message among those in progress; with as many of them as there are
slots, a worker asks for no other message any more, even long after Redis is back. **So a message
that could not be acknowledged is forgotten here**: Redis may deliver it again some day, and the
claim in the database then refuses it.
"""

from celery.worker.request import Request
from kombu.transport.virtual import QoS


class SlotFreeingRequest(Request):
    """A task's message, as a worker's main process handles it; its end always frees the slot."""

    def acknowledge(self) -> None:
        """Acknowledge the message; forget it where that fails."""
        super().acknowledge()
        self._forget()

    def reject(self, requeue: bool = False) -> None:
        """Return the message; forget it where that fails: the reaper announces its run again."""
        super().reject(requeue=requeue)
        self._forget()

    def _forget(self) -> None:
        message = self.message
        if not message.acknowledged:
            QoS.ack(message.channel.qos, message.delivery_tag)  # as Redis' own `ack` does last
