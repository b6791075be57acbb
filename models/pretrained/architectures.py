"""The architectures that a pretrained encoder may have, and the tensors of each by name and shape.

The API checks uploaded weights against this list without torch; a test holds the list to what
transformers makes of the same config.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Keys:
    """What `config.json` of an architecture calls the sizes of its network."""

    width: str = "hidden_size"
    layers: str = "num_hidden_layers"
    heads: str = "num_attention_heads"
    feedforward: str = "intermediate_size"
    activation: str = "hidden_act"


@dataclass(frozen=True)
class Sizes:
    """The sizes of a network; `rows` are those of its position embeddings."""

    width: int
    layers: int
    heads: int
    feedforward: int
    vocabulary_size: int
    rows: int
    segments: int = 2
    buckets: int = 32
    """Of distances, where attention depends on them (MPNet)."""


@dataclass(frozen=True)
class Architecture:
    """One kind of network: its names in files, and how to list its tensors."""

    prefix: str
    """What the names of its tensors begin with where a file holds a whole model with a head."""
    layer: str
    """The name of a layer, with its number left open."""
    shapes_of_layer: Callable[[Sizes], Shapes]
    keys: Keys = Keys()
    segments: bool = False
    positions_after_padding: bool = False
    """RoBERTa's manner: positions are counted from the id of padding on, so fewer can be used."""
    relative_positions: bool = False
    pad_id: int = 0


def _linear(name: str, out: int, into: int) -> Shapes:
    return {f"{name}.weight": (out, into), f"{name}.bias": (out,)}


def _norm(name: str, width: int) -> Shapes:
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}


def _bert_layer(sizes: Sizes) -> Shapes:
    d, f = sizes.width, sizes.feedforward
    return {
        **_linear("attention.self.query", d, d),
        **_linear("attention.self.key", d, d),
        **_linear("attention.self.value", d, d),
        **_linear("attention.output.dense", d, d),
        **_norm("attention.output.LayerNorm", d),
        **_linear("intermediate.dense", f, d),
        **_linear("output.dense", d, f),
        **_norm("output.LayerNorm", d),
    }


def _mpnet_layer(sizes: Sizes) -> Shapes:
    d, f = sizes.width, sizes.feedforward
    return {
        **_linear("attention.attn.q", d, d),
        **_linear("attention.attn.k", d, d),
        **_linear("attention.attn.v", d, d),
        **_linear("attention.attn.o", d, d),
        **_norm("attention.LayerNorm", d),
        **_linear("intermediate.dense", f, d),
        **_linear("output.dense", d, f),
        **_norm("output.LayerNorm", d),
    }


def _distilbert_layer(sizes: Sizes) -> Shapes:
    d, f = sizes.width, sizes.feedforward
    return {
        **_linear("attention.q_lin", d, d),
        **_linear("attention.k_lin", d, d),
        **_linear("attention.v_lin", d, d),
        **_linear("attention.out_lin", d, d),
        **_norm("sa_layer_norm", d),
        **_linear("ffn.lin1", f, d),
        **_linear("ffn.lin2", d, f),
        **_norm("output_layer_norm", d),
    }


_ROBERTA = Architecture(
    "roberta.",
    "encoder.layer.{}",
    _bert_layer,
    segments=True,
    positions_after_padding=True,
    pad_id=1,
)
ARCHITECTURES: Mapping[str, Architecture] = {
    "bert": Architecture("bert.", "encoder.layer.{}", _bert_layer, segments=True),
    "roberta": _ROBERTA,
    "xlm-roberta": _ROBERTA,
    "mpnet": Architecture(
        "mpnet.",
        "encoder.layer.{}",
        _mpnet_layer,
        positions_after_padding=True,
        relative_positions=True,
        pad_id=1,
    ),
    "distilbert": Architecture(
        "distilbert.",
        "transformer.layer.{}",
        _distilbert_layer,
        Keys("dim", "n_layers", "n_heads", "hidden_dim", "activation"),
    ),
}
"""By the `model_type` of `config.json`."""


def expected_tensors(architecture: Architecture, sizes: Sizes) -> Shapes:
    """Every tensor that the encoder reads, without the pooler and any head, which it does not."""
    d = sizes.width
    embeddings = {
        "word_embeddings.weight": (sizes.vocabulary_size, d),
        "position_embeddings.weight": (sizes.rows, d),
        **({"token_type_embeddings.weight": (sizes.segments, d)} if architecture.segments else {}),
        **_norm("LayerNorm", d),
    }
    tensors: Shapes = {f"embeddings.{name}": shape for name, shape in embeddings.items()}
    if architecture.relative_positions:
        tensors["encoder.relative_attention_bias.weight"] = (sizes.buckets, sizes.heads)
    of_layer = architecture.shapes_of_layer(sizes)
    for index in range(sizes.layers):
        layer = architecture.layer.format(index)
        tensors |= {f"{layer}.{name}": shape for name, shape in of_layer.items()}
    return tensors
