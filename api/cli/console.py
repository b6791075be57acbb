"""Where the command speaks, and how it ends.

Exit codes are for scripts: 0 done, 1 failed, 2 wrong usage, 3 undecided where `--expect` wanted a
verdict, 130 ended by Ctrl-C.
"""

import json
from typing import Annotated, Any

import typer
from rich.console import Console

FAILED, USAGE, UNDECIDED, INTERRUPTED = 1, 2, 3, 130

out = Console(highlight=False)
"""Answers: what a script would read."""
err = Console(stderr=True, highlight=False)
"""Everything else that a person should know."""


def stop(sentence: str, code: int = FAILED) -> typer.Exit:
    """Say why the command cannot go on; raise what this returns."""
    err.print(sentence, style="red" if err.is_terminal else None, markup=False, soft_wrap=True)
    return typer.Exit(code)


JsonOption = Annotated[bool, typer.Option("--json", help="The answer as JSON, and nothing else.")]


def print_json(document: Any) -> None:
    """An answer for a program."""
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))


def say(sentence: str) -> None:
    """A line for a person, that a script reading the answers does not get."""
    err.print(sentence, markup=False, soft_wrap=True)
