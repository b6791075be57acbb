"""Halving over HTTP: what is told rests on equal steps, each figure recomputed by plain code."""

from statistics import fmean
from typing import Any

import pytest

from models.states import TERMINAL
from models.store import setting_choices

from support.api import ApiForTests, now
from support.tuning import end_run, rising

LR = "/optimizer/lr"
FIRST = 9_000_000
TUNING = {
    "grid": {LR: [0.003, 0.01, 0.03]},
    "seeds": 2,
    "halving": {"at": [0.5], "keep": 0.3},
}


def tune(api: ApiForTests, made: dict[str, Any]) -> int:
    """End every run that waits and pass the stop; the runs that were queued by it."""
    for run in api.runs(made["id"]):
        if run.state not in TERMINAL:
            end_run(api.database, run, rising(run))
    with api.database.transaction() as session:
        return len(setting_choices.make_due_choice(session, made["id"], now()))


def values(api: ApiForTests, made: dict[str, Any]) -> dict[tuple[str, int, int], float]:
    """The last validation of each tuning run, by what it trained."""
    found = {}
    for run in api.runs(made["id"]):
        if run.tuning:
            rows = api.get(f"/v1/runs/{run.id}/evaluations")["items"]
            found[run.arm, run.setting, run.seed] = rows[-1]["roc_auc"]
    return found


def test_what_is_told_of_halved_settings_rests_on_equal_steps(api: ApiForTests) -> None:
    made = api.submit(tuning=TUNING, evaluate_every=10, seeds={"count": 6})
    place = f"/v1/experiments/{made['id']}"
    for run in api.runs(made["id"]):
        end_run(api.database, run, rising(run))
    assert api.get(place)["progress"] == pytest.approx(120 / 400)
    at_stop = values(api, made)
    assert tune(api, made) == 4
    assert tune(api, made) == 12
    found, at_end = api.get(f"{place}/results")["tuning"], values(api, made)
    assert found["stops"] == [10, 20]
    best = {"vanilla": 1, "modified": 2}
    for arm in found["arms"]:
        chosen = best[arm["name"]]
        assert arm["chosen"] == chosen
        assert arm["trained_to"] == [[20, 20] if n == chosen else [10, 10] for n in range(3)]
        assert arm["steps_spent"] == 2 * (20 + 10 + 10)
        means = [fmean(at_stop[arm["name"], n, FIRST + seed] for seed in (0, 1)) for n in range(3)]
        assert arm["expected_best"][-1]["mean"] == pytest.approx(max(means))
        assert arm["expected_best"][0]["mean"] == pytest.approx(fmean(means))
        assert arm["means"][chosen] == pytest.approx(
            fmean(at_end[arm["name"], chosen, FIRST + seed] for seed in (0, 1))
        )
    assert [one["pairs"] for one in found["by_setting"]] == [[], [], []], "no setting has both arms"
    reply = api.http.post("/v1/experiments", params={"dry_run": "true"}, json=made["spec"]).json()
    assert reply["tuning"]["steps"] == 2 * 2 * (3 * 10 + 1 * 10)
    assert reply["tuning"]["stops"] == [10, 20]
