"""`--expect`: an exit code that says whether the verdict is the expected one."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import typer

from api.cli.console import UNDECIDED, say, stop
from api.client import Judged


class Expected(StrEnum):
    DECIDED = "decided"
    A_BETTER = "a_better"
    B_BETTER = "b_better"
    EQUIVALENT = "equivalent"


ExpectOption = Annotated[
    Expected | None,
    typer.Option("--expect", help="Exit with 3 while undecided, with 1 on another verdict."),
]


def require(expected: Expected | None, decisions: Sequence[Judged]) -> None:
    """Exit unless every comparison with the baseline, or every effect, has the expected verdict."""
    if expected is None:
        return
    if not decisions or any(one.verdict == "undecided" for one in decisions):
        what = "Undecided" if decisions else "One arm has no verdict"
        say(f"{what}; {expected} was expected.")
        raise typer.Exit(UNDECIDED)
    for one in decisions:
        if expected not in (Expected.DECIDED, one.verdict):
            raise stop(f"{one.a} against {one.b} is {one.verdict}; {expected} was expected.")
