"""What the command writes, and its exit codes.

Scripts rely on the exit codes: 0 done, 1 failed, 2 wrong usage, 3 undecided where `--expect` needs
a verdict, 130 ended by Ctrl-C.
"""

import codecs
import io
import json
import sys
from typing import Annotated, Any

import typer
from rich.console import Console

from models.numbers_in_words import MINUS, decimals

HYPHEN_OR_MARK = "tripletlab.hyphen_or_mark"
FAILED, USAGE, UNDECIDED, INTERRUPTED = 1, 2, 3, 130

out = Console(highlight=False)
"""Answers, which a script may read."""
err = Console(stderr=True, highlight=False)
"""Everything else that a person needs to know."""


def write_to_any_terminal() -> None:
    """Let the standard streams write a question mark for a character that they cannot hold, and a
    hyphen for a minus sign, without which a number would be another."""
    codecs.register_error(HYPHEN_OR_MARK, _hyphen_or_mark)
    for stream in (sys.stdout, sys.stderr):
        # Python lets standard error escape such characters, unless something else replaced it
        if isinstance(stream, io.TextIOWrapper) and stream.errors != "backslashreplace":
            stream.reconfigure(errors=HYPHEN_OR_MARK)


def _hyphen_or_mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    unknown = error.object[error.start : error.end]
    return "".join("-" if one == MINUS else "?" for one in unknown), error.end


def stop(sentence: str, code: int = FAILED) -> typer.Exit:
    """Write why the command cannot continue, and return the exit to raise."""
    err.print(sentence, style="red" if err.is_terminal else None, markup=False, soft_wrap=True)
    return typer.Exit(code)


JsonOption = Annotated[bool, typer.Option("--json", help="Print the answer as JSON alone.")]


def print_json(document: Any) -> None:
    """Write an answer for a program. Where standard output cannot hold all of its characters, those
    beyond ASCII are escaped, so that it stays the same JSON document."""
    text = json.dumps(document, indent=2, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(document, indent=2)
    typer.echo(text)


def number(value: float | None, sign: str = "") -> str:
    """Return a value to four decimals, as sentences and the page have it."""
    return decimals(value, 4, sign)


def say(sentence: str) -> None:
    """Write a line for a person to standard error, which keeps it out of the answers."""
    err.print(sentence, markup=False, soft_wrap=True)


YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.")]


def confirm(question: str, yes: bool) -> None:
    """Ask on standard error, unless `yes`; any answer but y ends the command with 1."""
    if not yes:
        typer.confirm(question, abort=True, err=True)
