"""Security headers: browsers must not guess types, show a reply in a frame, or run anything in it.

The policy suits a service that answers in JSON; a page that needs more sets its own
`Content-Security-Policy`, which is kept.
"""

from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    # of replies to images and scripts of other sites; requests under CORS do not ask for it
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Content-Security-Policy": NOTHING,
}
# only where the request came over TLS: a service without TLS must stay reachable
BY_TLS = {"Strict-Transport-Security": "max-age=31536000"}


def security_headers(scheme: str) -> Mapping[str, str]:
    """Return the headers for a request of this scheme, which a trusted proxy may have set."""
    return ALWAYS | BY_TLS if scheme == "https" else ALWAYS


class SecurityHeaders:
    """Middleware that adds the headers to every reply that lacks them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in security_headers(scope["scheme"]).items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers)
