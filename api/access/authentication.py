"""Authentication by API key: middleware before every route, so that a new route needs a key.

It is not a dependency, because FastAPI reads a form before it resolves dependencies: a stranger
could make the service read a large upload before being turned away. Keys are looked up in the
database at each request, and again while a long reply goes on (`api.access.long_replies`), so a
revoked key stops working in every process at once.

A key is needed as soon as one was ever made, or when the service can be reached from other
machines: it listens on more than loopback, or the request shows that it came from elsewhere. Such
requests were passed on by a proxy, or name another host than this machine, as a page does whose
host name was pointed at 127.0.0.1 (DNS rebinding).
"""

from sqlalchemy.exc import DBAPIError
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access.callers import LOCAL, Caller, changes
from api.access.long_replies import RecheckedSend
from api.dependencies import Service, get_service
from api.http.problems import CrossSite, Forbidden, Unauthorized, answer
from models.loopback import is_loopback, name_in
from models.store.access import keys
from models.store.access.scopes import Scope as KeyScope
from models.store.tables import ApiKey

LIVENESS = "/healthz"
OPEN = frozenset(
    {"/", "/docs", "/openapi.json", LIVENESS, "/readyz", "/client/tripletlab.py"}
    | {"/llms.txt", "/client/SKILL.md"}
)
"""Paths that need no key: they describe the program and its health, and show no one's data."""
OPEN_PREFIXES = ("/docs/assets/", "/web/")

PROXY_HEADERS = ("forwarded", "x-real-ip", "via", "true-client-ip", "x-client-ip")
PROXY_PREFIXES = ("x-forwarded-", "cf-")
"""A proxy that adds none of these, rewrites the host and speaks HTTP/1.1 cannot be told from this
machine. nginx without any setting adds none, but speaks HTTP/1.0."""

NO_KEY_MADE = (
    "this service can be reached from other machines and has no API key yet, so it answers no one; "
    "make one where it runs: `tripletlab keys create NAME --scope submit`"
)
NO_KEY = (
    "send an API key as `Authorization: Bearer tl_…` (the command takes it from TRIPLETLAB_KEY); "
    "whoever runs the service makes one with `tripletlab keys create NAME --scope submit`"
)
BAD_KEY = "this key is unknown or was revoked; ask whoever runs the service for another"


class Authentication:
    """Middleware that puts the caller into the request's state, or refuses the request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or scope.get("path") == LIVENESS:
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # the service has no web sockets
            await send({"type": "websocket.close", "code": 1008})
            return
        request = Request(scope)
        try:
            caller = await authenticate(get_service(request), request)
        except (Unauthorized, Forbidden, CrossSite, DBAPIError) as error:
            response = await answer(request, error)
            await response(scope, receive, send)
            return
        request.state.caller = caller
        if caller is not None and caller.key_id is not None:
            send = _unstored(send)
        if changes(request.method, request.url.path):  # what it stores it must also tell
            await self._app(scope, receive, send)
            return
        rechecked = RecheckedSend(send, lambda: authenticate(get_service(request), request))
        try:
            await self._app(scope, receive, rechecked)
        except Exception:
            if rechecked.refusal is None:
                raise
        if rechecked.refusal is not None and not rechecked.started:
            response = await answer(request, rechecked.refusal)
            await response(scope, receive, send)


async def authenticate(service: Service, request: Request) -> Caller | None:
    """Return the caller, or None for a request without a key on a path that needs none.

    Raises `Unauthorized`, `Forbidden` or `CrossSite`.
    """
    path = request.url.path
    is_open = path in OPEN or path.startswith(OPEN_PREFIXES)
    token = bearer_token(request.headers.get("authorization"))
    if is_open and token is not None:  # none is needed, so none is looked up
        return None
    try:
        # requests that send the same key at the same time share one look-up, begun after them all
        key, any_key = await service.single_flight.once(
            ("key", token), lambda: _look_up(service, token)
        )
    except DBAPIError:
        if is_open:  # /readyz has to say that the database is away
            return None
        raise
    if not any_key and token is None:
        return _local(service, request)
    if is_open:
        return None
    if token is None:
        raise Unauthorized(NO_KEY)
    if key is None:
        raise Unauthorized(BAD_KEY, token_was_sent=True)
    return _within_scope(key, request)


def _unstored(send: Send) -> Send:
    """The `send` of a reply to a key: a browser that others use too must not keep it."""

    async def with_header(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)["Cache-Control"] = "no-store"
        await send(message)

    return with_header


def bearer_token(header: str | None) -> str | None:
    """Return the token of an `Authorization` header: None without one, "" for another scheme."""
    if header is None:
        return None
    scheme, _, token = header.strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _look_up(service: Service, token: str | None) -> tuple[ApiKey | None, bool]:
    with service.database.asking() as session:
        found = keys.key_of(session, token) if token is not None else None
        if found is None:
            return None, keys.any_key(session)
    key, now = found
    if keys.worth_noting(key, now):
        with service.database.transaction() as session:
            keys.note_use(session, key.id, now)
    return key, True


def _within_scope(key: ApiKey, request: Request) -> Caller:
    scope = KeyScope.named(key.scope)
    if changes(request.method, request.url.path) and scope < KeyScope.SUBMIT:
        sentence = f"the key {key.name!r} may only read; this needs one with the scope submit"
        raise Forbidden(sentence, KeyScope.SUBMIT)
    return Caller(key.id, key.name, scope)


def _local(service: Service, request: Request) -> Caller:
    host = request.headers.get("host", "")
    is_local = is_loopback(service.settings.host) and is_loopback(name_in(host))
    if not is_local or _passed_on(request):
        raise Unauthorized(NO_KEY_MADE)
    # Without a key, only the origin separates this person's own request from one that some page
    # makes their browser send: forms and simple POSTs need no permission under CORS.
    origin = request.headers.get("origin")
    known = {f"http://{host}", f"https://{host}", *service.settings.allowed_origins}
    if origin is not None and origin not in known:
        raise CrossSite(
            f"this request comes from a page of {origin[:100]}, and pages of other sites are "
            "refused; TRIPLETLAB_CORS_ORIGINS lists the sites that are allowed"
        )
    # an image or a script of such a page is asked for without an origin, but browsers say as much;
    # a link to a page or a report may be followed from everywhere
    site = request.headers.get("sec-fetch-site", "none")
    followed = request.headers.get("sec-fetch-mode") == "navigate" and request.method == "GET"
    if origin is None and site in ("cross-site", "same-site") and not followed:
        raise CrossSite("this request comes from a page of another site, and those are refused")
    return LOCAL


def _passed_on(request: Request) -> bool:
    """Whether a proxy sent it, as far as can be told."""
    return request.scope.get("http_version") == "1.0" or any(
        name in PROXY_HEADERS or name.startswith(PROXY_PREFIXES) for name in request.headers
    )
