"""Lists in a terminal and in a pipe: ids and names are never cut, and verdicts are short."""

import io
from typing import Any

import pytest
from rich.console import Console

from api.cli import listings
from api.cli.experiment_lists import verdict_in_short
from api.cli.listings import listing, show_table
from api.cli.live_progress import _totals
from api.cli.results.tables import reasons_of

ID = "exp_01m8pqqh2vxv6mxa1py26sp5ac"
NAME = "does-leaving-out-the-harder-negatives-help-" * 2


def shown(monkeypatch: pytest.MonkeyPatch, width: int, terminal: bool) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=terminal, color_system=None)
    monkeypatch.setattr(listings, "out", console)
    table = listing("id", "name", "state", "runs", "data set", whole=("id", "state"))
    table.add_row(ID, NAME, "succeeded", "4/4 runs", "questions-generated")
    show_table(table)
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


def test_a_pipe_gets_a_row_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    (row,) = (line for line in shown(monkeypatch, 40, False).splitlines() if ID in line)
    assert NAME in row
    assert row.rstrip().endswith("questions-generated")


@pytest.mark.parametrize("width", [80, 120])
def test_a_terminal_shows_ids_whole_and_folds_names(
    monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    text = shown(monkeypatch, width, True)
    assert ID in text
    assert "…" not in text
    letters = "".join(text.split())
    assert all(letters.count(letter) >= NAME.count(letter) for letter in "abdefghilnoprstuv-")


def test_a_narrow_terminal_folds_an_id_and_cuts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(monkeypatch, 50, True).splitlines()[3:]
    assert "".join(line[1:].split(" ")[0] for line in lines) == ID


def summary(**changed: Any) -> dict[str, Any]:
    return {"problem": None, "reason": None, "noise_floor": None, "verdicts": []} | changed


def verdict(name: str, a: str = "modified") -> dict[str, str]:
    return {"a": a, "b": "vanilla", "verdict": name}


@pytest.mark.parametrize(
    ("listed", "words"),
    [
        (summary(), ""),
        (summary(verdicts=[verdict("a_better")]), "modified better"),
        (summary(verdicts=[verdict("b_better")]), "vanilla better"),
        (summary(verdicts=[verdict("undecided"), verdict("a_better", "c")]), "undecided, 1 more"),
        (summary(reason="the loss is not finite at step 3"), "the loss is not finite at step 3"),
        (summary(noise_floor={"sd": 0.01234}), "noise: sd 0.012"),
        (summary(noise_floor={"sd": None}), ""),
    ],
)
def test_a_list_tells_the_first_verdict_or_why_there_is_none(
    listed: dict[str, Any], words: str
) -> None:
    assert verdict_in_short(listed) == words


def test_a_reason_is_told_once_with_how_many_runs_it_ended() -> None:
    reasons = ["out of memory", "no file", "out of memory", None]
    runs = [{"state": "failed", "reason": reason} for reason in reasons]
    runs.append({"state": "queued", "reason": "waits for another attempt"})
    assert reasons_of(runs) == ["2 runs failed: out of memory", "1 run failed: no file"]


def test_reasons_that_differ_in_numbers_are_one_with_their_range() -> None:
    reasons = [f"the limit of 1 s was reached at step {step} of 3,000." for step in (100, 91, 117)]
    told = reasons_of([{"state": "failed", "reason": reason} for reason in reasons])
    assert told == ["3 runs failed: the limit of 1 s was reached at step 91 to 117 of 3,000."]


def test_runs_that_did_not_end_well_count_the_steps_that_they_trained() -> None:
    runs = [
        {"state": state, "step": 8, "steps": 100}
        for state in ("succeeded", "failed", "cancelled", "running")
    ]
    assert _totals({"runs": runs}) == (124, 400)
