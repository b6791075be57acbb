"""Experiments with factors over HTTP: what is asked, and every figure of the answer recomputed."""

import itertools
import math
import statistics
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from scipy import stats

from models.states import RunState
from models.store import interim_looks
from models.store.run_life import runs

from support.api import ARMS, ApiForTests, now, pointers
from support.plain_statistics import claim_p, sign_flip, tost_p

MASK: dict[str, Any] = {
    "name": "mask",
    "levels": [
        {"name": "left out", "loss": ARMS[0]["loss"]},
        {"name": "kept", "loss": ARMS[1]["loss"]},
    ],
}
RATE: dict[str, Any] = {
    "name": "rate",
    "levels": [{"name": f"{lr}", "optimizer": {"lr": lr}} for lr in (0.01, 0.003, 0.03)],
}
BOTH: dict[str, Any] = {"arms": None, "factors": [MASK, RATE], "effects": "with_interactions"}
SEEDS = 7
MARGIN, CONFIDENCE = 0.005, 0.95
FAILED, ABSENT = ("mask=kept, rate=0.03", 2), ("mask=left out, rate=0.003", 5)

Values = Mapping[tuple[str, str], Mapping[int, float]]
"""(Mask, rate) -> seed -> accuracy."""


def results(api: ApiForTests, made: dict[str, Any]) -> Any:
    return api.get(f"/v1/experiments/{made['id']}/results")


def train_all(api: ApiForTests, made: dict[str, Any]) -> None:
    """End every queued run, with two that fail; the mask matters, and more at the largest rate."""
    for run in api.runs(made["id"]):
        if run.state != RunState.QUEUED:
            continue
        if (run.arm, run.seed) in (FAILED, ABSENT):
            attempt = api.claim(run.id)
            with api.database.transaction() as session:
                runs.finish(session, run.id, attempt, RunState.FAILED, now=now())
            continue
        gain = 0.05 * ("kept" in run.arm) + 0.02 * ("kept" in run.arm and "0.03" in run.arm)
        noise = math.sin(run.seed * 7.1 + len(run.arm) * 3.3 + 10 * gain)
        api.train(run.id, accuracy=round((0.7 + gain + 0.004 * noise) * 10_240) / 10_240)


def values_of(document: Any) -> Values:
    """The runs' own metrics, with nothing of the effects."""
    found: dict[tuple[str, str], dict[int, float]] = {}
    for arm in document["arms"]:
        mask, rate = (part.partition("=")[2] for part in arm["name"].split(", "))
        found[mask, rate] = {
            run["seed"]: run["metrics"]["test.accuracy"]
            for run in arm["runs"]
            if run["state"] == "succeeded"
        }
    return found


def by_definition(values: Values, effect: dict[str, Any]) -> dict[int, float]:
    """Seed -> the effect, by loops over the cells that the effect's own names say."""
    rates = ("0.01", "0.003", "0.03")
    if effect["kind"] == "interaction":
        (mask, rate), (mask0, rate0) = effect["levels"], effect["baselines"]
        cells = [values[m, r] for m, r in itertools.product((mask, mask0), (rate, rate0))]
        seeds = set(cells[0]).intersection(*cells[1:])
        return {
            seed: (values[mask, rate][seed] - values[mask0, rate][seed])
            - (values[mask, rate0][seed] - values[mask0, rate0][seed])
            for seed in sorted(seeds)
        }
    others = rates if effect["factors"] == ["mask"] else ("left out", "kept")
    level, baseline = effect["level"], effect["baseline"]

    def cell(own: str, other: str) -> Mapping[int, float]:
        return values[(own, other) if effect["factors"] == ["mask"] else (other, own)]

    cells = [cell(own, other) for own in (level, baseline) for other in others]
    found = {}
    for seed in sorted(set(cells[0]).intersection(*cells[1:])):
        each = [cell(level, other)[seed] - cell(baseline, other)[seed] for other in others]
        found[seed] = sum(each) / len(each)
    return found


