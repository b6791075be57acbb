"""Long replies: whether their caller is still let in, asked again while they go on.

A key is looked up before each request, but the event stream of an experiment lasts for days, and an
export or a held reply (`?wait=`) for a minute. What is sent after `RECHECK_SECONDS` is preceded by
another look, so revoking a key also ends what it had begun.
"""

import time
from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy.exc import DBAPIError
from starlette.types import Message, Send

from api.http.problems import CrossSite, Forbidden, Unauthorized

RECHECK_SECONDS = 2.0


class RecheckedSend:
    """The `send` of a reply that raises once the caller is no longer let in.

    `authenticate` is what let it in. `refusal` is then what it raised, and `started` says whether a
    part of the reply was sent before.
    """

    def __init__(self, send: Send, authenticate: Callable[[], Awaitable[Any]]) -> None:
        self.refusal: Exception | None = None
        self.started = False
        self._send, self._authenticate = send, authenticate
        self._asked_at = time.monotonic()

    async def __call__(self, message: Message) -> None:
        if time.monotonic() - self._asked_at >= RECHECK_SECONDS:
            await self._ask()
        self.started = True
        await self._send(message)

    async def _ask(self) -> None:
        try:
            await self._authenticate()
        except DBAPIError:
            pass  # the database is away, which revokes nothing; the next look will tell
        except (Unauthorized, Forbidden, CrossSite) as refusal:
            self.refusal = refusal
            raise
        self._asked_at = time.monotonic()
