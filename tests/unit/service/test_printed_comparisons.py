"""What the command prints of comparisons: one seed by seed, of many arms some tables."""

import io
from itertools import combinations
from typing import Any

import pytest
from rich.console import Console

from api.cli import listings
from api.cli.results import comparisons

ARMS = [f"margin 0.{number}" for number in range(6)]


def compared(a: str, b: str, role: str, metric: str) -> dict[str, Any]:
    summary = {"n": 6, "mean": 0.8, "sd": 0.01}
    return {
        "a": a, "b": b, "metric": metric, "role": role, "verdict": "undecided",
        "pairs": [{"seed": seed, "a": 0.8, "b": 0.7, "difference": 0.1} for seed in range(6)],
        "summaries": {"a": summary, "b": summary}, "mean_difference": 0.1, "sign_flip_p": 0.03125,
        "interval": {"confidence": 0.95, "low": 0.09, "high": 0.11}, "equivalence": None,
        "multiplicity": {"holm_p": 0.469}, "sentence": f"6 seeds cannot tell {a} from {b}.",
    }  # fmt: skip


def printed(monkeypatch: pytest.MonkeyPatch, arms: list[str]) -> str:
    file = io.StringIO()
    console = Console(file=file, width=100, force_terminal=True, color_system=None)
    monkeypatch.setattr(listings, "out", console)
    monkeypatch.setattr(comparisons, "out", console)
    metrics = (("primary", "test.accuracy"), ("secondary", "test.roc_auc"))
    found = [compared(a, b, *of) for of in metrics for b, a in combinations(arms, 2)]
    comparisons.show_comparisons(found, arms[0])
    comparisons.show_secondary(found, arms[0])
    return file.getvalue()


def test_the_fifteen_comparisons_of_six_arms_fit_a_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    told = printed(monkeypatch, ARMS)
    assert len(told.splitlines()) < 60
    assert told.count("undecided") == 15
    assert told.count("cannot tell") == 5  # those with the baseline in words
    assert f"against {ARMS[0]}" in told
    assert "+0.0900 … +0.1100" in told


def test_two_arms_are_told_seed_by_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    told = printed(monkeypatch, ARMS[:2])
    assert told.count("+0.1000") == 6 + 1 + 1  # seeds, mean, and the secondary metric
    assert "of each arm" not in told


@pytest.mark.parametrize("count", [2, 3])
def test_a_name_is_printed_as_it_is_in_every_table(
    monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    tables = [
        line for line in printed(monkeypatch, ["[red]", "[0.2]", "c"][:count]).splitlines()
        if "test.roc_auc" in line
    ]  # fmt: skip
    assert tables
    assert all("[red]" in line for line in tables)