def test_every_figure_of_the_effects_follows_from_the_runs_own_metrics(api: ApiForTests) -> None:
    made = api.submit(**BOTH, seeds={"count": SEEDS})
    train_all(api, made)
    document = results(api, made)
    primary = [one for one in document["effects"] if one["role"] == "primary"]
    values = values_of(document)
    assert len(primary) == 1 + 2 + 2
    by_p = sorted(claim_p(list(by_definition(values, one).values())) for one in primary)
    least = 0.0
    adjusted = {}
    for rank, p in enumerate(by_p):
        least = max(least, min(1.0, p * (len(by_p) - rank)))
        adjusted[p] = least
    for one in primary:
        own = by_definition(values, one)
        differences = list(own.values())
        assert {pair["seed"]: pair["difference"] for pair in one["pairs"]} == pytest.approx(own)
        mean, sd, n = statistics.fmean(differences), statistics.stdev(differences), len(differences)
        assert one["mean_difference"] == pytest.approx(mean)
        assert one["sd_difference"] == pytest.approx(sd)
        low, high = stats.t.interval(CONFIDENCE, n - 1, mean, sd / math.sqrt(n))
        assert one["interval"] == pytest.approx(
            {"confidence": CONFIDENCE, "low": low, "high": high}, abs=1e-12
        )
        assert one["sign_flip_p"] == pytest.approx(sign_flip(differences))
        tost = tost_p(differences, MARGIN)
        assert one["equivalence"] == pytest.approx({"margin": MARGIN, "p": tost}, rel=1e-6)
        p = claim_p(differences)
        assert one["multiplicity"]["p"] == pytest.approx(p)
        nearest = min(adjusted, key=lambda known: abs(known - p))
        assert one["multiplicity"]["holm_p"] == pytest.approx(adjusted[nearest])
        verdict = "undecided"
        if n >= 6 and tost < 0.05:
            verdict = "equivalent"
        elif n >= 6 and not low <= 0 <= high and adjusted[nearest] <= 0.05:
            verdict = "a_better" if mean > 0 else "b_better"
        assert one["verdict"] == verdict
    sizes = [abs(one["mean_difference"]) for one in primary]
    assert sizes == sorted(sizes, reverse=True)
    assert primary[0]["factors"] == ["mask"]
    assert document["what_matters_most"].startswith(
        "What matters most for test accuracy: mask=kept"
    )
    _check_simple_effects(values, primary)
    _check_cells(values, document)


def _check_simple_effects(values: Values, effects: list[dict[str, Any]]) -> None:
    for one in effects:
        if one["kind"] == "interaction":
            seeds = [pair["seed"] for pair in one["pairs"]]
            for simple in one["simple_effects"]:
                rate = simple["given"].partition("=")[2]
                each = [
                    values["kept", rate][seed] - values["left out", rate][seed] for seed in seeds
                ]
                assert simple["mean_difference"] == pytest.approx(statistics.fmean(each))


def _check_cells(values: Values, document: Any) -> None:
    for one in document["cells"]:
        own = list(values[one["levels"]["mask"], one["levels"]["rate"]].values())
        summary = one["summary"]
        assert one["arm"] == f"mask={one['levels']['mask']}, rate={one['levels']['rate']}"
        assert (summary["n"], summary["mean"]) == (len(own), pytest.approx(statistics.fmean(own)))
        assert summary["sd"] == pytest.approx(statistics.stdev(own))
        assert one["collapsed"] == 0
    (pair,) = document["factor_pairs"]
    whole = [seed for seed in range(SEEDS) if seed not in (FAILED[1], ABSENT[1])]
    assert (pair["factors"], pair["seeds"]) == (["mask", "rate"], len(whole))
    for mean in pair["means"]:
        each = [values[tuple(mean["levels"])][seed] for seed in whole]
        assert mean["mean"] == pytest.approx(float(np.mean(each)))


def test_secondary_metrics_follow_as_a_family_of_their_own(api: ApiForTests) -> None:
    made = api.submit(**BOTH, seeds={"count": 1})
    train_all(api, made)
    effects = results(api, made)["effects"]
    found = [(one["metric"], one["role"], one["multiplicity"]["family"]) for one in effects]
    assert found[:5] == [("test.accuracy", "primary", 5)] * 5
    ranks = [("test.roc_auc", "secondary", 10)] * 5 + [
        ("test.average_precision", "secondary", 10)
    ] * 5
    assert found[5:] == ranks
    assert all(one["sentence"].startswith("As a secondary metric: ") for one in effects[5:])


def test_a_document_without_a_run_has_the_same_form_and_no_comparisons(api: ApiForTests) -> None:
    made = api.submit(**BOTH)
    document = results(api, made)
    assert document["comparisons"] == []
    assert document["what_matters_most"] is None
    assert {one["verdict"] for one in document["effects"]} == {"undecided"}
    assert "no seed has finished in both" in document["effects"][0]["sentence"]
    assert [one["summary"]["n"] for one in document["cells"]] == [0] * 6
    assert document["spec"] == made["spec"]


def test_experiments_of_arms_have_no_effects(api: ApiForTests) -> None:
    document = results(api, api.submit())
    assert document["comparisons"]
    fields = ("what_matters_most", "effects", "cells", "factor_pairs")
    assert [document[name] for name in fields] == [None, [], [], []]
    (listed,) = api.get("/v1/experiments")["items"]
    assert listed["factors"] == []


