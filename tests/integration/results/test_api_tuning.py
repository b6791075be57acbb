"""Tuning over HTTP: what it costs, how it stands, and every figure of the results recomputed from
the runs' own metrics by slow plain code."""

import csv
import io
import itertools
import math
from statistics import fmean, stdev
from typing import Any

import pytest
from scipy import stats

from api.client import Client
from models.states import TERMINAL
from models.store import setting_choices
from models.store.tables import Run

from support.api import ApiForTests, now, pointers
from support.tuning import end_run

LR = "/optimizer/lr"
TUNING = {"grid": {LR: [0.003, 0.01, 0.03]}, "seeds": 2}
FIRST = 9_000_000


def value_of(run: Run) -> float:
    """`vanilla` is best at its second setting, `modified` at its third; no two values are equal."""
    best = 1 if run.arm == "vanilla" else 2
    wobble = (run.seed % 7) * 0.001 + (0.0003 if run.arm == "modified" else 0.0)
    return 0.8 - 0.05 * abs(run.setting - best) + wobble * (1 + run.setting)


def submit(api: ApiForTests, **changes: Any) -> dict[str, Any]:
    return api.submit(**{"tuning": TUNING, "seeds": {"count": 6}, **changes})


def tune(api: ApiForTests, made: dict[str, Any]) -> None:
    for run in api.runs(made["id"]):
        if run.state not in TERMINAL and run.tuning:
            end_run(api.database, run, value_of(run))


def choose(api: ApiForTests, made: dict[str, Any]) -> int:
    with api.database.transaction() as session:
        return len(setting_choices.make_due_choice(session, made["id"], now()))


def compare(api: ApiForTests, made: dict[str, Any]) -> None:
    for run in api.runs(made["id"]):
        if run.state not in TERMINAL:
            api.train(run.id, accuracy=0.7 + 0.002 * run.seed + 0.01 * (run.arm == "modified"))


def results(api: ApiForTests, made: dict[str, Any]) -> Any:
    return api.get(f"/v1/experiments/{made['id']}/results")


def through(api: ApiForTests) -> dict[str, Any]:
    """An experiment that has tuned, chosen and compared."""
    made = submit(api)
    tune(api, made)
    assert choose(api, made) == 12
    compare(api, made)
    return made


def test_a_dry_run_says_what_is_tuned_and_what_that_costs(api: ApiForTests) -> None:
    document = {**submit(api)["spec"], "tuning": {"grid": {LR: [0.01, 0.1]}, "seeds": 3}}
    reply = api.http.post("/v1/experiments", params={"dry_run": "true"}, json=document).json()
    assert reply["tuning"] == {
        "settings": [{LR: 0.01}, {LR: 0.1}],
        "seeds": [FIRST, FIRST + 1, FIRST + 2],
        "runs": 12,
        "steps": 240,
        "stops": [20],
    }
    assert (reply["runs"], reply["runs_at_least"]) == (24, 24)
    assert "24 runs (12 of them to choose the settings)" in reply["estimate"]
    assert reply["spec"]["tuning"]["planned"] == [{LR: 0.01}, {LR: 0.1}]
    untuned = {**document, "tuning": None}
    alone = api.http.post("/v1/experiments", params={"dry_run": "true"}, json=untuned).json()
    assert alone["tuning"] is None
    assert alone["estimated_seconds"] < reply["estimated_seconds"]


def test_what_the_data_cannot_give_is_refused_at_the_value_that_asks_for_it(
    api: ApiForTests,
) -> None:
    document = {**submit(api)["spec"], "tuning": {"grid": {"/batch_size": [16, 4096]}}}
    reply = api.http.post("/v1/experiments", json=document)
    assert set(pointers(reply)) == {"/tuning/grid/~1batch_size/1"}


