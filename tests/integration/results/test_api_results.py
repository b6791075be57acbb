"""The results document: the keys of the contract, at every stage of an experiment."""

import hashlib
from typing import Any

import pytest

from support.api import ARMS, ApiForTests

RESULT_KEYS = {
    "experiment",
    "name",
    "state",
    "complete",
    "spec",
    "baselines",
    "arms",
    "comparisons",
}
RUN_KEYS = {
    "id", "seed", "state", "step", "attempts", "metrics", "curve", "weights_sha256", "provenance",
}  # fmt: skip
METRIC_KEYS = {"test.accuracy", "test.roc_auc", "test.average_precision", "validation.loss"}
CURVE_KEYS = {"step", "train.loss", "validation.loss"}
COMPARISON_KEYS = {
    "a", "b", "metric", "pairs", "mean_difference", "interval", "sign_flip_p", "equivalence",
    "verdict", "sentence",
}  # fmt: skip


def results(api: ApiForTests, made: dict[str, Any]) -> Any:
    return api.get(f"/v1/experiments/{made['id']}/results")


def test_the_finished_document_has_every_key_and_the_right_figures(api: ApiForTests) -> None:
    made = api.submit()
    for run in made["runs"]:
        better = 0.01 if run["arm"] == "modified" else 0.0
        api.train(run["id"], accuracy=0.7 + better + 0.02 * run["seed"])
    document = results(api, made)
    assert document.keys() >= RESULT_KEYS
    assert (document["experiment"], document["name"]) == (made["id"], "A small question")
    assert (document["state"], document["complete"]) == ("succeeded", True)
    assert document["spec"] == made["spec"]
    assert document["baselines"].keys() == {
        "majority", "collapsed", "untrained", "tf_idf", "zero_shot", "by_metric",
    }  # fmt: skip
    assert [arm["name"] for arm in document["arms"]] == ["vanilla", "modified"]
    assert [run["seed"] for run in document["arms"][0]["runs"]] == [0, 1]
    run = document["arms"][1]["runs"][1]
    assert run.keys() >= RUN_KEYS
    assert run["metrics"].keys() >= METRIC_KEYS
    assert run["metrics"]["test.accuracy"] == pytest.approx(0.73)
    assert run["metrics"]["test.threshold"] == run["metrics"]["validation.threshold"] == 0.7
    assert (run["step"], run["attempts"], run["weights_sha256"]) == (
        20,
        1,
        hashlib.sha256(b"weights").hexdigest(),
    )
    assert run["provenance"] == {"torch": "2.13.0"}
    assert run["curve"].keys() >= CURVE_KEYS
    assert run["curve"]["step"] == [10, 20]
    assert run["curve"]["train.loss"] == [1.0, 0.5]
    assert run["curve"]["train.loss_per_row"] == [1.0 / 32, 0.5 / 32]
    assert run["curve"]["validation.loss"] == [2.0, 2.0]
    (differ,) = document["arms_differ"]
    assert differ["values"][1]["formula"] == "relu(margin - s_ap + max(s_an))"
    assert document["arms"][0]["terms"][0]["formula"] == "relu(margin - s_ap + mean(s_an))"
    comparison = document["comparisons"][0]
    assert comparison.keys() >= COMPARISON_KEYS
    assert (comparison["a"], comparison["b"]) == ("modified", "vanilla")
    for pair in comparison["pairs"]:
        assert pair.keys() == {"seed", "a", "b", "difference"}
    assert comparison["mean_difference"] == pytest.approx(0.01)
    assert comparison["interval"].keys() == {"confidence", "low", "high"}
    assert comparison["equivalence"].keys() == {"margin", "p"}
    assert comparison["verdict"] == "undecided"


def test_an_incomplete_document_has_the_same_form(api: ApiForTests) -> None:
    made = api.submit()
    empty = results(api, made)
    assert empty.keys() >= RESULT_KEYS
    assert (empty["state"], empty["complete"]) == ("queued", False)
    assert empty["comparisons"][0].keys() >= COMPARISON_KEYS
    assert empty["comparisons"][0]["pairs"] == []
    for run in made["runs"][:3]:
        api.train(run["id"], accuracy=0.7)
    partly = results(api, made)
    assert (partly["state"], partly["complete"]) == ("running", False)
    assert [pair["seed"] for pair in partly["comparisons"][0]["pairs"]] == [0]
    assert partly["arms"][1]["runs"][1]["metrics"] == {}
    assert "1 of 2 planned seeds so far" in partly["comparisons"][0]["sentence"]


def test_losses_that_are_means_are_per_row_already(api: ApiForTests) -> None:
    arms = [{**arm, "loss": {**arm["loss"], "reduction": "mean"}} for arm in ARMS]
    made = api.submit(arms=arms)
    api.train(made["runs"][0]["id"], accuracy=0.7)
    curve = results(api, made)["arms"][0]["runs"][0]["curve"]
    assert curve["train.loss_per_row"] == curve["train.loss"] == [1.0, 0.5]


def test_losses_per_row_are_by_the_batch_size_of_the_arm(api: ApiForTests) -> None:
    made = api.submit(arms=[ARMS[0], {**ARMS[1], "batch_size": 8}])
    api.train(made["runs"][1]["id"], accuracy=0.7)
    curve = results(api, made)["arms"][1]["runs"][0]["curve"]
    assert curve["train.loss_per_row"] == [1.0 / 8, 0.5 / 8]