def test_the_list_has_the_verdicts_of_the_results_the_largest_first(api: ApiForTests) -> None:
    made = api.submit(**BOTH, seeds={"count": SEEDS})
    train_all(api, made)
    (listed,) = api.get("/v1/experiments")["items"]
    assert listed["factors"] == ["mask", "rate"]
    fields = ("a", "b", "verdict", "mean_difference", "warnings")
    effects = [one for one in results(api, made)["effects"] if one["role"] == "primary"]
    assert listed["verdicts"] == [{name: one[name] for name in fields} for one in effects]


def test_a_dry_run_says_what_would_be_judged_and_what_it_costs(api: ApiForTests) -> None:
    spec = {**api.submit(**BOTH)["spec"], "seeds": {"count": 12}}
    reply = api.http.post("/v1/experiments", params={"dry_run": "true"}, json=spec).json()
    assert (reply["runs"], len(reply["spec"]["arms"])) == (72, 6)
    assert reply["estimate"].startswith("72 runs")
    assert reply["effects"][-1] == {
        "kind": "interaction", "factors": ["mask", "rate"], "levels": ["kept", "0.03"],
        "baselines": ["left out", "0.01"], "cells": 4,
    }  # fmt: skip
    assert [one["cells"] for one in reply["effects"]] == [6, 4, 4, 4, 4]
    assert reply["seeds_needed"] == 8  # 2/2^8 x 5 is below 0.05
    plain = api.http.post("/v1/experiments", params={"dry_run": "true"}, json=api.submit()["spec"])
    assert (plain.json()["effects"], plain.json()["seeds_needed"]) == ([], 6)


def test_both_arms_and_factors_are_refused_at_both(api: ApiForTests) -> None:
    spec = {**api.submit(**BOTH)["spec"], "arms": ARMS}
    assert pointers(api.http.post("/v1/experiments", json=spec)) == ["/arms", "/factors"]


def test_a_batch_that_is_too_large_is_refused_at_its_level(api: ApiForTests) -> None:
    size = {"name": "size", "levels": [{"name": "32"}, {"name": "8192", "batch_size": 8192}]}
    spec = {**api.submit(**BOTH)["spec"], "factors": [MASK, size], "arms": None}
    del spec["decision"]
    found = pointers(api.http.post("/v1/experiments", json=spec))
    assert set(found) == {"/factors/1/levels/1/batch_size"}


def test_two_cells_may_be_compared_and_decide_nothing(api: ApiForTests) -> None:
    made = api.submit(**BOTH, seeds={"count": SEEDS})
    train_all(api, made)
    cells = {"a": "mask=kept, rate=0.01", "b": "mask=left out, rate=0.01"}
    asked = {side: f"{made['id']}/{cell}" for side, cell in cells.items()}
    compared = api.get("/v1/comparisons", **asked)
    assert (compared["role"], compared["multiplicity"]["family"]) == ("secondary", 1)
    assert compared["mean_difference"] == pytest.approx(0.05, abs=0.01)
    other = {**asked, "b": f"{made['id']}/mask=kept"}
    assert pointers(api.http.get("/v1/comparisons", params=other)) == ["/query/b"]


def test_looks_judge_each_effect_and_a_decision_stays(api: ApiForTests) -> None:
    two = {**RATE, "levels": RATE["levels"][:2]}
    made = api.submit(
        arms=None,
        factors=[MASK, two],
        seeds={"until_decided": {"min": 10, "max": 20, "futility": False}},
        decision={"equivalence_margin": 0.0001},
    )
    before = results(api, made)["effects"][0]
    assert "There is no verdict before look 1 of 3, planned at 10 seeds" in before["sentence"]
    for run in api.runs(made["id"]):
        gain = 0.05 * ("kept" in run.arm) + 0.01 * ("0.003" in run.arm) * (-1) ** run.seed
        api.train(run.id, accuracy=0.7 + gain + 0.001 * (run.seed % 5))
    with api.database.transaction() as session:
        assert len(interim_looks.take_due_look(session, made["id"], now())) == 4 * 4
    found = {one["a"]: one for one in results(api, made)["effects"] if one["role"] == "primary"}
    assert found["mask=kept"]["verdict"] == "a_better"
    assert found["mask=kept"]["sentence"].endswith("level 0.0125.")
    assert found["mask=kept"]["interval"]["confidence"] == pytest.approx(1 - 0.0125)
    assert found["rate=0.003"]["verdict"] == "undecided"
    (listed,) = api.get("/v1/experiments")["items"]
    assert [(one["a"], one["verdict"]) for one in listed["verdicts"]] == [
        ("mask=kept", "a_better"), ("rate=0.003", "undecided"),
    ]  # fmt: skip
