"""Which arms' runs can be trained in one stack."""

from typing import Any

import pytest

from models.specs.experiment import ExperimentSpec
from worker.training.stack.sharing import can_stack, shares_stack

from support.training import tiny_spec

LSTM = {"kind": "lstm", "embedding_dim": 8, "hidden_dim": 8}


def spec_with(**overrides: Any) -> ExperimentSpec:
    first, second = tiny_spec().model_dump(mode="json")["arms"]
    return tiny_spec(arms=[first, {**second, **overrides}])


@pytest.mark.parametrize("kind", ["lstm", "gru", "bag", "transformer"])
@pytest.mark.parametrize("padding", ["masked", "power_of_two"])
def test_only_lstms_are_stacked(kind: str, padding: str) -> None:
    spec = spec_with(encoder={"kind": kind, "embedding_dim": 8, "padding": padding})
    own = spec.for_arm("modified")
    assert can_stack(own) == (kind == "lstm")
    assert shares_stack(own, own) == (kind == "lstm")


@pytest.mark.parametrize(
    "override",
    [
        {},
        {"loss": {"terms": [{"kind": "circle"}]}},
        {"optimizer": {"lr": 0.5}},
        {"steps": 3},
        {"evaluate_every": 3},
        {"early_stop": {"patience": 1}},
        {"checkpoint": "best_validation"},
        {"threshold": {"kind": "validation"}},
        {"negatives": {"given": 0}},
    ],
)
def test_arms_may_differ_in_what_decides_neither_data_nor_shapes(override: dict[str, Any]) -> None:
    spec = spec_with(**override)
    assert shares_stack(spec.for_arm("vanilla"), spec.for_arm("modified"))


@pytest.mark.parametrize(
    "override",
    [
        {"encoder": {**LSTM, "hidden_dim": 4}},
        {"encoder": {**LSTM, "init": "trax"}},
        {"encoder": {**LSTM, "padding": "power_of_two"}},
        {"batch_size": 8},
        {"tokenizer": "lower"},
        {"vocabulary": {"min_count": 2}},
        {"negatives": {"given": 1}},
    ],
)
def test_arms_do_not_share_a_stack_when_data_or_shapes_differ(override: dict[str, Any]) -> None:
    spec = spec_with(**override)
    assert not shares_stack(spec.for_arm("vanilla"), spec.for_arm("modified"))