def test_an_experiment_shows_where_its_tuning_stands(api: ApiForTests) -> None:
    made = submit(api)
    assert made["tuning"] == {
        "state": "planned",
        "reason": None,
        "chosen_at": None,
        "chosen": {},
        "chosen_under": {},
    }
    assert {(run["tuning"], run["setting"]) for run in made["runs"]} == {
        (True, 0),
        (True, 1),
        (True, 2),
    }
    place = f"/v1/experiments/{made['id']}"
    tune(api, made)
    here = api.get(place)
    # 12 of the 24 runs that there will be
    assert (here["state"], here["progress"]) == ("running", 0.5)
    (listed,) = api.get("/v1/experiments")["items"]
    assert (listed["state"], listed["progress"]) == ("running", 0.5)
    assert results(api, made)["complete"] is False
    choose(api, made)
    here = api.get(place)
    assert here["tuning"]["state"] == "chosen"
    assert here["tuning"]["chosen"] == {"vanilla": 1, "modified": 2}
    compare(api, made)
    here = api.get(place)
    assert (here["state"], here["progress"]) == ("succeeded", 1.0)


def test_a_cancelled_tuning_has_ended(api: ApiForTests) -> None:
    made = submit(api)
    tune(api, made)
    cancelled = api.http.post(f"/v1/experiments/{made['id']}/cancel").json()
    assert (cancelled["state"], cancelled["tuning"]["state"]) == ("succeeded", "dropped")
    assert choose(api, made) == 0
    assert api.http.delete(f"/v1/experiments/{made['id']}").status_code == 204


def test_only_fresh_seeds_are_compared_each_arm_at_its_best_setting(api: ApiForTests) -> None:
    document = results(api, through(api))
    assert [[run["seed"] for run in arm["runs"]] for arm in document["arms"]] == [[*range(6)]] * 2
    comparison = document["comparisons"][0]
    assert [pair["seed"] for pair in comparison["pairs"]] == [*range(6)]
    assert ", each at the best of 3 settings, chosen on validation" in comparison["sentence"]
    assert [one["kind"] for one in comparison["warnings"]] == [
        "different_settings",
        "chosen_at_edge",
    ]
    assert comparison["sentence"].endswith(
        "The setting that was chosen for modified is at the edge of those tried in learning rate "
        "(optimiser), so a better one may lie beyond."
    )
    assert document["complete"] is True


def test_an_untuned_comparison_says_that_it_is_at_one_setting(api: ApiForTests) -> None:
    made = api.submit(seeds={"count": 6})
    compare(api, made)
    document = results(api, made)
    assert document["tuning"] is None
    assert " at one setting" in document["comparisons"][0]["sentence"]
    assert "validation" not in document["comparisons"][0]["sentence"]


def test_the_list_warns_of_an_edge_as_the_results_do(api: ApiForTests) -> None:
    made = through(api)
    (listed,) = api.get("/v1/experiments")["items"]
    assert listed["verdicts"][0]["warnings"] == results(api, made)["comparisons"][0]["warnings"]


def test_every_figure_of_tuning_follows_from_the_runs_own_metrics(api: ApiForTests) -> None:
    made = through(api)
    found = results(api, made)["tuning"]
    own = {(run.arm, run.setting, run.seed): run for run in api.runs(made["id"]) if run.tuning}
    seeds = [FIRST, FIRST + 1]
    assert (found["choose_by"], found["seeds"]) == ("validation.roc_auc", seeds)
    assert found["settings"] == [{LR: rate} for rate in TUNING["grid"][LR]]  # type: ignore[index]
    value = {key: _last_validation(api, run.id)["roc_auc"] for key, run in own.items()}
    for arm in found["arms"]:
        name = arm["name"]
        points = [[value[name, setting, seed] for seed in seeds] for setting in range(3)]
        means = [fmean(point) for point in points]
        best = max(range(3), key=lambda setting: means[setting])
        assert arm["validation"] == points
        assert arm["runs"] == [[own[name, s, seed].id for seed in seeds] for s in range(3)]
        assert arm["means"] == pytest.approx(means)
        assert (arm["chosen"], arm["chosen_under"]) == (best, {})
        assert arm["at_edge"] == (best in (0, 2))
        assert arm["edges"] == ([LR] if best in (0, 2) else [])
        assert arm["steps_spent"] == 6 * 20
        for one in arm["expected_best"]:
            bests = [max(some) for some in itertools.combinations(means, one["settings"])]
            assert one["mean"] == pytest.approx(fmean(bests))
            assert (one["low"], one["high"]) == (min(bests), max(bests))
    assert [arm["chosen"] for arm in found["arms"]] == [1, 2]
    for setting, one in enumerate(found["by_setting"]):
        differences = [
            value["modified", setting, seed] - value["vanilla", setting, seed] for seed in seeds
        ]
        assert (one["setting"], one["a"], one["b"]) == (setting, "modified", "vanilla")
        assert [pair["difference"] for pair in one["pairs"]] == pytest.approx(differences)
        assert one["mean_difference"] == pytest.approx(fmean(differences))
        half = stats.t.ppf(0.975, 1) * stdev(differences) / math.sqrt(2)
        assert one["interval"]["low"] == pytest.approx(fmean(differences) - half)
        assert one["interval"]["high"] == pytest.approx(fmean(differences) + half)


