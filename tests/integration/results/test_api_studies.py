"""Studies over HTTP: every figure of the answer recomputed, and what stands beside it."""

import csv
import io
import math
import statistics
from typing import Any

import numpy as np
import pytest
from scipy import stats

from models.store import interim_looks

from support.api import ARMS, ApiForTests, now
from support.asked_studies import (
    PATH,
    SMALL_SPLIT,
    STUDY_SPEC,
    over,
    plan_study,
    train_experiment,
    with_data_sets,
)

AHEAD = (0.02, 0.031, 0.012, 0.024, 0.018)
THREE = [*ARMS, {"name": "both", "loss": {"margin": 0.5, "terms": ARMS[1]["loss"]["terms"]}}]


def results(api: ApiForTests, made: dict[str, Any]) -> Any:
    return api.get(f"{PATH}/{made['id']}/results")


def differences(api: ApiForTests, experiment_id: str, arm: str = "modified") -> list[float]:
    """Arm minus vanilla under each seed, from the metrics of the runs alone."""
    document = api.get(f"/v1/experiments/{experiment_id}/results")
    values = {
        one["name"]: {run["seed"]: run["metrics"]["test.accuracy"] for run in one["runs"]}
        for one in document["arms"]
    }
    return [values[arm][seed] - values["vanilla"][seed] for seed in sorted(values["vanilla"])]


def trained(api: ApiForTests, names: list[str], **changes: Any) -> dict[str, Any]:
    made = plan_study(api, names, **changes)
    for one, ahead in zip(made["experiments"], AHEAD, strict=False):
        train_experiment(api, one["id"], ahead)
    return made


def test_every_figure_of_a_study_follows_from_the_runs_own_metrics(api: ApiForTests) -> None:
    names = with_data_sets(api, 4)
    made = plan_study(api, names, arms=THREE)
    assert (made["planned"], made["state"], made["progress"]) == (True, "queued", 0.0)
    assert [one["dataset"] for one in made["experiments"]] == names
    assert made["arms"] == ["vanilla", "modified", "both"]
    early = results(api, made)
    assert (early["verdict"], early["complete"], early["mean_difference"]) == (
        "undecided",
        False,
        None,
    )
    for one, ahead in zip(made["experiments"], AHEAD, strict=False):
        train_experiment(api, one["id"], ahead)
    document, k = results(api, made), 4
    ps = []
    for found, arm in ((document, "modified"), (document["others"][0], "both")):
        assert (found["a"], found["b"], found["metric"]) == (arm, "vanilla", "test.accuracy")
        every = [differences(api, one["id"], arm) for one in made["experiments"]]
        means = [statistics.fmean(own) for own in every]
        errors = [statistics.stdev(own) / math.sqrt(len(own)) for own in every]
        mean, sd = statistics.fmean(means), statistics.stdev(means)
        assert [one["mean_difference"] for one in found["experiments"]] == pytest.approx(means)
        assert [one["standard_error"] for one in found["experiments"]] == pytest.approx(errors)
        assert found["mean_difference"] == pytest.approx(mean)
        low, high = stats.t.interval(0.95, k - 1, mean, sd / math.sqrt(k))
        assert found["interval"] == pytest.approx({"confidence": 0.95, "low": low, "high": high})
        low, high = stats.t.interval(0.95, k - 1, mean, sd * math.sqrt(1 + 1 / k))
        predicted = {"confidence": 0.95, "low": low, "high": high}
        assert found["prediction_interval"] == pytest.approx(predicted)
        tau2 = max(0.0, sd**2 - statistics.fmean(error**2 for error in errors))
        assert found["heterogeneity"]["tau2"] == pytest.approx(tau2)
        assert found["heterogeneity"]["i2"] == pytest.approx(tau2 / sd**2)
        tost = max(
            stats.t.sf((0.005 + sign * mean) / (sd / math.sqrt(k)), k - 1) for sign in (1, -1)
        )
        assert found["equivalence"] == pytest.approx({"margin": 0.005, "p": tost})
        ps.append(float(stats.ttest_1samp(means, 0).pvalue))
        assert found["multiplicity"]["p"] == pytest.approx(ps[-1])
        # six seeds decide nothing among three comparisons
        assert (found["better_in"], found["worse_in"], found["ahead_in"], found["of"]) == (
            0,
            0,
            4,
            4,
        )
        assert found["verdict"] == "a_better"
        weights = np.array([1 / (error**2 + found["weighted"]["tau2"]) for error in errors])
        weighted = float(weights @ np.array(means) / weights.sum())
        assert found["weighted"]["mean_difference"] == pytest.approx(weighted)
    adjusted = [found["multiplicity"]["holm_p"] for found in (document, *document["others"])]
    assert min(adjusted) == pytest.approx(2 * min(ps))
    assert max(adjusted) == pytest.approx(max(2 * min(ps), max(ps)))
    assert document["complete"] is True
    assert document["differing"] == []