def test_a_run_that_stopped_early_says_so_and_is_complete(api: ApiForTests) -> None:
    made = api.submit(arms=[ARMS[0], {**ARMS[1], "steps": 50}], seeds={"count": 1})
    for run in made["runs"]:
        api.train(run["id"], accuracy=0.7, seconds=10)  # 20 steps
    document = results(api, made)
    assert document["complete"]
    runs = [arm["runs"][0] for arm in document["arms"]]
    assert [run["stopped_early"] for run in runs] == [False, True]
    assert [run["kept_step"] for run in runs] == [20, 20]
    view = api.get(f"/v1/experiments/{made['id']}")
    assert (view["state"], view["progress"], view["seconds_left"]) == ("succeeded", 1.0, None)


def test_the_pace_of_a_run_that_stopped_early_is_of_the_steps_it_did(api: ApiForTests) -> None:
    made = api.submit(arms=[ARMS[0], {**ARMS[1], "steps": 50}], seeds={"count": 1})
    vanilla, modified = (run["id"] for run in made["runs"])
    api.train(modified, accuracy=0.7, seconds=100)  # 20 of its steps
    api.claim(vanilla)
    left = api.get(f"/v1/experiments/{made['id']}")["seconds_left"]
    assert left == pytest.approx(100, rel=0.1)


def test_the_step_of_the_kept_weights_is_unknown_until_the_test(api: ApiForTests) -> None:
    made = api.submit()
    api.claim(made["runs"][0]["id"])
    run = results(api, made)["arms"][0]["runs"][0]
    assert (run["kept_step"], run["stopped_early"]) == (None, False)


def test_the_baseline_is_b_and_its_comparisons_come_first(api: ApiForTests) -> None:
    third = {"name": "third", "loss": {"terms": [{"kind": "closest_negative", "weight": 2.0}]}}
    made = api.submit(arms=[*ARMS, third], decision={"baseline": "modified"})
    comparisons = results(api, made)["comparisons"]
    pairs = [(one["a"], one["b"]) for one in comparisons[:3]]
    assert pairs == [("vanilla", "modified"), ("third", "modified"), ("third", "vanilla")]
    primary = [(one["metric"], one["role"], one["multiplicity"]["family"]) for one in comparisons]
    assert primary[:3] == [("test.accuracy", "primary", 3)] * 3
    ranks = [("test.roc_auc", "secondary", 6), ("test.average_precision", "secondary", 6)]
    assert primary[3:] == ranks * 3


def test_the_comparison_is_of_the_metric_that_decides(api: ApiForTests) -> None:
    made = api.submit(decision={"metric": "validation.loss"})
    for run in made["runs"]:
        api.train(run["id"], accuracy=0.7)
    comparison, *secondary = results(api, made)["comparisons"]
    assert comparison["metric"] == "validation.loss"
    assert [pair["a"] for pair in comparison["pairs"]] == [2.0, 2.0]
    assert [one["metric"] for one in secondary] == [
        "test.accuracy", "test.roc_auc", "test.average_precision",
    ]  # fmt: skip
    # a margin of a loss says nothing of an accuracy
    assert comparison["equivalence"] is not None
    assert [one["equivalence"] for one in secondary] == [None] * 3
    assert all(one["sentence"].startswith("As a secondary metric: ") for one in secondary)


def test_arms_that_learned_nothing_have_a_warning_in_results_and_list(api: ApiForTests) -> None:
    made = api.submit(seeds={"count": 6})
    for run in made["runs"]:
        api.train(run["id"], accuracy=0.31 + 0.0001 * run["seed"])
    majority = results(api, made)["baselines"]["majority"]
    first = results(api, made)["comparisons"][0]
    assert first["verdict"] == "equivalent"
    assert [one["kind"] for one in first["warnings"]] == ["nothing_learned"]
    assert f"is above {majority:.4f}, which takes no learning" in first["sentence"]
    (listed,) = api.get("/v1/experiments")["items"]
    assert listed["verdicts"][0]["warnings"] == first["warnings"]


def test_arms_whose_every_run_collapsed_are_undecided_in_results_and_list(
    api: ApiForTests,
) -> None:
    made = api.submit(seeds={"count": 6})
    for run in made["runs"]:
        api.train(run["id"], accuracy=0.4, collapsed=True)
    for role in ("primary", "secondary"):
        for one in results(api, made)["comparisons"]:
            if one["role"] == role:
                assert one["verdict"] == "undecided"
                assert [warning["kind"] for warning in one["warnings"]] == ["all_collapsed"]
                assert (one["collapse"]["a"]["collapsed"], one["collapse"]["b"]["n"]) == (6, 6)
    (listed,) = api.get("/v1/experiments")["items"]
    assert listed["verdicts"][0]["verdict"] == "undecided"
    assert listed["verdicts"][0]["warnings"][0]["kind"] == "all_collapsed"


def test_a_fixed_number_of_seeds_has_no_verdict_before_the_last_of_them_ends(
    api: ApiForTests,
) -> None:
    made = api.submit(seeds={"count": 7})
    by_seed = [[run for run in made["runs"] if run["seed"] == seed] for seed in range(7)]
    for runs in by_seed[:6]:
        for run in runs:
            api.train(run["id"], accuracy=0.8 if run["arm"] == "modified" else 0.7)
    for document in (
        results(api, made)["comparisons"][0],
        api.get("/v1/comparisons", a=f"{made['id']}/modified", b=f"{made['id']}/vanilla"),
    ):
        assert (document["verdict"], len(document["pairs"])) == ("undecided", 6)
        assert document["sentence"].startswith("6 of 7 planned seeds so far do not decide")
        assert document["interval"]["low"] == pytest.approx(0.1)
    # the seventh seed will never be in, so there is nothing more to wait for
    api.http.post(f"/v1/experiments/{made['id']}/cancel")
    ended = results(api, made)["comparisons"][0]
    assert (ended["verdict"], len(ended["pairs"])) == ("a_better", 6)
    assert "over 6 of 7 planned seeds at one setting:" in ended["sentence"]
