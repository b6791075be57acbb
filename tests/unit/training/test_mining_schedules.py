"""A mining schedule: which rule holds at which step, in the spec, a loss and a training."""

from typing import Any

import pytest
import torch
from hypothesis import given

from models.errors import Invalid
from models.specs.experiment import ExperimentSpec
from models.specs.losses import LossSpec
from models.specs.parse import parse_spec
from models.specs.terms import ClosestNegative, MeanNegative, Stage
from worker.training.evaluation import evaluate_validation
from worker.training.events import Evaluated, StepDone
from worker.training.loop import Training, train
from worker.training.losses.terms import term_rows

from support.losses import batch, random_batch
from support.published import VANILLA, changed
from support.strategies import stages
from support.training import tiny_data, tiny_spec

DATA = tiny_data()


def closest(**rule: Any) -> dict[str, Any]:
    return {"kind": "closest_negative", **rule}


def arm(name: str, **rule: Any) -> dict[str, Any]:
    return {"name": name, "loss": {"margin": 0.5, "terms": [closest(**rule)]}}


SCHEDULE = [{"from_step": 1, "among": "semi_hard"}, {"from_step": 6, "among": "all"}]
ARMS = [arm("scheduled", mining=SCHEDULE), arm("semi_hard", among="semi_hard"), arm("all")]


def spec(**changes: Any) -> ExperimentSpec:
    return tiny_spec(**{"arms": ARMS, "decision": {"baseline": "all"}, **changes})


@given(stages(last=20))
def test_the_rule_of_a_step_is_that_of_the_last_stage_begun(schedule: list[dict[str, Any]]) -> None:
    term = ClosestNegative(
        kind="closest_negative", mining=tuple(Stage.model_validate(stage) for stage in schedule)
    )
    current, last = "", schedule[-1]["from_step"]
    for step in range(1, last + 3):
        current = next((s["among"] for s in schedule if s["from_step"] == step), current)
        assert term.among_at(step) == current
    assert term.among_at(None) == current


def test_without_a_schedule_one_rule_holds_at_every_step() -> None:
    term = MeanNegative(kind="mean_negative", among="semi_hard")
    assert {term.among_at(step) for step in (1, 7, None)} == {"semi_hard"}


@pytest.mark.parametrize("kind", [MeanNegative, ClosestNegative])
@pytest.mark.parametrize("step", [1, 5, 6, 7])
def test_at_every_step_a_scheduled_term_costs_what_its_rule_costs(kind: Any, step: int) -> None:
    name = {MeanNegative: "mean_negative", ClosestNegative: "closest_negative"}[kind]
    scheduled = kind(kind=name, mining=tuple(Stage.model_validate(s) for s in SCHEDULE))
    among = "semi_hard" if step < 6 else "all"
    of = batch(random_batch(12, seed=1).similarities, step=step)
    found = term_rows(LossSpec(terms=(scheduled,)), of)
    assert torch.equal(found, term_rows(LossSpec(terms=(kind(kind=name, among=among),)), of))
    other = kind(kind=name, among="all" if step < 6 else "semi_hard")
    assert not torch.equal(found, term_rows(LossSpec(terms=(other,)), of))


def losses(arm: str) -> list[float]:
    return [e.loss for e in train(spec(), arm, 0, DATA) if isinstance(e, StepDone)]


def test_a_training_changes_its_rule_at_the_step_that_the_schedule_says() -> None:
    scheduled, semi_hard = losses("scheduled"), losses("semi_hard")
    assert scheduled[:5] == semi_hard[:5]
    assert scheduled[5] > semi_hard[5]  # the same weights and batch, now with harder negatives


def evaluated(arm: str, step: int, baseline: str = "all") -> Evaluated:
    """What an evaluation after `step` would say of the initial weights."""
    encoder = Training(spec(), "all", 0, DATA, "cpu").encoder
    return evaluate_validation(encoder, spec(decision={"baseline": baseline}), arm, DATA, step)


