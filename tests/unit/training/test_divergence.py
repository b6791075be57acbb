"""A training that diverges says which gauge went first, and which setting to change."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.specs.experiment import ExperimentSpec
from models.store.metrics.rows import Series
from models.store.run_life.run_problems import FirstGauge, RunProblem
from worker.attempts.divergence_report import diverged_problem, first_gauge
from worker.training.divergence import Culprit, Diverged, check_step
from worker.training.encoders.lstm import LstmMeanEncoder
from worker.training.loop import Training, train

from support.expect import expect
from support.measured import measured_batch
from support.training import tiny_data, tiny_spec

DATA = tiny_data()
NO_STEPS: Series = {"step": [], "loss_per_row": [], "gradient_norm": []}


def training(spec: ExperimentSpec | None = None, steps: int = 3) -> Training:
    made = Training(spec or tiny_spec(), "vanilla", 0, DATA, "cpu")
    for _ in range(steps):
        made.advance()
    return made


def problem_of(
    fault: Diverged, spec: ExperimentSpec | None = None, series: Series = NO_STEPS
) -> RunProblem:
    own = (spec or tiny_spec()).for_arm("vanilla")
    return diverged_problem(fault, own, series, attempt=2)


@pytest.mark.parametrize("encoder", ["lstm", "gru", "bag", "transformer"])
def test_an_eps_that_vanishes_is_named_and_the_learning_rate_is_not(encoder: str) -> None:
    # nothing beside zero in single precision, so Adam divides by zero where no gradient went
    spec = tiny_spec(
        encoder={"kind": encoder, "embedding_dim": 8},
        optimizer={"eps": 1e-60, "schedule": {"kind": "constant"}},
    )
    with pytest.raises(Diverged) as caught:
        list(train(spec, "vanilla", 0, DATA))
    assert (caught.value.step, caught.value.culprit) == (2, "eps")
    problem = problem_of(caught.value, spec)
    first = expect(FirstGauge, problem.first_gauge)
    assert (first.name, first.step, first.what) == ("s_ap_mean", 2, "not_finite")
    assert "optimizer.eps" in problem.advice
    assert "1e-60" in problem.cause
    assert "optimizer.lr" not in problem.sentence()
    assert "at step 2 the loss was nan" in problem.detail
    assert (problem.attempt, problem.step) == (2, 2)


def test_weights_that_an_update_broke_name_the_learning_rate_of_that_step() -> None:
    spec = tiny_spec(optimizer={"lr": 0.5, "schedule": {"kind": "warmup_rsqrt", "warmup_steps": 9}})
    made = training(spec)
    moved = made.optimizer.state()["exp_avg_sq.embedding"] > 0
    expect(LstmMeanEncoder, made.encoder).embedding.data[moved] = math.inf
    with pytest.raises(Diverged) as caught:
        made.advance()
    assert caught.value.culprit == "update"
    problem = problem_of(caught.value, spec)
    assert "optimizer.lr than 0.5" in problem.advice
    assert "learning rate was 0.2 then" in problem.cause
    assert "eps" not in problem.sentence()


def test_weights_that_break_before_an_evaluation_are_found_there() -> None:
    spec = tiny_spec(evaluate_every=1, optimizer={"eps": 1e-60, "schedule": {"kind": "constant"}})
    with pytest.raises(Diverged, match="at step 1 an evaluation gave similarities") as caught:
        list(train(spec, "vanilla", 0, DATA))
    assert (caught.value.culprit, caught.value.metrics) == ("eps", {})
    assert "optimizer.eps" in problem_of(caught.value, spec).advice


@pytest.mark.parametrize(
    ("loss", "norm", "culprit", "gauge", "words"),
    [
        (math.inf, math.nan, "loss", "loss_per_row", "margin or weight of the loss's terms"),
        (2.0, math.inf, "gradient", "gradient_norm", "optimizer.lr"),
    ],
)
def test_sound_similarities_acquit_the_weights(
    loss: float, norm: float, culprit: Culprit, gauge: str, words: str
) -> None:
    made = training()
    gauges = measured_batch(loss=loss, loss_per_row=loss / 16)
    with pytest.raises(Diverged) as caught:
        check_step(4, gauges, norm, made.encoder, made.optimizer)
    assert caught.value.culprit == culprit
    problem = problem_of(caught.value)
    assert expect(FirstGauge, problem.first_gauge).name == gauge
    assert words in problem.advice


def test_the_settings_of_the_arms_own_terms_are_named() -> None:
    terms = [{"kind": "multiple_negatives", "scale": 900}]
    other = {"name": "other", "loss": {"terms": [{"kind": "mean_negative"}]}}
    spec = tiny_spec(arms=[{"name": "vanilla", "loss": {"terms": terms}}, other])
    problem = problem_of(Diverged(3, "loss", {"loss": math.inf, "gradient_norm": 1.0}), spec)
    assert "scale or weight of the loss's terms" in problem.advice


def test_a_step_of_numbers_is_no_divergence() -> None:
    made = training()
    gauges = measured_batch(loss=1e30, loss_per_row=1e30)
    check_step(4, gauges, 1e30, made.encoder, made.optimizer)
    assert torch.isfinite(expect(LstmMeanEncoder, made.encoder).embedding).all()


def series(loss: list[float], norm: list[float]) -> Series:
    return {"step": list(range(1, len(loss) + 1)), "loss_per_row": loss, "gradient_norm": norm}


NAN = {"s_ap_mean": math.nan, "loss_per_row": math.nan, "gradient_norm": math.nan}


def test_the_gauge_that_exploded_first_is_said_with_its_step() -> None:
    recorded = series([0.5] * 36 + [8.0] * 4, [2.0] * 34 + [40.0, 90.0, 300.0, 1e4, 1e6, 1e9])
    first = expect(FirstGauge, first_gauge(recorded, 41, NAN))
    assert (first.name, first.step, first.what) == ("gradient_norm", 35, "exploded")
    assert (first.value, first.usual) == ("40", 2.0)
    said = problem_of(Diverged(41, "update", {"loss": math.nan, **NAN}), series=recorded)
    first_words = "the gradient norm (gradient_norm) was the first to leave its usual range"
    assert f"{first_words}: it exploded at step 35, to 40, where 2 is usual" in said.detail


def test_a_spike_from_which_the_training_recovered_is_not_the_first() -> None:
    recorded = series([0.5] * 40, [2.0] * 20 + [900.0] + [2.0] * 19)
    first = expect(FirstGauge, first_gauge(recorded, 41, NAN))
    assert (first.name, first.step, first.what) == ("s_ap_mean", 41, "not_finite")


def test_of_one_step_what_is_computed_first_went_first() -> None:
    first = expect(FirstGauge, first_gauge(NO_STEPS, 1, {**NAN, "s_ap_mean": 0.5}))
    assert first.name == "loss_per_row"
    only = expect(FirstGauge, first_gauge(NO_STEPS, 1, {"gradient_norm": math.inf}))
    assert only.name == "gradient_norm"
    assert first_gauge(NO_STEPS, 1, {}) is None


usual = st.floats(1.0, 9.0)


@given(st.lists(st.tuples(usual, usual), max_size=60))
def test_what_stays_within_ten_times_its_usual_value_never_exploded(
    figures: list[tuple[float, float]],
) -> None:
    loss, norm = [one for one, _ in figures], [one for _, one in figures]
    assert first_gauge(series(loss, norm), len(loss) + 1, {}) is None
