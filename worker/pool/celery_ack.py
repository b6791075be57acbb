"""Messages whose acknowledgement may be lost, without their slots being lost too.

Where Redis is away while a task ends, its message cannot be acknowledged. Celery logs that, and
Kombu goes on counting the message among those under way; with as many of these as there are slots,
a worker asks for no other message any more, also when Redis is long back. **So what Redis was not
told is let go here**: it may come again some day, and the claim then refuses it.
"""

from celery.worker.request import Request
from kombu.transport.virtual import QoS


class MessageLetGo(Request):
    """A message of a task, for its way through a worker's main process."""

    def acknowledge(self) -> None:
        """Acknowledge the message, or let it go."""
        super().acknowledge()
        self._let_go()

    def reject(self, requeue: bool = False) -> None:
        """Give the message back, or let it go: the reaper announces its run again."""
        super().reject(requeue=requeue)
        self._let_go()

    def _let_go(self) -> None:
        message = self.message
        if not message.acknowledged:
            QoS.ack(message.channel.qos, message.delivery_tag)  # what Redis' own would do last
