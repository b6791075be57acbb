"""Where the command speaks, and how it ends: 0 done, 1 failed, 2 wrong usage."""

import typer
from rich.console import Console

FAILED, USAGE = 1, 2

out = Console(highlight=False)
"""Answers: what a script would read."""
err = Console(stderr=True, highlight=False)
"""Everything else that a person should know."""


def stop(sentence: str, code: int = FAILED) -> typer.Exit:
    """Say why the command cannot go on; raise what this returns."""
    err.print(sentence, style="red" if err.is_terminal else None, markup=False, soft_wrap=True)
    return typer.Exit(code)


def say(sentence: str) -> None:
    """A line for a person, that a script reading the answers does not get."""
    err.print(sentence, markup=False, soft_wrap=True)
