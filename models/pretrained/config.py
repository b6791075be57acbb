"""`config.json` of a model: its architecture and sizes, and nothing else of it.

Only the keys that are read here are stored, in a config of our own: one that names code
(`auto_map`), a quantisation or a file elsewhere never reaches the library that builds the network.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.pretrained.architectures import (
    ARCHITECTURES,
    Architecture,
    Sizes,
    expected_tensors,
)
from models.pretrained.errors import ModelFileError

MOST_PARAMETERS = 350_000_000
"""A training takes 16 bytes for each: the weight, its gradient and two moments."""
ACTIVATIONS = ("gelu", "gelu_new", "gelu_pytorch_tanh", "relu", "silu")
_BOUNDS = {"width": 4096, "layers": 64, "heads": 64, "feedforward": 16_384}
_VOCABULARY, _POSITIONS, _SEGMENTS, _BUCKETS = 1_000_000, 16_384, 16, 1024
_REFUSED = {
    "auto_map": "names code of its own, and no code of a model is ever run",
    "quantization_config": "is of quantised weights, which cannot be trained",
    "pruned_heads": "leaves heads of attention out",
    "is_decoder": "is of a decoder, which reads texts from one side only",
    "add_cross_attention": "is of a network with cross attention",
}


@dataclass(frozen=True)
class ModelConfig:
    """The network of a model."""

    kind: str
    """The `model_type`, a key of `ARCHITECTURES`."""
    sizes: Sizes
    positions: int
    """Most tokens of a text, special ones included."""
    pad_id: int
    document: Mapping[str, Any]
    """What is stored as `config.json`: only what is known here."""

    @property
    def architecture(self) -> Architecture:
        return ARCHITECTURES[self.kind]

    @property
    def parameters(self) -> int:
        """Numbers that the network learns."""
        shapes = expected_tensors(self.architecture, self.sizes)
        return sum(_product(shape) for shape in shapes.values())


def read_json(content: bytes, name: str) -> dict[str, Any]:
    """The JSON object in a file of a model. Raises `ModelFileError`."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{name} is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise ModelFileError(f"{name} is not a JSON object")
    return document


def read_config(content: bytes) -> ModelConfig:
    """Read `config.json`. Raises `ModelFileError` for a network that cannot be built from it."""
    document = read_json(content, "config.json")
    for key, what in _REFUSED.items():
        if document.get(key):
            raise ModelFileError(f"config.json has {key!r}: it {what}")
    kind = document.get("model_type")
    if not isinstance(kind, str) or kind not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise ModelFileError(
            f"config.json is of the model type {str(kind)[:60]!r}; those that can be trained here "
            f"are {known}"
        )
    if document.get("position_embedding_type", "absolute") != "absolute":
        raise ModelFileError("config.json has a position_embedding_type other than 'absolute'")
    return _checked(kind, document)


def _checked(kind: str, document: Mapping[str, Any]) -> ModelConfig:
    architecture = ARCHITECTURES[kind]
    keys = vars(architecture.keys)
    whole = {field: _number(document, keys[field], most) for field, most in _BOUNDS.items()}
    segments = _number(document, "type_vocab_size", _SEGMENTS, 2) if architecture.segments else 0
    buckets = 0
    if architecture.relative_positions:
        buckets = _number(document, "relative_attention_num_buckets", _BUCKETS, 32)
    sizes = Sizes(
        **whole,
        vocabulary_size=_number(document, "vocab_size", _VOCABULARY),
        rows=_number(document, "max_position_embeddings", _POSITIONS),
        segments=segments,
        buckets=buckets,
    )
    if sizes.width % sizes.heads:
        raise ModelFileError(
            f"config.json divides a width of {sizes.width} among {sizes.heads} heads, which does "
            "not come out even"
        )
    pad_id = _pad_id(document, architecture, sizes)
    lost = pad_id + 1 if architecture.positions_after_padding else 0
    if sizes.rows - lost < 4:
        raise ModelFileError("config.json leaves no positions for a text")
    stored = _document(kind, document, sizes, pad_id)
    config = ModelConfig(kind, sizes, sizes.rows - lost, pad_id, stored)
    if config.parameters > MOST_PARAMETERS:
        raise ModelFileError(
            f"config.json describes a network of {config.parameters:,} parameters, and at most "
            f"{MOST_PARAMETERS:,} can be trained here"
        )
    return config


def _document(
    kind: str, document: Mapping[str, Any], sizes: Sizes, pad_id: int
) -> Mapping[str, Any]:
    architecture = ARCHITECTURES[kind]
    keys = architecture.keys
    stored: dict[str, Any] = {
        "model_type": kind,
        keys.width: sizes.width,
        keys.layers: sizes.layers,
        keys.heads: sizes.heads,
        keys.feedforward: sizes.feedforward,
        keys.activation: _activation(document, keys.activation),
        "vocab_size": sizes.vocabulary_size,
        "max_position_embeddings": sizes.rows,
        "pad_token_id": pad_id,
    }
    if kind != "distilbert":  # its norms have a fixed one
        stored["layer_norm_eps"] = _epsilon(document)
    if architecture.segments:
        stored["type_vocab_size"] = sizes.segments
    if architecture.relative_positions:
        stored["relative_attention_num_buckets"] = sizes.buckets
    return stored


def _number(document: Mapping[str, Any], key: str, most: int, default: int | None = None) -> int:
    value = document.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        said = "is missing" if value is None else f"is {str(value)[:40]}"
        raise ModelFileError(f"{key} in config.json {said}; it is a number from 1 to {most:,}")
    return value


def _pad_id(document: Mapping[str, Any], architecture: Architecture, sizes: Sizes) -> int:
    value = document.get("pad_token_id")
    if value is None:
        return architecture.pad_id
    if (
        isinstance(value, bool)
        or not isinstance(value, int)
        or not (0 <= value < sizes.vocabulary_size)
    ):
        raise ModelFileError("pad_token_id in config.json is not a token of the vocabulary")
    return value


def _activation(document: Mapping[str, Any], key: str) -> str:
    value = document.get(key, "gelu")
    if value not in ACTIVATIONS:
        raise ModelFileError(
            f"{key} in config.json is {str(value)[:40]!r}; known are {', '.join(ACTIVATIONS)}"
        )
    return str(value)


def _epsilon(document: Mapping[str, Any]) -> float:
    value = document.get("layer_norm_eps", 1e-12)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
        raise ModelFileError("layer_norm_eps in config.json is not a number between 0 and 1")
    return float(value)


def _product(shape: tuple[int, ...]) -> int:
    product = 1
    for size in shape:
        product *= size
    return product