def test_each_data_set_is_what_its_own_results_say(api: ApiForTests) -> None:
    made = trained(api, with_data_sets(api, 3), seeds={"count": 8})
    document = results(api, made)
    assert (document["better_in"], document["of"]) == (3, 3)
    for one in document["experiments"]:
        own = api.get(f"/v1/experiments/{one['id']}/results")["comparisons"][0]
        for field in ("mean_difference", "sd_difference", "interval", "verdict", "sentence"):
            assert one[field] == own[field], field
        assert api.get(f"/v1/experiments/{one['id']}")["studies"] == [made["id"]]
        assert one["seeds"] == 8


def test_an_experiment_that_adds_seeds_has_the_verdict_of_its_look(api: ApiForTests) -> None:
    looks = {"until_decided": {"min": 6, "max": 12}}
    made = trained(api, with_data_sets(api, 2), seeds=looks)
    with api.database.transaction() as session:
        for one in made["experiments"]:
            interim_looks.take_due_look(session, one["id"], now())
    for one in results(api, made)["experiments"]:
        own = api.get(f"/v1/experiments/{one['id']}/results")["comparisons"][0]
        assert (one["verdict"], one["sentence"]) == (own["verdict"], own["sentence"])
        assert "This is look 1 of" in one["sentence"]
        assert one["interval"] == own["interval"]


def test_three_data_sets_say_what_cannot_be_said(api: ApiForTests) -> None:
    document = results(api, trained(api, with_data_sets(api, 3)))
    assert (document["verdict"], document["prediction_interval"]) == ("undecided", None)
    assert document["heterogeneity"] is None
    assert "a study needs at least 4 data sets" in document["sentence"]
    assert len(document["missing"]) == 2


def test_entries_are_merged_over_the_spec_and_named_after_the_study(api: ApiForTests) -> None:
    names = with_data_sets(api, 3)
    entries = over(names)
    entries[0] |= {"steps": 30, "split": {**SMALL_SPLIT, "train_rows": 100}}
    entries[1] |= {"name": "My own name", "seeds": {"list": [3, 4]}}
    body = {"name": "Named", "spec": {**STUDY_SPEC, "name": "unused"}, "over": entries}
    dry = api.http.post(PATH, json=body, params={"dry_run": True}).json()
    assert dry["runs"] == sum(one["runs"] for one in dry["experiments"]) == 12 + 4 + 12
    assert dry["estimated_seconds"] == pytest.approx(
        sum(one["estimated_seconds"] for one in dry["experiments"]), abs=0.2
    )
    assert api.get(PATH)["items"] == []
    made = api.http.post(PATH, json=body).json()
    specs = [api.get(f"/v1/experiments/{one['id']}")["spec"] for one in made["experiments"]]
    assert [spec["name"] for spec in specs] == [
        f"Named: {names[0]}",
        "My own name",
        f"Named: {names[2]}",
    ]
    assert [spec["steps"] for spec in specs] == [30, 20, 20]
    assert specs[0]["split"]["train_rows"] == 100
    assert specs[1]["seeds"] == {"list": [3, 4]}
    assert results(api, made)["differing"] == ["/steps"]


def test_a_recipe_has_on_each_data_set_the_sizes_that_fit_it(api: ApiForTests) -> None:
    names = with_data_sets(api, 3)
    entries = [*over(names[:2]), {"dataset": names[2], "batch_size": 4, "split": SMALL_SPLIT}]
    spec = {"recipe": "hard-negative-mining-small", "steps": 20, "validation_batches": 1}
    body = {"name": "A recipe", "spec": spec, "over": entries}
    dry = api.http.post(PATH, json=body, params={"dry_run": True}).json()["experiments"]
    assert [len(one["fitted"]) > 0 for one in dry] == [False, True, True]
    splits = [(one["spec"]["split"]["train_rows"], one["spec"]["batch_size"]) for one in dry]
    # the recipe's own on its data set; those of eighty rows; and what the entry says
    assert splits == [(20_000, 128), (64, 4), (60, 4)]
    reply = api.http.post(PATH, json=body)
    assert reply.status_code == 202, reply.text
    assert reply.json()["arms"] == ["vanilla", "modified"]
    assert results(api, reply.json())["differing"] == ["/batch_size"]


def test_the_table_has_a_row_for_each_data_set_and_one_for_the_mean(api: ApiForTests) -> None:
    made = trained(api, with_data_sets(api, 4))
    document = results(api, made)
    text = api.http.get(f"{PATH}/{made['id']}/export").text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["kind"] for row in rows] == ["data set"] * 4 + ["mean"]
    assert [row["dataset"] for row in rows[:4]] == [one["dataset"] for one in made["experiments"]]
    for row, one in zip(rows, [*document["experiments"], document], strict=True):
        assert float(row["mean_difference"]) == one["mean_difference"]
        assert float(row["low"]) == one["interval"]["low"]
        assert row["verdict"] == one["verdict"]
    assert float(rows[4]["tau2"]) == document["heterogeneity"]["tau2"]
    assert int(rows[4]["data_sets"]) == 4
    parquet = api.http.get(f"{PATH}/{made['id']}/export", params={"format": "parquet"})
    assert parquet.content[:4] == b"PAR1"
