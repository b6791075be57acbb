"""Initial weights as NumPy arrays, each a pure function of the seed and the weight's purpose.

NumPy draws them, so that they are the same bits on a CPU and on a GPU. `torch` and `trax` name
the library whose default distributions are drawn from; the draws themselves are ours.
"""

import numpy as np
import numpy.typing as npt

from models.specs.training import (
    BagEncoder,
    EncoderSpec,
    GruEncoder,
    LstmEncoder,
    OwnEncoder,
    PretrainedEncoder,
    TransformerEncoder,
)
from worker.training.randomness import Purpose, stream

Weights = dict[str, npt.NDArray[np.float32]]

TRAX_BIAS = np.float32(1e-6)  # Trax draws every bias from N(0, 1e-6), the default of its layers


def initial_weights(encoder: EncoderSpec, vocabulary_size: int, seed: int) -> Weights:
    """Named weights: `embedding` (V, D), and what the layers above it need.

    LSTM: `weight_ih` (4H, D), `weight_hh` (4H, H), `bias` (4H,), gates in the order i, f, g, o.
    GRU: `weight_ih` (3H, D), `weight_hh` (3H, H), `bias` (3H,), `bias_hn` (H,), gates r, z, n.
    Transformer: `stack.…`, as `torch.nn.TransformerEncoder` names them.
    """
    if isinstance(encoder, PretrainedEncoder):
        raise TypeError("a pretrained encoder starts from its model's weights")
    weights = {"embedding": _embedding(encoder, vocabulary_size, seed)}
    trax = encoder.init == "trax"
    match encoder:
        case LstmEncoder():
            return weights | (_trax_lstm if trax else _torch_lstm)(encoder, seed)
        case GruEncoder():
            return weights | (_trax_gru if trax else _torch_gru)(encoder, seed)
        case TransformerEncoder():
            return weights | _transformer(encoder, seed)
        case BagEncoder():
            return weights


def _embedding(encoder: OwnEncoder, size: int, seed: int) -> npt.NDArray[np.float32]:
    generator, shape = stream(seed, Purpose.EMBEDDING), (size, encoder.embedding_dim)
    if encoder.init == "torch":  # torch.nn.Embedding: N(0, 1)
        return generator.standard_normal(shape, dtype=np.float32)
    # trax ScaledInitializer, fan-out, uniform (trax/layers/initializers.py)
    return _uniform(generator, shape, np.sqrt(3 / encoder.embedding_dim))


def _torch_lstm(encoder: LstmEncoder, seed: int) -> Weights:
    """torch.nn.LSTM: everything uniform in +-1/sqrt(H). Its two biases only ever act as their
    sum, so the one bias here starts as the sum of two such draws."""
    d, h = encoder.embedding_dim, encoder.hidden_dim
    bound = 1 / np.sqrt(h)
    biases = _uniform(stream(seed, Purpose.LSTM_BIAS), (2, 4 * h), bound)
    return {
        "weight_ih": _uniform(stream(seed, Purpose.LSTM_INPUT), (4 * h, d), bound),
        "weight_hh": _uniform(stream(seed, Purpose.LSTM_RECURRENT), (4 * h, h), bound),
        "bias": biases[0] + biases[1],
    }


def _trax_lstm(encoder: LstmEncoder, seed: int) -> Weights:
    """trax.layers.LSTM: Glorot-uniform over the stacked (D + H, 4H) kernel, and a bias of
    N(0, 1e-6) + 1 on all four gates, not on the forget gate alone (trax/layers/rnn.py)."""
    d, h = encoder.embedding_dim, encoder.hidden_dim
    bound = np.sqrt(6 / (d + h + 4 * h))
    noise = stream(seed, Purpose.LSTM_BIAS).standard_normal(4 * h, dtype=np.float32)
    return {
        "weight_ih": _uniform(stream(seed, Purpose.LSTM_INPUT), (4 * h, d), bound),
        "weight_hh": _uniform(stream(seed, Purpose.LSTM_RECURRENT), (4 * h, h), bound),
        "bias": TRAX_BIAS * noise + np.float32(1),
    }


def _torch_gru(encoder: GruEncoder, seed: int) -> Weights:
    """torch.nn.GRU: everything uniform in +-1/sqrt(H). Of its two biases only the sum acts in r
    and z, so there the one bias starts as the sum of two draws; n needs both."""
    d, h = encoder.embedding_dim, encoder.hidden_dim
    bound = 1 / np.sqrt(h)
    bias_ih, bias_hh = _uniform(stream(seed, Purpose.GRU_BIAS), (2, 3 * h), bound)
    bias_ih[: 2 * h] += bias_hh[: 2 * h]
    return {
        "weight_ih": _uniform(stream(seed, Purpose.GRU_INPUT), (3 * h, d), bound),
        "weight_hh": _uniform(stream(seed, Purpose.GRU_RECURRENT), (3 * h, h), bound),
        "bias": bias_ih,
        "bias_hn": bias_hh[2 * h :],
    }


