"""A pretrained encoder on the device that `TRIPLETLAB_TEST_DEVICE` names has a CPU's arithmetic.

On a GPU it has the size of MiniLM, on a CPU two layers; the weights are drawn here.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load

from worker.training.data import PretrainedStart, pair_questions
from worker.training.devices import prepare_device
from worker.training.encoders.build import start_encoder
from worker.training.encoders.pretrained import PREFIX
from worker.training.events import StepDone
from worker.training.loop import train

from support.device import DEVICE
from support.pretrained import config_of, tokenizer_of, vocabulary, weights_of
from support.training import figures, killed_after_every_step, tiny_data, tiny_spec

pytestmark = pytest.mark.device
pytest.importorskip("transformers", reason="needs the extra `pretrained`")

LARGE: dict[str, Any] = {
    "hidden_size": 384,
    "num_hidden_layers": 6,
    "num_attention_heads": 12,
    "intermediate_size": 1536,
}
CONFIG = config_of(**(LARGE if DEVICE == "cuda" else {}))
WEIGHTS = load(weights_of(CONFIG, scale=0.02 if DEVICE == "cuda" else 0.3))
START = PretrainedStart(
    "drawn here",
    json.dumps(CONFIG).encode(),
    json.dumps(tokenizer_of(vocabulary())).encode(),
    {PREFIX + name: values for name, values in WEIGHTS.items()},
)
DATA = replace(tiny_data(), pretrained=START)
SPEC = tiny_spec(
    encoder={"kind": "pretrained", "model": "drawn", "max_tokens": 24, "dropout": 0.1},
    optimizer={"kind": "adamw", "lr": 1e-4, "schedule": {"kind": "constant"}},
    steps=10,
)


def losses(device: str, *, dropout: float) -> list[float]:
    spec = tiny_spec(
        encoder=SPEC.encoder.model_copy(update={"dropout": dropout}).model_dump(),
        optimizer=SPEC.optimizer.model_dump(),
        steps=10,
    )
    events = train(spec, "modified", 0, DATA, device=device)
    return [event.loss_per_row for event in events if isinstance(event, StepDone)]


def test_its_vectors_and_the_losses_of_ten_steps_are_those_of_a_cpu() -> None:
    encoder = start_encoder(SPEC.encoder, DATA, 0)
    questions = pair_questions(DATA, DATA.test)
    vectors = []
    for device in ("cpu", DEVICE):
        with torch.no_grad():
            vectors.append(encoder.to(prepare_device(device)).encode(questions).cpu())
    assert (vectors[0] - vectors[1]).abs().max() < 1e-4
    assert len(vectors[0]) == 2 * len(DATA.test)
    # without dropout, whose draws are each device's own
    expected = losses("cpu", dropout=0.0)
    assert len(set(expected)) == 10
    np.testing.assert_allclose(losses(DEVICE, dropout=0.0), expected, rtol=1e-4)


def test_with_dropout_it_repeats_to_the_bit_also_where_it_is_killed_after_every_step(
    tmp_path: Path,
) -> None:
    once = figures(list(train(SPEC, "vanilla", 0, DATA, device=DEVICE)))
    assert figures(list(train(SPEC, "vanilla", 0, DATA, device=DEVICE))) == once
    killed = killed_after_every_step(SPEC, "vanilla", 0, DATA, tmp_path, device=DEVICE)
    assert figures(killed)[1:] == once[1:]
