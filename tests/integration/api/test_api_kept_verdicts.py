"""The list judges what has ended once, and again as soon as anything of it has changed."""

import threading
from typing import Any

import pytest
from sqlalchemy import text

from api.experiments import kept_verdicts
from models.abandonment import Abandoned, abandonable
from models.byte_cache import ByteCache
from models.comparison import compare
from models.comparison.inputs import ArmValues, ComparisonInput
from models.comparison.rule import DecisionRule

from support.api import ApiForTests

SEEDS = 6


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many comparisons each judgement had, from now on."""
    found: list[int] = []
    original = compare.verdicts

    def noted(family: Any) -> Any:
        found.append(len(family))
        return original(family)

    monkeypatch.setattr("api.experiments.kept_verdicts.verdicts", noted)
    monkeypatch.setattr(kept_verdicts.kept_verdicts, "_kept", ByteCache(2**20))
    return found


def test_the_list_judges_an_ended_experiment_once_and_again_after_a_change(
    api: ApiForTests, judged: list[int]
) -> None:
    made = api.submit(seeds={"count": SEEDS})
    for run in made["runs"]:
        better = 0.1 * (run["arm"] == "modified") + 0.001 * run["seed"]
        api.train(run["id"], accuracy=0.7 + better)

    def verdict() -> dict[str, Any]:
        (one,) = api.get("/v1/experiments")["items"]
        (found,) = one["verdicts"]
        return dict(found)

    first = verdict()
    assert (first["verdict"], verdict(), judged) == ("a_better", first, [1])
    worse = next(run["id"] for run in made["runs"] if run["arm"] == "modified")
    with api.database.transaction() as session:
        lower = "UPDATE evaluations SET accuracy = 0.5 WHERE run_id = :id AND split = 'test'"
        session.execute(text(lower), {"id": worse})
    assert verdict()["mean_difference"] < first["mean_difference"]
    with api.database.transaction() as session:
        for table in ("evaluations", "steps", "events"):
            session.execute(text(f"DELETE FROM {table} WHERE run_id = :id"), {"id": worse})
        session.execute(text("DELETE FROM runs WHERE id = :id"), {"id": worse})
    after = verdict()
    assert after["verdict"] == "undecided"  # five pairs are too few
    assert judged == [1, 1, 1]
    (document,) = api.get(f"/v1/experiments/{made['id']}/results")["comparisons"][:1]
    assert document["mean_difference"] == after["mean_difference"]


def test_no_more_than_the_most_are_kept(judged: list[int]) -> None:
    kept = kept_verdicts.KeptVerdicts(2 * 2 * kept_verdicts.PAIR_BYTES)  # two families of a pair
    rule = DecisionRule("test.accuracy", 0.01, 0.95)

    def family(value: float) -> list[ComparisonInput]:
        arms = ArmValues("a", {0: value}), ArmValues("b", {0: 0.5})
        return [ComparisonInput(*arms, rule)]

    for value in (0.1, 0.2, 0.3, 0.3, 0.2):
        assert kept(family(value))[0][0] == pytest.approx(value - 0.5)
    assert len(judged) == 3
    kept(family(0.1))  # the one that was not asked for longest
    assert len(judged) == 4


def test_what_was_begun_for_a_reader_who_left_is_kept_for_the_next(
    judged: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    rule, gone = DecisionRule("test.accuracy", 0.01, 0.95), threading.Event()
    family = [ComparisonInput(ArmValues("a", {0: 0.7}), ArmValues("b", {0: 0.5}), rule)]

    def leaving(given: Any) -> Any:
        gone.set()
        judged.append(len(given))
        return compare.verdicts(given)

    monkeypatch.setattr(kept_verdicts, "verdicts", leaving)
    kept = kept_verdicts.KeptVerdicts()
    with abandonable(gone.is_set):
        found = kept(family)
        with pytest.raises(Abandoned):
            kept([family[0], family[0]])  # what nobody waits for is not begun
    assert kept(family) is found
    assert judged == [1]
