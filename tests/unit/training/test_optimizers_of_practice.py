"""AdamW, SGD, clipping and the linear schedule against PyTorch's own, and in whole trainings."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.optim.lr_scheduler import LinearLR, SequentialLR

from models.errors import Invalid
from models.specs.base import IDENTITY
from models.specs.experiment import ExperimentSpec
from models.specs.parse import parse_spec
from models.specs.training import AdamSpec, AdamWSpec, Linear, OptimizerSpec, SgdSpec
from worker.training.checkpoints import Checkpoints
from worker.training.events import Event, Saved, StepDone
from worker.training.loop import train
from worker.training.optimizer import build_optimizer, clip_gradients, update_alone
from worker.training.schedules import learning_rate

from support.expect import expect
from support.stack import trained
from support.training import figures, tiny_data, tiny_spec

DATA = tiny_data()
EXPERTS: dict[str, Any] = {
    "kind": "adamw", "lr": 0.003, "weight_decay": 0.1, "clip": 0.5,
    "schedule": {"kind": "linear", "warmup_steps": 2},
}  # fmt: skip
NESTEROV: dict[str, Any] = {
    "kind": "sgd", "lr": 0.05, "momentum": 0.8, "nesterov": True, "clip": 1.0,
    "schedule": {"kind": "linear", "warmup_steps": 1},
}  # fmt: skip
RATES = (0.1, 0.03, 0.2, 0.01, 0.05)


def spec_of(optimizer: dict[str, Any], **changes: Any) -> ExperimentSpec:
    return tiny_spec(optimizer=optimizer, steps=5, evaluate_every=2, **changes)


def torchs(spec: OptimizerSpec, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
    if isinstance(spec, SgdSpec):
        return torch.optim.SGD(
            parameters, spec.lr, spec.momentum, 0, spec.weight_decay, spec.nesterov
        )
    assert isinstance(spec, AdamWSpec)
    return torch.optim.AdamW(
        parameters, spec.lr, (0.9, 0.999), spec.eps, spec.weight_decay, fused=True
    )


@pytest.mark.parametrize(
    "spec",
    [
        AdamWSpec(kind="adamw"),
        AdamWSpec(kind="adamw", weight_decay=0.3, eps=1e-3),
        SgdSpec(kind="sgd", momentum=0.0),
        SgdSpec(kind="sgd", weight_decay=0.01),
        SgdSpec(kind="sgd", momentum=0.7, nesterov=True, weight_decay=0.1),
    ],
)
@pytest.mark.parametrize("clip", [None, 0.5])
def test_updates_are_pytorchs_to_the_bit(spec: OptimizerSpec, clip: float | None) -> None:
    draw = torch.Generator().manual_seed(0)
    starts = [torch.randn(3, 4, generator=draw), torch.randn(5, generator=draw)]
    ours, theirs = ([nn.Parameter(one.clone()) for one in starts] for _ in range(2))
    named = [("first", ours[0]), ("second", ours[1])]
    optimizer, reference = build_optimizer(spec, named), torchs(spec, theirs)
    for lr in RATES:
        for own, other in zip(ours, theirs, strict=True):
            own.grad = torch.randn(own.shape, generator=draw)
            other.grad = own.grad.clone()
        norm = float(
            torch.nn.utils.get_total_norm([one.grad for one in ours if one.grad is not None])
        )
        clip_gradients([one.grad for one in ours if one.grad is not None], clip, norm)
        update_alone(optimizer, named, lr)
        if clip is not None:
            torch.nn.utils.clip_grad_norm_(theirs, clip)
        for group in reference.param_groups:
            group["lr"] = lr
        reference.step()
        for own, other in zip(ours, theirs, strict=True):
            assert torch.equal(own, other)


@given(warmup=st.integers(1, 30), after=st.integers(1, 30))
def test_the_linear_schedule_is_pytorchs(warmup: int, after: int) -> None:
    spec = AdamSpec(lr=0.2, schedule=Linear(kind="linear", warmup_steps=warmup))
    reference = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.2)
    rise = LinearLR(reference, 1 / (warmup + 1), 1.0, total_iters=warmup)
    fall = LinearLR(reference, 1.0, 0.0, total_iters=after)
    scheduler = SequentialLR(reference, [rise, fall], milestones=[warmup])
    for step in range(1, warmup + after + 1):
        rate = reference.param_groups[0]["lr"]
        assert learning_rate(spec, step, warmup + after) == pytest.approx(rate, rel=1e-6)
        reference.step()
        scheduler.step()


@pytest.mark.parametrize("optimizer", [EXPERTS, NESTEROV])
def test_a_killed_training_goes_on_to_the_same_bits(
    tmp_path: Path, optimizer: dict[str, Any]
) -> None:
    spec, checkpoints = spec_of(optimizer), Checkpoints(tmp_path, due=lambda _step: True)
    straight = list(train(spec, "modified", 0, DATA))
    before: list[Event] = []
    for event in train(spec, "modified", 0, DATA, checkpoints=checkpoints):
        before.append(event)
        if event == Saved(3):
            break
    after = list(train(spec, "modified", 0, DATA, checkpoints=checkpoints))
    assert figures(before + after) == figures(straight)
    assert figures(straight) != figures(list(train(spec_of({}), "modified", 0, DATA)))


def test_members_of_a_stack_train_under_optimisers_of_their_own() -> None:
    vanilla, modified = tiny_spec().model_dump(mode="json")["arms"]
    arms = [
        vanilla,
        {**modified, "name": "experts", "optimizer": EXPERTS},
        {**modified, "name": "nesterov", "optimizer": NESTEROV},
    ]
    spec = spec_of({}, arms=arms)
    members = [(arm["name"], 1) for arm in arms]
    told = trained(spec, members, DATA)
    for index, (arm, seed) in enumerate(members):
        alone = [one for one in train(spec, arm, seed, DATA) if isinstance(one, StepDone)]
        among = [one for one in told[index] if isinstance(one, StepDone)]
        assert [one.loss for one in among] == pytest.approx([one.loss for one in alone], rel=1e-3)
        # and which others are there moves no bit
        assert figures(told[index]) == figures(trained(spec, [(arm, seed)], DATA, width=3)[0])


def test_clipping_bounds_the_update_and_not_the_metric() -> None:
    free, tight = (
        list(train(spec_of({"kind": "sgd", "momentum": 0.0, **more}), "modified", 0, DATA))
        for more in ({}, {"clip": 1e-6})
    )
    first, same = expect(StepDone, free[1]), expect(StepDone, tight[1])
    assert first.gradient_norm == same.gradient_norm > 1e-6
    second, still = expect(StepDone, free[2]), expect(StepDone, tight[2])
    assert second.gradient_norm != still.gradient_norm


def test_a_spec_without_clipping_has_the_identity_of_before() -> None:
    identified = json.loads(tiny_spec().model_dump_json(context=IDENTITY))["optimizer"]
    assert list(identified) == ["kind", "lr", "eps", "weight_shrink", "schedule"]
    assert spec_of(EXPERTS).model_dump(mode="json")["optimizer"]["clip"] == 0.5


def test_an_arm_changes_a_field_of_the_specs_optimiser_or_takes_another_kind() -> None:
    document = spec_of(EXPERTS).model_dump(mode="json")
    document["arms"][1]["optimizer"] = {"lr": 0.01}
    own = parse_spec(document).for_arm("modified").optimizer
    assert isinstance(own, AdamWSpec)
    assert (own.lr, own.clip, own.weight_decay) == (0.01, 0.5, 0.1)
    document["arms"][1]["optimizer"] = {"kind": "sgd", "lr": 0.01}
    other = parse_spec(document).for_arm("modified").optimizer
    assert other == SgdSpec(kind="sgd", lr=0.01)


@pytest.mark.parametrize(
    ("optimizer", "pointer"),
    [
        ({"kind": "adamw", "weight_shrink": 0.1}, "/optimizer/weight_shrink"),
        ({"kind": "sgd", "momentum": 0, "nesterov": True}, "/optimizer/nesterov"),
        ({"kind": "adam", "clip": 0}, "/optimizer/clip"),
        ({"kind": "lion"}, "/optimizer/kind"),
    ],
)
def test_what_an_optimiser_does_not_have_is_refused(
    optimizer: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(Invalid) as caught:
        spec_of(optimizer)
    assert [one.pointer for one in caught.value.problems] == [pointer]
