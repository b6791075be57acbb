"""`GET /v1/comparisons`: two arms of one experiment or of two, and what is refused."""

from typing import Any

import httpx
import numpy as np
import pytest
from safetensors.numpy import save_file

from models.store.metrics.rows import append_evaluation

from support.api import ARMS, ApiForTests, pointers
from support.stored import evaluation_row

THIRD = {"name": "third", "loss": {"terms": [{"kind": "closest_negative", "weight": 2.0}]}}
SEEDS = {"count": 6}
TEST_PAIRS = 400


def trained(api: ApiForTests, gain: float = 0.02, **changes: Any) -> str:
    """An experiment whose arm `modified` is better by `gain`; its id."""
    made = api.submit(**{"seeds": SEEDS, **changes})
    for run in made["runs"]:
        better = gain + 0.0003 * run["seed"] if run["arm"] == "modified" else 0.0
        api.train(run["id"], accuracy=0.7 + better + 0.002 * run["seed"])
    experiment: str = made["id"]
    return experiment


def ask(api: ApiForTests, a: str, b: str, **params: Any) -> httpx.Response:
    return api.http.get("/v1/comparisons", params={"a": a, "b": b, **params})


def test_two_arms_of_one_experiment_compare_as_in_its_results(api: ApiForTests) -> None:
    made = trained(api, arms=[*ARMS, THIRD])
    document = api.get(f"/v1/experiments/{made}/results")
    for expected in document["comparisons"]:
        a, b, metric = expected["a"], expected["b"], expected["metric"]
        assert ask(api, f"{made}/{a}", f"{made}/{b}", metric=metric).json() == expected
    turned = ask(api, f"{made}/vanilla", f"{made}/modified").json()
    assert (turned["a"], turned["verdict"], turned["role"]) == ("vanilla", "undecided", "primary")
    assert turned["multiplicity"]["family"] == 3


def test_other_terms_than_the_declared_ones_make_it_a_secondary_figure(api: ApiForTests) -> None:
    made = trained(api)
    a, b = f"{made}/modified", f"{made}/vanilla"
    plain = ask(api, a, b).json()
    assert (plain["role"], plain["verdict"]) == ("primary", "a_better")
    assert plain["interval"]["confidence"] == 0.95
    assert plain["equivalence"]["margin"] == 0.005
    asked = ask(api, a, b, margin=0.04, confidence=0.9).json()
    assert (asked["role"], asked["verdict"]) == ("secondary", "equivalent")
    assert asked["interval"]["confidence"] == 0.9
    assert asked["equivalence"]["margin"] == 0.04
    loss = ask(api, a, b, metric="validation.loss").json()
    assert (loss["equivalence"], loss["higher_is_better"]) == (None, False)
    assert ask(api, a, b, metric="validation.loss", margin=0.5).json()["equivalence"]["p"] == 0


def test_arms_of_two_experiments_compare_over_the_seeds_they_share(api: ApiForTests) -> None:
    one = trained(api)
    two = trained(api, gain=0.05, seeds={"list": [9, 5, 3, 2, 4, 1]}, batch_size=16)
    found = ask(api, f"{one}/vanilla", f"{two}/modified").json()
    assert [pair["seed"] for pair in found["pairs"]] == [1, 2, 3, 4, 5]
    assert (found["a"], found["b"]) == (f"{one}/vanilla", f"{two}/modified")
    assert (found["role"], found["multiplicity"]["family"]) == ("secondary", 1)
    assert found["pairs"][0]["difference"] == pytest.approx(-0.0503)


def test_an_experiment_that_has_not_begun_compares_to_nothing_said(api: ApiForTests) -> None:
    made = api.submit()["id"]
    found = ask(api, f"{made}/modified", f"{made}/vanilla").json()
    assert (found["pairs"], found["verdict"], found["mean_difference"]) == ([], "undecided", None)


def test_a_run_that_has_not_succeeded_is_no_part_of_a_comparison(api: ApiForTests) -> None:
    made = api.submit()
    first, second, third, _ = made["runs"]
    api.train(first["id"], accuracy=0.7)
    api.train(second["id"], accuracy=0.7)
    api.claim(third["id"])
    with api.database.transaction() as session:
        append_evaluation(session, third["id"], evaluation_row(20, "test"))
    found = ask(api, f"{made['id']}/modified", f"{made['id']}/vanilla").json()
    assert [found["summaries"][side]["n"] for side in "ab"] == [1, 1]


