"""Times to an event in the results document, from rows as a worker writes them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from models.states import RunState
from models.store.metrics import rows
from models.store.run_life import runs

from support.api import ARMS, ApiForTests, now, pointers
from support.stored import evaluation_row, step_row

STEPS, EVERY = 50, 10
ON, OFF = 0.25, 0.1  # per row; both arms collapse at 0.25, and have left below 0.2375


def submit(api: ApiForTests, **changes: Any) -> dict[str, Any]:
    return api.submit(**{"steps": STEPS, "evaluate_every": EVERY, "seeds": {"count": 6}} | changes)


def end_run(
    api: ApiForTests,
    run_id: str,
    *,
    left_after: int = 12,
    baseline: Sequence[float] = (40, 30, 20, 10, 5),
    accuracy: Sequence[float] = (0.60, 0.65, 0.70, 0.72, 0.75),
    to: RunState = RunState.SUCCEEDED,
    alike: float = 0.995,
) -> None:
    """A run that is on the plateau for `left_after` steps, where its similarities are `alike`;
    lists go over its evaluations."""
    attempt = api.claim(run_id)
    with api.database.transaction() as session:
        per_row = {step: ON if step <= left_after else OFF for step in range(1, STEPS + 1)}
        steps = [
            replace(
                step_row(step),
                loss_per_row=loss,
                s_ap_mean=alike if loss == ON else 0.8,
                s_an_mean=alike if loss == ON else 0.2,
            )
            for step, loss in per_row.items()
        ]
        rows.append_steps(session, run_id, steps)
        for index, step in enumerate(range(EVERY, STEPS + 1, EVERY)):
            row = evaluation_row(step, accuracy=accuracy[index])
            row = replace(row, loss_per_row=per_row[step], baseline_loss=baseline[index])
            if per_row[step] == ON:
                row = replace(row, positive_mean=alike, negative_mean=alike)
            rows.append_evaluation(session, run_id, row)
        runs.advance(session, run_id, attempt, STEPS, now())
        runs.finish(session, run_id, attempt, to, now=now())


def waiting(api: ApiForTests, made: dict[str, Any], **params: Any) -> dict[str, Any]:
    document = api.get(f"/v1/experiments/{made['id']}/results", **params)
    found: dict[str, Any] = document["waiting_times"]
    return found


def test_runs_that_were_never_on_the_plateau_have_no_time_and_are_told(api: ApiForTests) -> None:
    """As large a loss as on the plateau, but similarities of an untrained network."""
    made = submit(api)
    for run in made["runs"]:
        never = run["arm"] == "vanilla" or run["seed"] == 0
        end_run(api, run["id"], left_after=8 + run["seed"] % 2, alike=0.4 if never else 0.995)
    for endpoint in waiting(api, made)["times"]:
        vanilla, modified = endpoint["arms"]
        assert (vanilla["runs"], vanilla["never_on_plateau"]) == ([], 6)
        assert "none of its 6 runs was ever on the plateau" in vanilla["sentence"]
        assert ([run["seed"] for run in modified["runs"]], modified["never_on_plateau"]) == (
            [1, 2, 3, 4, 5],
            1,
        )
        assert "1 was never on it" in modified["sentence"]
        (comparison,) = endpoint["comparisons"]
        assert (comparison["pairs"], comparison["verdict"]) == ([], "undecided")


def test_no_arm_leaves_sooner_while_a_seed_goes_on(api: ApiForTests) -> None:
    made = submit(api, seeds={"count": 7})
    last = 6
    for run in made["runs"]:
        if run["seed"] != last:
            end_run(api, run["id"], left_after=8 if run["arm"] == "vanilla" else 20)
    on_steps = waiting(api, made)["times"][1]
    (comparison,) = on_steps["comparisons"]
    assert (comparison["verdict"], comparison["awaited"]) == ("undecided", 1)
    assert "6 paired seeds so far do not decide" in comparison["sentence"]
    for run in made["runs"]:
        if run["seed"] == last:
            end_run(api, run["id"], left_after=8 if run["arm"] == "vanilla" else 20)
    (comparison,) = waiting(api, made)["times"][1]["comparisons"]
    assert (comparison["verdict"], comparison["awaited"]) == ("b_sooner", 0)


def test_the_plateau_is_timed_on_evaluations_and_to_the_step(api: ApiForTests) -> None:
    made = submit(api)
    for run in made["runs"]:
        later = 10 if run["arm"] == "modified" else 0
        end_run(api, run["id"], left_after=8 + later + run["seed"] % 2)
    on_evaluations, on_steps = waiting(api, made)["times"]
    assert (on_evaluations["kind"], on_evaluations["measured_on"]) == (
        "leave_plateau",
        "validation",
    )
    assert on_steps["measured_on"] == "training"
    assert on_steps["horizon"] == STEPS
    vanilla, modified = on_steps["arms"]
    assert vanilla["plateau_level"] == pytest.approx(0.2375)
    assert [run["step"] for run in vanilla["runs"]] == [9, 10] * 3
    assert [run["step"] for run in modified["runs"]] == [19, 20] * 3
    assert modified["runs"][1] == {
        "id": made["runs"][3]["id"], "seed": 1, "step": 20, "reached": True, "relapses": 0,
        "on_plateau_at_end": False,
    }  # fmt: skip
    assert vanilla["curve"] == {"step": [0, 9, 10], "still_waiting": [1.0, 0.5, 0.0]}
    assert (vanilla["median"], vanilla["restricted_mean"]["mean"]) == (9, 9.5)
    assert [run["step"] for run in on_evaluations["arms"][0]["runs"]] == [10] * 6
    assert [run["step"] for run in on_evaluations["arms"][1]["runs"]] == [20] * 6
    (comparison,) = on_steps["comparisons"]
    assert (comparison["a"], comparison["b"]) == ("modified", "vanilla")
    assert (comparison["mean_difference"], comparison["sign_flip_p"]) == (10.0, 2 / 2**6)
    assert comparison["log_rank_p"] < 0.05
    assert comparison["both_reached"] == {"pairs": 6, "mean_difference": 10.0}
    assert comparison["verdict"] == "b_sooner"
    assert comparison["sentence"].startswith("vanilla leaves the plateau sooner than modified")


def test_a_run_that_never_left_is_censored_at_its_end(api: ApiForTests) -> None:
    made = submit(api, seeds={"count": 1})
    end_run(api, made["runs"][0]["id"])
    end_run(api, made["runs"][1]["id"], left_after=STEPS)
    for time in waiting(api, made)["times"]:
        modified = time["arms"][1]
        assert modified["censored"] == 1
        (run,) = modified["runs"]
        assert (run["step"], run["reached"], run["on_plateau_at_end"]) == (STEPS, False, True)
        assert modified["median"] is None
        (comparison,) = time["comparisons"]
        assert comparison["both_reached"] == {"pairs": 0, "mean_difference": None}
        assert "1 of 1 runs of modified and 0 of 1 of vanilla" in comparison["sentence"]


def test_a_target_loss_is_measured_in_the_baselines_loss(api: ApiForTests) -> None:
    made = submit(api, seeds={"count": 1})
    end_run(api, made["runs"][0]["id"], baseline=(40, 30, 20, 10, 5))
    end_run(api, made["runs"][1]["id"], baseline=(40, 38, 36, 34, 21))
    assert len(waiting(api, made)["times"]) == 2
    target = waiting(api, made, target_loss=20)["times"][2]
    assert (target["kind"], target["target_loss"]) == ("reach_target_loss", 20.0)
    assert target["target_loss_per_row"] == 20 / 32
    assert "the loss of vanilla, the baseline" in target["about"]
    assert "summed over a batch of 32 rows" in target["about"]
    waits = [(run["step"], run["reached"]) for arm in target["arms"] for run in arm["runs"]]
    assert waits == [(30, True), (50, False)]
    assert "reached the target loss" in target["arms"][0]["sentence"]


def test_a_target_of_a_mean_loss_is_per_row_already(api: ApiForTests) -> None:
    arms = [{**arm, "loss": {**arm["loss"], "reduction": "mean"}} for arm in ARMS]
    target = waiting(api, submit(api, arms=arms), target_loss=0.1)["times"][2]
    assert target["target_loss_per_row"] == 0.1
    assert "the mean over the rows" in target["about"]


@pytest.mark.parametrize("target", ["0", "-1", "nan", "inf", "twenty"])
def test_a_target_that_no_loss_can_reach_is_refused_by_name(api: ApiForTests, target: str) -> None:
    path = f"/v1/experiments/{submit(api)['id']}/results"
    reply = api.http.get(path, params={"target_loss": target})
    assert reply.status_code == 422
    assert pointers(reply) == ["/query/target_loss"]


def test_accuracy_is_compared_at_the_loss_that_both_reached(api: ApiForTests) -> None:
    made = submit(api)
    for run in made["runs"]:
        if run["arm"] == "vanilla":
            end_run(api, run["id"], baseline=(40, 30, 20, 10, 5))
        else:
            slow = (0.60, 0.63, 0.66, 0.69, 0.76 + 0.001 * run["seed"])
            end_run(api, run["id"], baseline=(45, 40, 35, 30, 25), accuracy=slow)
    matched = waiting(api, made)["matched_loss"]
    assert "the loss of vanilla, the baseline" in matched["about"]
    (found,) = matched["comparisons"]
    seed = found["seeds"][2]
    assert (seed["seed"], seed["matched_loss"]) == (2, 25.0)
    assert seed["a"] == {"step": 50, "baseline_loss": 25.0, "accuracy": pytest.approx(0.762)}
    assert seed["b"] == {"step": 30, "baseline_loss": 20.0, "accuracy": 0.70}
    comparison = found["comparison"]
    assert comparison["mean_difference"] == pytest.approx(0.0625)
    assert (comparison["verdict"], comparison["equivalence"]["margin"]) == ("a_better", 0.005)


def test_a_margin_of_a_loss_is_not_taken_for_one_of_an_accuracy(api: ApiForTests) -> None:
    decision = {"metric": "validation.baseline_loss", "equivalence_margin": 3.0}
    made = submit(api, decision=decision)
    for run in made["runs"]:
        end_run(api, run["id"])
    (found,) = waiting(api, made)["matched_loss"]["comparisons"]
    assert found["comparison"]["equivalence"]["margin"] == 0.005


def test_runs_that_did_not_succeed_are_left_out_and_counted(api: ApiForTests) -> None:
    made = submit(api, seeds={"count": 4})
    vanilla = [run["id"] for run in made["runs"] if run["arm"] == "vanilla"]
    end_run(api, vanilla[0])
    end_run(api, vanilla[1], to=RunState.FAILED)
    api.claim(vanilla[2])
    for time in waiting(api, made, target_loss=20)["times"]:
        first, second = time["arms"]
        assert [run["id"] for run in first["runs"]] == [vanilla[0]]
        assert first["left_out"] == {"failed": 1, "running": 1, "queued": 1}
        assert (second["runs"], second["curve"], second["restricted_mean"]) == ([], None, None)
        assert second["left_out"] == {"queued": 4}
        assert "no run has succeeded" in second["sentence"]
        (comparison,) = time["comparisons"]
        assert (comparison["pairs"], comparison["verdict"]) == ([], "undecided")
        assert comparison["sentence"].startswith("Nothing can be said")


def test_before_any_run_has_ended_the_document_has_the_same_form(api: ApiForTests) -> None:
    found = waiting(api, submit(api), target_loss=1)
    assert [time["horizon"] for time in found["times"]] == [None] * 3
    assert found["matched_loss"]["comparisons"][0]["seeds"] == []


def test_every_arm_is_compared_with_the_baseline(api: ApiForTests) -> None:
    third = {"name": "third", "loss": {"terms": [{"kind": "closest_negative", "weight": 2.0}]}}
    made = submit(api, arms=[*ARMS, third], decision={"baseline": "modified"})
    found = waiting(api, made)
    for time in found["times"]:
        assert [(one["a"], one["b"]) for one in time["comparisons"]] == [
            ("vanilla", "modified"),
            ("third", "modified"),
        ]
        assert [arm["plateau_level"] for arm in time["arms"]] == pytest.approx(
            [0.2375, 0.2375, 0.475]
        )
    names = [one["comparison"]["a"] for one in found["matched_loss"]["comparisons"]]
    assert names == ["vanilla", "third"]
