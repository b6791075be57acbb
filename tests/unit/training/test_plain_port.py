"""The fast step has the figures of a plain port, so that its speed is not bought with exactness."""

import importlib.util
from typing import Any

import numpy as np
import pytest

from worker.training.batches import batch_rows
from worker.training.data import Int64, RunData, pair_questions
from worker.training.encoders.initial import initial_weights
from worker.training.loop import Training
from worker.training.schedules import learning_rate

from support.project import ROOT
from support.training import tiny_data, tiny_spec

STEPS = 50


def plain_port() -> Any:
    path = ROOT / "benchmarks" / "plain_port.py"
    spec = importlib.util.spec_from_file_location("plain_port", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def as_lists(data: RunData, rows: Int64) -> tuple[list[list[int]], list[list[int]]]:
    """The first and the second questions of `rows`, as lists of token ids."""
    packed = pair_questions(data, rows)
    questions = np.split(packed.ids, np.cumsum(packed.lengths)[:-1])
    lists = [question.tolist() for question in questions]
    return lists[: len(rows)], lists[len(rows) :]


@pytest.mark.parametrize("arm", ["vanilla", "modified"])
@pytest.mark.parametrize("padding", ["masked", "power_of_two"])
def test_fifty_steps_have_the_losses_and_the_weights_of_the_plain_port(
    padding: str, arm: str
) -> None:
    encoder = {"kind": "lstm", "embedding_dim": 12, "hidden_dim": 10, "padding": padding}
    # an epsilon that is felt: without, Adam makes a whole step of the last digits of a gradient
    # that is next to nothing, and those differ from machine to machine
    spec = tiny_spec(
        encoder=encoder, steps=STEPS, optimizer={"eps": 1e-3, "schedule": {"kind": "constant"}}
    )
    data = tiny_data()
    training = Training(spec, arm, 0, data, "cpu")
    plain = plain_port().PlainTraining(
        initial_weights(spec.encoder, data.vocabulary_size, 0),
        spec.optimizer,
        masked=padding == "masked",
        margin=spec.arm(arm).loss.margin,
        mask_harder=arm == "vanilla",
    )
    for step in range(1, STEPS + 1):
        rows = batch_rows(data.train, 0, step, spec.batch_size)
        expected = plain.advance(*as_lists(data, rows), learning_rate(spec.optimizer, step, STEPS))
        ours = training.advance().loss_per_row
        assert ours == pytest.approx(expected / spec.batch_size, rel=0, abs=1e-5)
    theirs = plain.network.embedding.weight.detach().numpy()
    np.testing.assert_allclose(training.weights()["embedding"], theirs, atol=1e-5)
    moved = np.abs(theirs - initial_weights(spec.encoder, data.vocabulary_size, 0)["embedding"])
    assert moved.max() > 0.01, "weights that hardly move would prove nothing"
