"""The command's side of HTTP: a client whose every failure is a sentence and an exit code."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import httpx
import typer

from api.cli.console import FAILED, USAGE, stop
from models.settings import Settings

PATIENCE = 20.0  # seconds for a reply, beside what a call asks the service to wait

UrlOption = Annotated[
    str | None,
    typer.Option("--url", help="The service's address; TRIPLETLAB_URL, or the local one."),
]


class Client:
    """Calls to one service. `get` and `post` return JSON, or end the command with a sentence."""

    def __init__(self, base_url: str, key: str = "") -> None:
        self.base_url = base_url.rstrip("/")
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.Client(base_url=self.base_url, timeout=PATIENCE, headers=headers)

    def get(self, path: str, **params: Any) -> Any:
        return self.call("GET", path, params=params).json()

    def post(self, path: str, *, timeout: float = PATIENCE, **request: Any) -> Any:
        return self.call("POST", path, timeout=timeout, **request).json()

    def call(self, method: str, path: str, **request: Any) -> httpx.Response:
        """The reply, where it is not an error (304 is none)."""
        try:
            reply = self._http.request(method, path, **request)
        except httpx.InvalidURL as error:
            raise stop(f"{self.base_url} is no address: {error}", USAGE) from None
        except httpx.UnsupportedProtocol:
            raise stop(
                f"{self.base_url} is no address: it needs http:// before it", USAGE
            ) from None
        except httpx.TimeoutException:
            raise stop(f"The service at {self.base_url} did not answer in time.") from None
        except httpx.TransportError as error:
            raise stop(
                f"No service answers at {self.base_url} ({error}).\n"
                "Start one with `tripletlab serve`, or say where it is with --url or "
                "TRIPLETLAB_URL."
            ) from None
        if reply.is_error:
            raise _refused(reply)
        return reply

    def close(self) -> None:
        self._http.close()


def _refused(reply: httpx.Response) -> typer.Exit:
    """The problem document in words; the sender's own mistake is wrong usage."""
    code = USAGE if reply.status_code in (400, 413, 415, 422) else FAILED
    if reply.headers.get("content-type") != "application/problem+json":
        return stop(f"{reply.url} answers {reply.status_code}; is this Tripletlab?", code)
    problem = reply.json()
    lines = [
        f"  {error['pointer'] or 'the whole'}: {error['detail']}"
        for error in problem.get("errors", [])
    ]
    heading = f"{problem['title']}:" if lines else f"{problem['title']}: {problem['detail']}"
    refused = problem.get("rows_refused", 0)
    if refused > len(lines):
        lines.append(f"  … and {refused - len(lines):,} more rows")
    return stop("\n".join([heading, *lines]), code)


@contextmanager
def connected(url: str | None) -> Iterator[Client]:
    """A client for the service at `url`, or where the settings say."""
    settings = Settings()
    if not re.fullmatch(r"[!-~]*", settings.key):
        raise stop("TRIPLETLAB_KEY is no API key; one looks like tl_…", USAGE)
    client = Client(url or settings.url, settings.key)
    try:
        yield client
    finally:
        client.close()