def _last_validation(api: ApiForTests, run_id: str) -> dict[str, Any]:
    rows = api.get(f"/v1/runs/{run_id}/evaluations")["items"]
    last: dict[str, Any] = [row for row in rows if row["split"] == "validation"][-1]
    return last


def test_with_a_choice_for_each_seed_the_results_say_which_and_the_sentence_how(
    api: ApiForTests,
) -> None:
    made = submit(api, tuning={**TUNING, "each_seed": True}, seeds={"count": 6})
    tune(api, made)
    assert choose(api, made) == 12
    compare(api, made)
    document = results(api, made)
    modified = next(arm for arm in document["tuning"]["arms"] if arm["name"] == "modified")
    assert modified["chosen"] is None
    assert modified["chosen_under"] == {str(seed): 2 for seed in range(6)}
    assert modified["edges"] == [LR]
    assert [run["setting"] for run in document["arms"][1]["runs"]] == [2] * 6
    comparison = document["comparisons"][0]
    assert (
        "the best of 3 settings, chosen on validation anew under every seed"
        in (comparison["sentence"])
    )
    assert [one["kind"] for one in comparison["warnings"]] == ["chosen_at_edge"]
    here = api.get(f"/v1/experiments/{made['id']}")["tuning"]
    assert here["chosen"] == {}
    assert here["chosen_under"]["vanilla"] == {str(seed): 1 for seed in range(6)}


def test_the_client_has_a_row_for_each_arm_and_setting(api: ApiForTests) -> None:
    made = through(api)
    with Client(api.url) as lab:
        table = lab.results(made["id"]).tuning
    assert table["arm"] == ["vanilla"] * 3 + ["modified"] * 3
    assert table[LR] == [0.003, 0.01, 0.03] * 2
    assert table["chosen"] == [False, True, False, False, False, True]
    found = results(api, made)["tuning"]["arms"]
    assert table["mean"] == [mean for arm in found for mean in arm["means"]]


def test_a_tuning_run_is_never_tested_and_leaves_no_network(api: ApiForTests) -> None:
    made = through(api)
    tuning = next(run for run in api.runs(made["id"]) if run.tuning)
    for path in ("weights", "mistakes"):
        reply = api.http.get(f"/v1/runs/{tuning.id}/{path}")
        assert reply.status_code == 409
        assert "served to choose a setting" in reply.json()["detail"]
    asked = {"pairs": [["How?", "Why?"]]}
    assert api.http.post(f"/v1/runs/{tuning.id}/predict", json=asked).status_code == 409


def test_exports_have_the_tuning_runs_and_say_so(api: ApiForTests) -> None:
    made = through(api)
    place = f"/v1/experiments/{made['id']}/export"
    for table, tuning_rows in (("runs", 12), ("evaluations", 12), ("scores", 0)):
        text = api.http.get(place, params={"table": table}).text
        rows = list(csv.DictReader(io.StringIO(text)))
        tuning = [row for row in rows if row["tuning"] == "true"]
        assert len(tuning) == tuning_rows, table
        assert {row["setting"] for row in rows if row["tuning"] == "false"} == {"1", "2"}
        assert {row["seed"] for row in rows if row["tuning"] == "false"} == set("012345")


def test_pictures_and_the_report_are_of_the_runs_that_are_compared(api: ApiForTests) -> None:
    made = submit(api)
    place = f"/v1/experiments/{made['id']}"
    tune(api, made)
    assert api.http.get(f"{place}/figures/training").status_code == 200
    choose(api, made)
    compare(api, made)
    svg = api.http.get(f"{place}/figures/training").text
    assert "vanilla (6 seeds)" in svg
    report = api.http.get(f"{place}/report").text
    assert "each at the best of 3 settings" in report
    assert "(chosen, at the edge)" in report
