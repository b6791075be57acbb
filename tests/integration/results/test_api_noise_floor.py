"""An experiment of one arm: its noise floor in results, list and report, from its runs' metrics."""

import math
import statistics
from typing import Any

import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower

from models.states import RunState
from models.store.run_life import runs

from support.api import ARMS, ApiForTests, now, pointers

ONE = ARMS[:1]
ACCURACIES = (0.7355, 0.7311, 0.7402, 0.7388, 0.7297, 0.7360, 0.7341, 0.7419)


def submit(api: ApiForTests, **changes: Any) -> Any:
    return api.submit(**{"arms": ONE, "seeds": {"count": len(ACCURACIES)}, **changes})


def train(api: ApiForTests, made: Any, count: int = len(ACCURACIES), **more: Any) -> None:
    for run in made["runs"][:count]:
        api.train(run["id"], accuracy=ACCURACIES[run["seed"]], **more)


def results(api: ApiForTests, made: Any) -> Any:
    return api.get(f"/v1/experiments/{made['id']}/results")


def test_the_noise_floor_is_what_the_runs_metrics_give(api: ApiForTests) -> None:
    made = submit(api)
    train(api, made)
    document = results(api, made)
    (arm,) = document["arms"]
    values = [run["metrics"]["test.accuracy"] for run in arm["runs"]]
    n, sd = len(values), statistics.stdev(values)
    found, spread = document["noise_floor"], math.sqrt(2) * sd
    assert (found["arm"], found["metric"], found["n"]) == ("vanilla", "test.accuracy", n)
    assert found["points"] == values == list(ACCURACIES)
    assert found["mean"] == pytest.approx(statistics.fmean(values))
    assert found["sd"] == pytest.approx(sd)
    assert found["iqm"] == pytest.approx(statistics.fmean(sorted(values)[2:6]))
    assert found["two_runs_differ_by"] == {
        "median": pytest.approx(stats.t.ppf(0.75, n - 1) * spread),
        "in_1_of_20": pytest.approx(stats.t.ppf(0.975, n - 1) * spread),
        "beyond_margin": pytest.approx(2 * stats.t.sf(0.005 / spread, n - 1)),
    }
    limit, shift = stats.t.ppf(0.975, n - 1), found["one_run_each_cannot_see"] / spread
    power = stats.nct.sf(limit, n - 1, shift) + stats.nct.cdf(-limit, n - 1, shift)
    assert power == pytest.approx(0.8, abs=1e-4)
    enough = (m for m in range(6, 500) if TTestPower().power(0.005 / spread, m, 0.05) >= 0.8)
    assert found["seeds_for_margin"] == next(enough)
    assert found["sentence"].startswith("8 runs of vanilla have a test accuracy of 0.7359")
    assert (document["comparisons"], document["complete"]) == ([], True)
    assert document["waiting_times"]["matched_loss"]["comparisons"] == []


def test_two_arms_have_a_comparison_and_no_noise_floor(api: ApiForTests) -> None:
    made = api.submit()
    assert results(api, made)["noise_floor"] is None
    assert api.get("/v1/experiments")["items"][0]["noise_floor"] is None


def test_while_runs_go_on_the_noise_floor_is_of_those_that_ended(api: ApiForTests) -> None:
    made = submit(api)
    assert "no run of it has finished" in results(api, made)["noise_floor"]["sentence"]
    train(api, made, 3)
    found = results(api, made)["noise_floor"]
    assert (found["n"], found["points"]) == (3, list(ACCURACIES[:3]))
    assert found["sentence"].startswith("So far 3 of 8 planned runs of vanilla")
    assert api.get("/v1/experiments")["items"][0]["noise_floor"] is None


def test_a_failed_run_is_none_and_a_collapsed_one_is_counted(api: ApiForTests) -> None:
    made = submit(api, seeds={"count": 5})
    train(api, made, 3)
    api.train(made["runs"][3]["id"], accuracy=0.31, collapsed=True)
    last = made["runs"][4]["id"]
    attempt = api.claim(last)
    with api.database.transaction() as session:
        runs.finish(session, last, attempt, RunState.FAILED, reason="diverged", now=now())
    found = results(api, made)["noise_floor"]
    assert (found["n"], found["collapsed"]) == (4, 1)
    assert found["sentence"].startswith("4 of 5 planned runs of vanilla have")
    assert "1 of the 4 runs ended collapsed" in found["sentence"]


@pytest.mark.parametrize("metric", ["test.accuracy", "validation.accuracy"])
def test_the_list_tells_what_the_results_do(api: ApiForTests, metric: str) -> None:
    made = submit(api, decision={"metric": metric})
    train(api, made)
    found, (listed,) = results(api, made)["noise_floor"], api.get("/v1/experiments")["items"]
    names = ("n", "mean", "sd", "two_runs_differ_by", "sentence")
    assert listed["noise_floor"] == {name: found[name] for name in names}
    assert (listed["verdicts"], listed["arms"]) == ([], ["vanilla"])


def test_the_report_and_the_picture_are_of_the_noise_floor(api: ApiForTests) -> None:
    made = submit(api)
    for count in (0, 1, len(ACCURACIES)):  # before, and with one point
        for run in made["runs"][:count]:
            if api.get(f"/v1/runs/{run['id']}")["state"] == "queued":
                api.train(run["id"], accuracy=ACCURACIES[run["seed"]])
        path = f"/v1/experiments/{made['id']}"
        picture = api.http.get(f"{path}/figures/comparison")
        assert picture.status_code == 200, picture.text
        report = api.http.get(f"{path}/report")
        assert report.status_code == 200, report.text
        assert "<h2>Noise floor</h2>" in report.text
        assert "<h2>Verdict</h2>" not in report.text
        assert results(api, made)["noise_floor"]["sentence"] in report.text
    assert "beyond it in 1 of 20" in picture.text


def test_a_dry_run_counts_its_runs_and_nothing_is_left_to_decide(api: ApiForTests) -> None:
    spec: dict[str, Any] = {"recipe": "noise-floor"}
    planned = api.http.post("/v1/experiments", json=spec, params={"dry_run": True}).json()
    assert (planned["runs"], planned["plan"]) == (12, [])
    assert [arm["name"] for arm in planned["spec"]["arms"]] == ["vanilla"]
    spec |= {"seeds": {"until_decided": {"min": 6, "max": 12}}}
    reply = api.http.post("/v1/experiments", json=spec, params={"dry_run": True})
    assert pointers(reply) == ["/seeds/until_decided"]
    assert "one arm leaves nothing to decide" in reply.json()["detail"]


def test_an_arm_alone_compares_with_that_of_another_experiment(api: ApiForTests) -> None:
    one, two = submit(api), api.submit(arms=ARMS[1:], seeds={"count": 8})
    train(api, one)
    for run in two["runs"]:
        api.train(run["id"], accuracy=ACCURACIES[run["seed"]] + 0.02)
    sides = {"a": f"{two['id']}/modified", "b": f"{one['id']}/vanilla"}
    assert len(api.get("/v1/comparisons", **sides)["pairs"]) == 8