def _trax_gru(encoder: GruEncoder, seed: int) -> Weights:
    """trax.layers.GRU: kernels uniform in +-0.01, biases N(0, 1e-6) (trax/layers/rnn.py GRUCell).
    The bias beside the reset gate's product is PyTorch's alone; it starts at 0."""
    d, h = encoder.embedding_dim, encoder.hidden_dim
    noise = stream(seed, Purpose.GRU_BIAS).standard_normal(3 * h, dtype=np.float32)
    return {
        "weight_ih": _uniform(stream(seed, Purpose.GRU_INPUT), (3 * h, d), 0.01),
        "weight_hh": _uniform(stream(seed, Purpose.GRU_RECURRENT), (3 * h, h), 0.01),
        "bias": TRAX_BIAS * noise,
        "bias_hn": np.zeros(h, dtype=np.float32),
    }


def _transformer(encoder: TransformerEncoder, seed: int) -> Weights:
    """`layers` pre-norm layers and a last norm; a layer's weights do not depend on their number."""
    weights = _norm("stack.norm", encoder.embedding_dim)
    layer = _trax_layer if encoder.init == "trax" else _torch_layer
    for index in range(encoder.layers):
        generator = stream(seed, Purpose.TRANSFORMER, index)
        for name, values in layer(encoder, generator).items():
            weights[f"stack.layers.{index}.{name}"] = values
    return weights


def _torch_layer(encoder: TransformerEncoder, generator: np.random.Generator) -> Weights:
    """torch.nn.TransformerEncoderLayer: Glorot-uniform over the stacked projection (3D, D) with
    no bias to begin with; every other linear map uniform in +-1/sqrt(inputs), its bias too."""
    d, f = encoder.embedding_dim, encoder.feedforward_dim
    return {
        "self_attn.in_proj_weight": _uniform(generator, (3 * d, d), np.sqrt(6 / (4 * d))),
        "self_attn.in_proj_bias": np.zeros(3 * d, dtype=np.float32),
        "self_attn.out_proj.weight": _uniform(generator, (d, d), 1 / np.sqrt(d)),
        "self_attn.out_proj.bias": np.zeros(d, dtype=np.float32),
        "linear1.weight": _uniform(generator, (f, d), 1 / np.sqrt(d)),
        "linear1.bias": _uniform(generator, (f,), 1 / np.sqrt(d)),
        "linear2.weight": _uniform(generator, (d, f), 1 / np.sqrt(f)),
        "linear2.bias": _uniform(generator, (d,), 1 / np.sqrt(f)),
        **_norm("norm1", d),
        **_norm("norm2", d),
    }


def _trax_layer(encoder: TransformerEncoder, generator: np.random.Generator) -> Weights:
    """Six trax.layers.Dense: Glorot-uniform kernels, here each projection for itself, and biases
    of N(0, 1e-6) (trax/layers/core.py, attention.py)."""
    d, f = encoder.embedding_dim, encoder.feedforward_dim
    square, feedforward = np.sqrt(6 / (2 * d)), np.sqrt(6 / (d + f))

    def bias(size: int) -> npt.NDArray[np.float32]:
        return TRAX_BIAS * generator.standard_normal(size, dtype=np.float32)

    return {
        "self_attn.in_proj_weight": _uniform(generator, (3 * d, d), square),
        "self_attn.in_proj_bias": bias(3 * d),
        "self_attn.out_proj.weight": _uniform(generator, (d, d), square),
        "self_attn.out_proj.bias": bias(d),
        "linear1.weight": _uniform(generator, (f, d), feedforward),
        "linear1.bias": bias(f),
        "linear2.weight": _uniform(generator, (d, f), feedforward),
        "linear2.bias": bias(d),
        **_norm("norm1", d),
        **_norm("norm2", d),
    }


def _norm(name: str, size: int) -> Weights:
    """A layer norm at its beginning, in both libraries."""
    ones, zeros = np.ones(size, dtype=np.float32), np.zeros(size, dtype=np.float32)
    return {f"{name}.weight": ones, f"{name}.bias": zeros}


def _uniform(
    generator: np.random.Generator, shape: tuple[int, ...], bound: float
) -> npt.NDArray[np.float32]:
    return (generator.random(shape, dtype=np.float32) * 2 - 1) * np.float32(bound)