def test_what_cannot_be_compared_is_refused_by_parameter(api: ApiForTests) -> None:
    made = api.submit()["id"]
    good = f"{made}/vanilla"

    def refused(a: str, b: str, **params: Any) -> tuple[list[str], str]:
        reply = ask(api, a, b, **params)
        assert reply.status_code == 422
        return pointers(reply), reply.json()["detail"]

    where, why = refused(f"{made}/absent", good)
    assert where == ["/query/a"]
    assert "vanilla, modified" in why
    where, why = refused(good, "exp_00000000000000000000000000/vanilla")
    assert where == ["/query/b"]
    assert "EXPERIMENT/ARM" in why
    assert refused(good, good)[0] == ["/query/b"]
    assert refused(good, f"{made}/modified", metric="test.gloss")[0] == ["/query/metric"]
    assert refused(good, f"{made}/modified", margin=0)[0] == ["/query/margin"]
    assert refused(good, f"{made}/modified", confidence=1)[0] == ["/query/confidence"]
    assert refused("nothing", good)[0] == ["/query/a"]
    assert pointers(api.http.get("/v1/comparisons", params={"a": good})) == ["/query/b"]
    other_seeds = api.submit(seeds={"list": [7]})["id"]
    where, why = refused(good, f"{other_seeds}/vanilla")
    assert (where, "no seed" in why) == (["/query/b"], True)
    split = {"kind": "in_order", "train_rows": 2000, "test_rows": 300}
    where, why = refused(good, f"{api.submit(split=split)['id']}/vanilla")
    assert (where, "split" in why) == (["/query/b"], True)


def test_other_data_is_refused(api: ApiForTests) -> None:
    made = api.submit()["id"]
    rows = "question1,question2,is_duplicate\n" + "".join(
        f"what is {n}?,how is {n % 7}?,{n % 2}\n" for n in range(3000)
    )
    reply = api.http.post("/v1/datasets", data={"name": "other"}, files={"file": ("o.csv", rows)})
    assert reply.status_code < 300, reply.text
    other = api.submit(dataset="other")["id"]
    refused = ask(api, f"{made}/vanilla", f"{other}/vanilla")
    assert (refused.status_code, pointers(refused)) == (422, ["/query/b"])
    assert "other rows" in refused.json()["detail"]


def test_validation_figures_of_other_batches_are_refused(api: ApiForTests) -> None:
    one = f"{api.submit()['id']}/vanilla"
    two = f"{api.submit(batch_size=16, validation_pairs=100)['id']}/vanilla"
    for metric, what in (("validation.loss", "batch_size"), ("validation.accuracy", "pairs")):
        reply = ask(api, one, two, metric=metric)
        assert (reply.status_code, pointers(reply)) == (422, ["/query/metric"])
        assert what in reply.json()["detail"]
    assert ask(api, one, two, metric="test.roc_auc").status_code == 200
    turned = f"{api.submit(decision={'baseline': 'modified'})['id']}/vanilla"
    assert ask(api, one, turned, metric="validation.loss").status_code == 200
    yardstick = ask(api, one, turned, metric="validation.baseline_loss")
    assert pointers(yardstick) == ["/query/metric"]
    assert "baseline" in yardstick.json()["detail"]


def test_the_scores_of_the_test_pairs_enter_where_they_are(api: ApiForTests) -> None:
    made = trained(api)
    for run in api.runs(made):
        write_scores(api, run.id, seed=run.seed, skill=2.0 if run.arm == "modified" else 0.5)
    accuracy, auc, precision = api.get(f"/v1/experiments/{made}/results")["comparisons"]
    assert len(accuracy["mcnemar"]["seeds"]) == 6
    assert all(one["difference"] > 0 for one in accuracy["mcnemar"]["seeds"])
    assert "not of the two methods" in accuracy["mcnemar"]["note"]
    for found in (accuracy, auc):
        assert found["crossed_bootstrap"]["interval"]["low"] > 0
    assert auc["crossed_bootstrap"]["standard_error"] > 0
    assert (auc["mcnemar"], precision["mcnemar"], precision["crossed_bootstrap"]) == (None,) * 3
    # every run calls 0.4 of the pairs duplicates, and a loss per row of 2/256 is far from 0.5
    assert accuracy["collapse"]["a"]["collapsed"] == accuracy["collapse"]["b"]["collapsed"] == 0
    assert accuracy["collapse"]["without"]["pairs"] == 6


def test_without_scores_the_results_are_there_and_say_so(api: ApiForTests) -> None:
    made = trained(api)
    for run in api.runs(made):
        (api.settings.run_dir(run.id) / "scores.safetensors").unlink()
    accuracy = api.get(f"/v1/experiments/{made}/results")["comparisons"][0]
    assert accuracy["crossed_bootstrap"]["interval"] is None
    assert "data folder" in accuracy["crossed_bootstrap"]["missing"]
    assert accuracy["mcnemar"]["seeds"] == []
    assert accuracy["verdict"] == "a_better"


def write_scores(api: ApiForTests, run_id: str, *, seed: int, skill: float) -> None:
    generator = np.random.default_rng(seed)
    label = np.arange(TEST_PAIRS) % 3 == 0
    score = (generator.normal(size=TEST_PAIRS) + skill * label).astype(np.float32)
    columns = {"row": np.arange(TEST_PAIRS), "label": label.astype(np.int8), "score": score}
    save_file(columns, api.settings.run_dir(run_id) / "scores.safetensors")
