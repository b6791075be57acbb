"""Initial weights as NumPy arrays, each a pure function of the seed and the weight's purpose.

NumPy draws them, so that they are the same bits on a CPU and on a GPU. `torch` and `trax` name
the library whose default distributions are drawn from; the draws themselves are ours.
"""

import numpy as np
import numpy.typing as npt

from models.specs.training import EncoderSpec, LstmEncoder
from worker.training.randomness import Purpose, stream

Weights = dict[str, npt.NDArray[np.float32]]


def initial_weights(encoder: EncoderSpec, vocabulary_size: int, seed: int) -> Weights:
    """Named weights: `embedding` (V, D) and, for an LSTM, `weight_ih` (4H, D), `weight_hh`
    (4H, H) and `bias` (4H,), gates in the order i, f, g, o."""
    weights = {"embedding": _embedding(encoder, vocabulary_size, seed)}
    if isinstance(encoder, LstmEncoder):
        draw = _torch_lstm if encoder.init == "torch" else _trax_lstm
        weights |= draw(encoder, seed)
    return weights


def _embedding(encoder: EncoderSpec, size: int, seed: int) -> npt.NDArray[np.float32]:
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
        "bias": np.float32(1e-6) * noise + np.float32(1),
    }


def _uniform(
    generator: np.random.Generator, shape: tuple[int, ...], bound: float
) -> npt.NDArray[np.float32]:
    return (generator.random(shape, dtype=np.float32) * 2 - 1) * np.float32(bound)
