"""Which networks are called collapsed: none that is only untrained, every one with one vector."""

from dataclasses import asdict
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from models.comparison.collapse.plateau_level import is_collapsed
from models.specs.experiment import ExperimentSpec
from worker.training.data import NO_QUESTIONS, Int64, RunData
from worker.training.evaluation import PairEncoder, evaluate_test, evaluate_validation, score_test
from worker.training.loop import Training

from support.training import tiny_data, tiny_spec

ENCODERS: list[dict[str, Any]] = [
    {"kind": "bag", "embedding_dim": 8},
    {"kind": "lstm", "embedding_dim": 8, "hidden_dim": 8},
    {"kind": "gru", "embedding_dim": 16, "hidden_dim": 16},
    {"kind": "lstm", "embedding_dim": 16, "hidden_dim": 16, "init": "torch"},
    {"kind": "transformer"},
]


class OneVector:
    """Gives every question the same unit vector."""

    def encode_pairs(self, data: RunData, rows: Int64, further: Int64 = NO_QUESTIONS) -> Tensor:
        del data  # every question is the same
        return torch.nn.functional.normalize(torch.ones(2 * len(rows) + len(further), 6), dim=1)


def ended_collapsed(encoder: PairEncoder, spec: ExperimentSpec, data: RunData) -> bool:
    """As the results document says it of a run that ends with this network."""
    test = evaluate_test(data, *score_test(encoder, data), 1, 0.7)
    validation = evaluate_validation(encoder, spec, "vanilla", data, 1)
    metrics = {
        f"{row.split}.{name}": value
        for row in (test, validation)
        for name, value in asdict(row).items()
        if isinstance(value, float)
    }
    return is_collapsed(metrics, spec.arm("vanilla").loss.collapsed_loss_per_row)


@pytest.mark.parametrize("encoder", ENCODERS, ids=lambda one: "-".join(map(str, one.values())))
@given(seed=st.integers(0, 2**31), pairs=st.integers(0, 1000))
@settings(max_examples=8)
def test_a_network_that_is_only_untrained_is_not_collapsed(
    encoder: dict[str, Any], seed: int, pairs: int
) -> None:
    spec, data = tiny_spec(encoder=encoder), tiny_data(seed=pairs)
    assert not ended_collapsed(Training(spec, "vanilla", seed, data, "cpu").encoder, spec, data)


@given(margin=st.floats(0.05, 1.0), pairs=st.integers(0, 1000))
@settings(max_examples=20)
def test_one_vector_for_all_questions_is_collapsed_at_every_margin(
    margin: float, pairs: int
) -> None:
    spec = tiny_spec()
    arms = [
        {**arm, "loss": {**arm["loss"], "margin": margin}}
        for arm in spec.model_dump(mode="json")["arms"]
    ]
    assert ended_collapsed(OneVector(), tiny_spec(arms=arms), tiny_data(seed=pairs))
