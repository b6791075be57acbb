"""The connection to a service: the Python client, whose errors end the command with a sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from api.cli.console import FAILED, USAGE, stop
from api.cli.services import settings_from
from models.absent_modules import absent

with absent("pygments"):  # httpx would only colour with it what its own command prints
    from api.client import (
        Client,
        Invalid,
        Misused,
        NoAnswer,
        NotWritten,
        Refused,
        TooSlow,
        TripletlabError,
    )
    from api.finding.named_ids import SeveralOfThatName

HOW_TO_CONNECT = (
    "Start one with `tripletlab serve`, or give its address with --url or TRIPLETLAB_URL."
)
ARGUMENTS = {"a": "A", "b": "B", "table": "NAME", "format": "the suffix of --output"}
"""Parts of a query that no flag of their own sets."""

UrlOption = Annotated[
    str | None,
    typer.Option("--url", help="The service's address; else TRIPLETLAB_URL, or this machine."),
]


@contextmanager
def connected(url: str | None, key: str | None = None) -> Iterator[Client]:
    """Yield a client for the service at `url`, or at the address in the settings."""
    settings = settings_from()
    try:
        with Client(url or settings.url, settings.key if key is None else key) as client:
            yield client
    except TripletlabError as error:
        raise _ended(error) from None


def _ended(error: TripletlabError) -> typer.Exit:
    """Return the exit for an error; an error in the request is wrong usage."""
    match error:
        case Misused() | NotWritten() | SeveralOfThatName():
            return stop(str(error), USAGE)
        case Refused():
            return stop(_in_lines(error), USAGE if isinstance(error, Invalid) else FAILED)
        case NoAnswer() if not isinstance(error, TooSlow):
            return stop(f"{error}\n{HOW_TO_CONNECT}")
        case _:
            return stop(str(error))


def _named(pointer: str) -> str:
    """Return what a person gave: a flag or an argument for a part of the query."""
    part, name = pointer.rpartition("/")[::2]
    if part != "/query":
        return pointer or "the whole body"
    return ARGUMENTS.get(name) or f"--{name.replace('_', '-')}"


def _in_lines(refused: Refused) -> str:
    """Return the problem document, with a line for each wrong field."""
    problem = refused.problem
    lines = [f"  {_named(one['pointer'])}: {one['detail']}" for one in refused.errors]
    rows = problem.get("rows_refused", 0)
    # the detail of wrong fields is the first of them again; that of rows says what becomes of all
    told = not lines or rows
    heading = f"{problem['title']}: {problem['detail']}" if told else f"{problem['title']}:"
    if rows > len(lines):
        lines.append(f"  … and {rows - len(lines):,} more rows")
    swallowed = problem.get("lines_swallowed", 0)
    if swallowed:
        lines.append(f"  further lines inside these rows: {swallowed:,}")
    return "\n".join([heading, *lines])
