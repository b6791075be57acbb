"""A training in a stack tells what it would tell alone, up to the last digits of its figures."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
import torch

from models.metrics import BATCH_METRICS, RetrievalMetrics
from worker.training.checkpoints import Checkpoints
from worker.training.events import Evaluated, Event, Finished, Saved, StepDone
from worker.training.loop import train
from worker.training.retrieval import Retrieved
from worker.training.stack.encoder import StackEncoder
from worker.training.stack.loop import Failed, Member, Stack

from support.expect import expect
from support.stack import TERMS, arms_of_every_loss, stack_spec, told_by, trained, wild_data
from support.training import tiny_data, tiny_spec

DATA = tiny_data()
WILD = wild_data()


def outline(events: Sequence[object]) -> list[tuple[Any, ...]]:
    """What does not depend on any figure: which events, of which steps and splits."""
    return [(type(e), getattr(e, "step", None), getattr(e, "split", None)) for e in events]


def metrics_of(end: Finished) -> RetrievalMetrics:
    return expect(Retrieved, end.retrieved).metrics()


def assert_close(
    found: Sequence[object], expected: Sequence[object], tolerance: float = 1e-5
) -> None:
    for one, other in zip(found, expected, strict=True):
        match one, other:
            case StepDone(), StepDone():
                assert (one.step, one.lr) == (other.step, other.lr)
                # of a sum that cancels, so ten times as far off as the figures of the batch
                norm = pytest.approx(other.gradient_norm, rel=10 * tolerance, abs=tolerance)
                assert one.gradient_norm == norm
                measured = [name for name in BATCH_METRICS if getattr(other, name) is not None]
                assert all(getattr(one, n) is None for n in {*BATCH_METRICS} - {*measured})
                for name in (*measured, "active"):
                    near = pytest.approx(getattr(other, name), rel=tolerance, abs=tolerance)
                    assert getattr(one, name) == near, (one.step, name)
            case Evaluated(), Evaluated():
                losses = ((one.loss, other.loss), (one.baseline_loss, other.baseline_loss))
                for found_loss, loss in losses if one.split == "validation" else ():
                    assert found_loss == pytest.approx(loss, rel=tolerance, abs=tolerance)
            case Finished(), Finished():
                np.testing.assert_allclose(one.scores, other.scores, atol=tolerance)
                own, alone = metrics_of(one), metrics_of(other)
                # a last digit may turn two texts that are almost equally similar to a query
                assert vars(own) == pytest.approx(vars(alone), abs=0.02)


@pytest.mark.parametrize("padding", ["masked", "power_of_two"])
def test_fifty_steps_are_those_of_a_training_alone(padding: str) -> None:
    """With seeds whose trainings are stable: where two negatives come to be almost equally close,
    a last digit decides which one is, and the figures part. With an epsilon that is felt, since
    Adam makes a whole step of the last digits where a gradient is next to nothing."""
    encoder = {"kind": "lstm", "embedding_dim": 8, "hidden_dim": 8, "padding": padding}
    spec = tiny_spec(
        steps=50, encoder=encoder, optimizer={"eps": 1e-3, "schedule": {"kind": "constant"}}
    )
    members = [("vanilla", 5), ("modified", 1), ("modified", 2)]
    told = trained(spec, members, DATA)
    for index, (arm, seed) in enumerate(members):
        expected = list(train(spec, arm, seed, DATA))
        assert outline(told[index]) == outline(expected)
        assert_close(told[index], expected)


def test_every_loss_is_that_of_a_training_alone() -> None:
    spec = stack_spec(arms=arms_of_every_loss())
    told = trained(spec, [(arm, 3) for arm in TERMS], WILD, width=len(TERMS))
    for index, arm in enumerate(TERMS):
        expected = list(train(spec, arm, 3, WILD))
        assert outline(told[index]) == outline(expected)
        assert_close(told[index], expected, 1e-4)


def test_members_may_differ_in_all_that_is_not_shape_or_data() -> None:
    first, second = tiny_spec().model_dump(mode="json")["arms"]
    second |= {
        "steps": 9,
        "evaluate_every": 2,
        "optimizer": {"lr": 0.003, "eps": 1e-4, "schedule": {"kind": "warmup_cosine"}},
        "threshold": {"kind": "validation"},
        "checkpoint": "best_validation",
        "early_stop": {"patience": 2},
    }
    spec = tiny_spec(arms=[first, second])
    told = trained(spec, [("vanilla", 0), ("modified", 0)], DATA)
    for index, arm in enumerate(("vanilla", "modified")):
        expected = list(train(spec, arm, 0, DATA))
        assert outline(told[index]) == outline(expected)
        assert_close(told[index], expected)
        test, end = expect(Evaluated, told[index][-2]), expect(Finished, told[index][-1])
        test_alone, end_alone = expect(Evaluated, expected[-2]), expect(Finished, expected[-1])
        assert end.kept_step == end_alone.kept_step
        assert end.stopped_early == end_alone.stopped_early
        assert test.threshold == pytest.approx(test_alone.threshold, abs=1e-5)


def test_members_that_stop_early_and_keep_their_best_are_tested_with_those_weights() -> None:
    spec = tiny_spec(
        evaluate_every=1,
        steps=30,
        early_stop={"patience": 2},
        checkpoint="best_validation",
        threshold={"kind": "validation"},
        optimizer={"lr": 0.3, "eps": 1e-3, "schedule": {"kind": "constant"}},
    )
    told = trained(spec, [("vanilla", seed) for seed in range(4)], DATA)
    for seed in range(4):
        expected = expect(Finished, list(train(spec, "vanilla", seed, DATA))[-1])
        last = expect(Finished, told[seed][-1])
        assert last.kept_step < last.step < 30
        assert (last.step, last.kept_step) == (expected.step, expected.kept_step)
        assert last.threshold == pytest.approx(expected.threshold, abs=1e-3)
        # at a rate of 0.3 roundings grow; other weights than those kept are 0.4 and more away
        np.testing.assert_allclose(last.scores, expected.scores, atol=1e-3)
        for name, weights in expected.weights.items():
            np.testing.assert_allclose(last.weights[name], weights, atol=1e-3)


def test_checkpoints_are_saved_when_each_member_asks_for_it(tmp_path: Path) -> None:
    every, third = (
        Checkpoints(tmp_path / name, due=due)
        for name, due in (("every", lambda _: True), ("third", lambda step: step == 3))
    )
    members = [Member("vanilla", 0, every), Member("vanilla", 1, third), Member("vanilla", 2)]
    told = told_by(Stack(tiny_spec(), members, DATA, width=3))
    saved = [[e.step for e in told[m] if isinstance(e, Saved)] for m in range(3)]
    assert saved == [list(range(1, 12)), [3], []]


def test_a_stack_takes_no_more_members_than_it_is_wide_and_none_of_another_shape() -> None:
    spec = tiny_spec()
    for members in ([], [Member("vanilla", seed) for seed in range(3)]):
        with pytest.raises(ValueError, match="do not fit a stack of 2"):
            Stack(spec, members, DATA, width=2)
    arms = spec.model_dump(mode="json")["arms"]
    other = tiny_spec(arms=[arms[0], {**arms[1], "batch_size": 8}])
    with pytest.raises(ValueError, match="modified and vanilla do not share a stack"):
        Stack(other, [Member("vanilla", 0), Member("modified", 0)], DATA, width=2)


def test_questions_without_a_token_and_repeated_rows_are_trained_on() -> None:
    few = dataclasses.replace(WILD, train=WILD.train[:5])
    spec = stack_spec()
    told = trained(spec, [("vanilla", 0)], few)
    assert_close(told[0], list(train(spec, "vanilla", 0, few)), 1e-4)


@pytest.mark.parametrize("where", ["forward", "backward", "pair_vectors"])
def test_memory_that_runs_out_where_all_are_encoded_ends_the_stack(
    monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def full(*_arguments: object) -> NoReturn:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(StackEncoder, where, full)
    told: list[tuple[int, Event | Failed]] = []
    with pytest.raises(torch.OutOfMemoryError):
        told.extend(Stack(tiny_spec(), [Member("vanilla", 0)], DATA, width=2).events())
    assert not any(isinstance(event, Failed) for _, event in told)
