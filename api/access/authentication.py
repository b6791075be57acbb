"""Who may come in: middleware before every route, so that a new one is closed until it is opened.

Not a dependency, because FastAPI reads a form before it asks dependencies: a stranger could make
the service read a large upload before being turned away. Keys are looked up in the database at each
request, so a key that was revoked works in no process from that moment on.

A key is needed as soon as one was ever made, or when the service can be reached from elsewhere:
it listens on more than loopback, or the request shows that it came from afar. Such are requests
that a proxy passed on, and those for another name than this machine's own, as a page sends whose
name was bent to 127.0.0.1.
"""

from sqlalchemy.exc import DBAPIError
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.access.callers import LOCAL, Caller, changes
from api.dependencies import Service, get_service, utc_now
from api.http.problems import CrossSite, Forbidden, Unauthorized, answer
from models.loopback import is_loopback, name_in
from models.store.access import keys
from models.store.tables import ApiKey

ALIVE = "/healthz"
OPEN = frozenset({"/", "/docs", "/openapi.json", ALIVE, "/readyz", "/client/tripletlab.py"})
"""They tell of the program, and whether it is well; nothing that anyone put into it."""
OPEN_BELOW = ("/docs/assets/", "/web/")

PASSED_ON = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
"""Headers that proxies add; one that adds none and renames the host looks like this machine."""

NONE_MADE = (
    "this service can be reached from other machines and has no API key yet, so it answers nobody; "
    "make one where it runs: `tripletlab keys create NAME --scope submit`"
)
NO_KEY = (
    "send an API key as `Authorization: Bearer tl_…` (the command takes it from TRIPLETLAB_KEY); "
    "who runs the service makes one with `tripletlab keys create NAME --scope submit`"
)
BAD_KEY = "this key is not known here or was revoked; ask who runs the service for another"


class Gate:
    """Middleware: finds the caller and puts it into the request's state, or turns it away."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or scope.get("path") == ALIVE:
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # there are no web sockets here, and so none to guard
            await send({"type": "websocket.close", "code": 1008})
            return
        request = Request(scope)
        try:
            caller = await admit(get_service(request), request)
        except (Unauthorized, Forbidden, CrossSite, DBAPIError) as error:
            response = await answer(request, error)
            await response(scope, receive, send)
            return
        request.state.caller = caller
        await self._app(scope, receive, send)


async def admit(service: Service, request: Request) -> Caller | None:
    """Who calls; None is a stranger at a place that is open to all.

    Raises `Unauthorized`, `Forbidden` or `CrossSite`.
    """
    path = request.url.path
    is_open = path in OPEN or path.startswith(OPEN_BELOW)
    token = bearer_token(request.headers.get("authorization"))
    try:
        # one look for all who send the same key at this moment, begun after they have sent it
        key, any_key = await service.looks.once(("key", token), lambda: _look(service, token))
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


def bearer_token(header: str | None) -> str | None:
    """The token of an `Authorization` header; another scheme's is none of ours, and not None."""
    if header is None:
        return None
    scheme, _, token = header.strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _look(service: Service, token: str | None) -> tuple[ApiKey | None, bool]:
    now = utc_now()
    with service.database.reading() as session:
        key = keys.key_of(session, token) if token is not None else None
        any_key = key is not None or keys.any_key(session)
    if key is not None and keys.worth_noting(key, now):
        with service.database.transaction() as session:
            keys.note_use(session, key.id, now)
    return key, any_key


def _within_scope(key: ApiKey, request: Request) -> Caller:
    scope = keys.Scope.named(key.scope)
    if changes(request.method, request.url.path) and scope < keys.Scope.SUBMIT:
        sentence = f"the key {key.name!r} may only read; this needs one with the scope submit"
        raise Forbidden(sentence, keys.Scope.SUBMIT)
    return Caller(key.id, key.name, scope)


def _local(service: Service, request: Request) -> Caller:
    host = request.headers.get("host", "")
    here = is_loopback(service.settings.host) and is_loopback(name_in(host))
    if not here or any(name in request.headers for name in PASSED_ON):
        raise Unauthorized(NONE_MADE)
    # Without a key nothing else tells this person's own request from one that a page somewhere
    # makes their browser send: forms and simple POSTs need no permission of CORS.
    origin = request.headers.get("origin")
    known = {f"http://{host}", f"https://{host}", *service.settings.allowed_origins}
    if origin is not None and origin not in known:
        raise CrossSite(
            f"a page of {origin[:100]} asks, and pages of other sites may not; "
            "TRIPLETLAB_CORS_ORIGINS names those that may"
        )
    return LOCAL