def test_a_validation_loss_is_measured_by_the_last_rule_at_every_step() -> None:
    """Early stopping and the choice of weights compare evaluations, so the rule must not move."""
    early, late = evaluated("scheduled", 2), evaluated("scheduled", 12)
    assert early.loss == late.loss == evaluated("all", 12).loss
    assert early.loss != evaluated("semi_hard", 2).loss


def test_a_scheduled_baseline_is_one_yardstick_by_its_last_rule() -> None:
    early, late = (evaluated("semi_hard", step, baseline="scheduled") for step in (2, 12))
    assert early.baseline_loss == late.baseline_loss == evaluated("all", 12).loss
    assert early.baseline_loss != early.loss


def problem_of(term: dict[str, Any]) -> tuple[str, str]:
    loss = {"terms": [{"kind": "mean_negative"}, term]}
    with pytest.raises(Invalid) as raised:
        parse_spec(changed("/arms", [VANILLA, {"name": "mined", "loss": loss}]))
    [problem] = raised.value.problems
    assert problem.pointer.startswith("/arms/1/loss/terms/1")
    return problem.pointer.removeprefix("/arms/1/loss/terms/1"), problem.detail


def stage(step: int, among: str = "all") -> dict[str, Any]:
    return {"from_step": step, "among": among}


@pytest.mark.parametrize(
    ("rule", "pointer", "words"),
    [
        ({"among": "all", "mining": [stage(1)]}, "/mining", "not both"),
        ({"mining": [stage(2)]}, "/mining/0/from_step", "must begin at step 1"),
        ({"mining": [stage(1), stage(1)]}, "/mining/1/from_step", "after step 1"),
        ({"mining": [stage(1), stage(9), stage(5)]}, "/mining/2/from_step", "after step 9"),
        ({"mining": [stage(1), stage(1401)]}, "/mining/1/from_step", "1400 steps"),
        ({"mining": [stage(1), stage(0)]}, "/mining/1/from_step", "greater"),
        ({"mining": [stage(1, "hardest")]}, "/mining/0/among", "semi_hard"),
        ({"mining": [{"from_step": 1}]}, "/mining/0/among", "required"),
        ({"mining": []}, "/mining", "1 or more"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused_by_its_place(
    rule: dict[str, Any], pointer: str, words: str
) -> None:
    found, detail = problem_of(closest(**rule))
    assert found == pointer
    assert words in detail


def test_an_arm_of_fewer_steps_must_reach_its_own_stages() -> None:
    short = {**arm("short", mining=[stage(1), stage(600)]), "steps": 599}
    with pytest.raises(Invalid) as raised:
        parse_spec(changed("/arms", [VANILLA, short]))
    [problem] = raised.value.problems
    assert problem.pointer == "/arms/1/loss/terms/0/mining/1/from_step"
    assert "599 steps" in problem.detail
    long = {**arm("long", mining=[stage(1), stage(1500)]), "steps": 1500}
    assert parse_spec(changed("/arms", [VANILLA, long])).for_arm("long").steps == 1500


def test_a_stage_may_begin_with_the_last_step() -> None:
    last = arm("last", mining=[stage(1), stage(1400, "semi_hard")])
    assert parse_spec(changed("/arms", [VANILLA, last])).arm("last")


def test_two_schedules_of_one_kind_of_term_are_two_terms() -> None:
    terms = [closest(mining=SCHEDULE), closest(mining=[stage(1), stage(7, "semi_hard")])]
    arms = [VANILLA, {"name": "two", "loss": {"terms": terms}}]
    assert len(parse_spec(changed("/arms", arms)).arm("two").loss.terms) == 2
    twice = {"name": "two", "loss": {"terms": [terms[0], {**terms[0], "weight": 2}]}}
    with pytest.raises(Invalid, match="listed twice"):
        parse_spec(changed("/arms", [VANILLA, twice]))
