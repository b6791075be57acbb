"""The command's way to a service: the Python client, whose errors end the command in words."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from api.cli.console import FAILED, USAGE, stop
from api.client import Client, Invalid, Misused, NoAnswer, Refused, TooSlow, TripletlabError
from models.settings import Settings

HOW_TO_REACH_ONE = (
    "Start one with `tripletlab serve`, or say where it is with --url or TRIPLETLAB_URL."
)

UrlOption = Annotated[
    str | None,
    typer.Option("--url", help="The service's address; TRIPLETLAB_URL, or the local one."),
]


@contextmanager
def connected(url: str | None, key: str | None = None) -> Iterator[Client]:
    """A client for the service at `url`, or where the settings say, and with their key."""
    settings = Settings()
    try:
        with Client(url or settings.url, settings.key if key is None else key) as client:
            yield client
    except TripletlabError as error:
        raise _ended(error) from None


def _ended(error: TripletlabError) -> typer.Exit:
    """Why the command ends: the sender's own mistake is wrong usage."""
    match error:
        case Misused():
            return stop(str(error), USAGE)
        case Refused():
            return stop(_in_lines(error), USAGE if isinstance(error, Invalid) else FAILED)
        case NoAnswer() if not isinstance(error, TooSlow):
            return stop(f"{error}\n{HOW_TO_REACH_ONE}")
        case _:
            return stop(str(error))


def _in_lines(refused: Refused) -> str:
    """The problem document, a line for each wrong field."""
    problem = refused.problem
    lines = [f"  {one['pointer'] or 'the whole'}: {one['detail']}" for one in refused.errors]
    heading = f"{problem['title']}:" if lines else f"{problem['title']}: {problem['detail']}"
    rows = problem.get("rows_refused", 0)
    if rows > len(lines):
        lines.append(f"  … and {rows - len(lines):,} more rows")
    return "\n".join([heading, *lines])
