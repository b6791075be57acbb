"""The optimiser and its schedules against their formulas, written out slowly."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor, nn

from models.specs.training import AdamSpec, Constant, Linear, WarmupCosine, WarmupRsqrt
from worker.training.optimizer import FusedAdam, Update, update_alone, update_together
from worker.training.schedules import learning_rate


def trax_adam(
    weights: NDArray[np.float64], gradients: NDArray[np.float64], spec: AdamSpec, rates: list[float]
) -> NDArray[np.float64]:
    """trax/optimizers/adam.py in float64: shrink, then the bias-corrected update."""
    m = v = np.zeros_like(weights)
    for step, (gradient, lr) in enumerate(zip(gradients, rates, strict=True)):
        m = 0.1 * gradient + 0.9 * m
        v = 0.001 * gradient**2 + 0.999 * v
        m_hat, v_hat = m / (1 - 0.9 ** (step + 1)), v / (1 - 0.999 ** (step + 1))
        weights = (1 - spec.weight_shrink) * weights - lr * m_hat / (np.sqrt(v_hat) + spec.eps)
    return weights


@pytest.mark.parametrize("shrink", [0.0, 1e-5, 0.01])
def test_updates_are_those_of_trax_at_changing_rates(shrink: float) -> None:
    spec = AdamSpec(weight_shrink=shrink)
    generator = np.random.default_rng(0)
    start, gradients = generator.normal(size=50), generator.normal(size=(30, 50))
    gradients[:, 0] = 0  # a weight without gradient still shrinks
    rates = [learning_rate(spec, step, 30) for step in range(1, 31)]
    parameter = nn.Parameter(torch.tensor(start))
    optimizer = FusedAdam(spec, [("w", parameter)])
    for gradient, lr in zip(gradients, rates, strict=True):
        parameter.grad = torch.tensor(gradient)
        update_alone(optimizer, [("w", parameter)], lr)
    expected = trax_adam(start, gradients, spec, rates)
    np.testing.assert_allclose(parameter.detach().numpy(), expected, atol=1e-12, rtol=1e-10)


def test_a_loaded_optimizer_goes_on_to_the_same_bits() -> None:
    def updates(optimizer: FusedAdam, parameter: nn.Parameter, steps: range) -> None:
        for step in steps:
            parameter.grad = torch.full((8,), math.sin(step))
            update_alone(optimizer, [("w", parameter)], 0.01)

    straight = nn.Parameter(torch.linspace(-1, 1, 8))
    optimizer = FusedAdam(AdamSpec(), [("w", straight)])
    updates(optimizer, straight, range(1, 6))
    resumed = nn.Parameter(straight.detach().clone())
    other = FusedAdam(AdamSpec(), [("w", resumed)])
    other.load({name: tensor.clone() for name, tensor in optimizer.state().items()}, 5)
    updates(optimizer, straight, range(6, 11))
    updates(other, resumed, range(6, 11))
    assert torch.equal(straight, resumed)


@pytest.mark.parametrize(
    ("step", "expected"),
    [(1, 0.01 / 401), (100, 0.01 * 100 / 401), (401, 0.01), (1400, 0.01 * (401 / 1400) ** 0.5)],
)
def test_warmup_rsqrt_is_traxs_schedule(step: int, expected: float) -> None:
    assert learning_rate(AdamSpec(), step, 1400) == pytest.approx(expected, rel=1e-12)


def test_warmup_cosine_rises_then_falls_and_never_reaches_zero() -> None:
    spec = AdamSpec(schedule=WarmupCosine(kind="warmup_cosine", warmup_steps=10))
    rates = [learning_rate(spec, step, 100) for step in range(1, 101)]
    assert rates[:10] == sorted(rates[:10])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert 0 < rates[-1] < 1e-5
    assert max(rates) <= 0.01


@pytest.mark.parametrize("warmup", [0, 1, 500])
def test_every_schedule_gives_a_rate_above_zero_at_every_step(warmup: int) -> None:
    for schedule in (
        Constant(kind="constant"),
        WarmupRsqrt(kind="warmup_rsqrt", warmup_steps=warmup),
        WarmupCosine(kind="warmup_cosine", warmup_steps=warmup),
        Linear(kind="linear", warmup_steps=warmup),
    ):
        spec = AdamSpec(schedule=schedule)
        assert all(0 < learning_rate(spec, step, 50) <= 0.01 for step in range(1, 51))


@given(
    steps=st.lists(st.integers(0, 40), min_size=1, max_size=5),
    seed=st.integers(0, 99),
    size=st.integers(1, 40),
)
def test_updates_that_are_done_together_are_those_of_each_alone(
    steps: list[int], seed: int, size: int
) -> None:
    """Each optimiser is at a step of its own, at a rate of its own or one it shares."""
    draw = np.random.default_rng(seed)

    def optimizer_at(
        step: int, start: Tensor, moments: dict[str, Tensor], eps: float
    ) -> tuple[FusedAdam, nn.Parameter]:
        parameter = nn.Parameter(start.clone())
        made = FusedAdam(AdamSpec(eps=eps), [("w", parameter)])
        if step:
            made.load({name: moment.clone() for name, moment in moments.items()}, step)
        return made, parameter

    alone, together, updates = [], [], []
    for index, step in enumerate(steps):
        start, gradient, mean, square = torch.tensor(draw.normal(size=(4, size))).float()
        moments = {"exp_avg.w": mean, "exp_avg_sq.w": square.abs()}
        lr, eps = (0.01, 0.02)[index % 2], (1e-5, 1e-8)[index // 2 % 2]
        optimizer, parameter = optimizer_at(step, start, moments, eps)
        parameter.grad = gradient.clone()
        update_alone(optimizer, [("w", parameter)], lr)
        alone.append((parameter, optimizer))
        optimizer, parameter = optimizer_at(step, start, moments, eps)
        together.append((parameter, optimizer))
        updates.append(Update(optimizer, {"w": gradient}, lr))
    update_together(updates)
    for (expected, one), (found, other) in zip(alone, together, strict=True):
        assert torch.equal(expected, found)
        assert all(torch.equal(state, other.state()[name]) for name, state in one.state().items())
