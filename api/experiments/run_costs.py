"""What one run costs, by arithmetic: floating-point operations, and memory."""

import math
from collections.abc import Mapping

from models.specs.experiment import ExperimentSpec
from models.specs.training import (
    BagEncoder,
    EncoderSpec,
    GruEncoder,
    LstmEncoder,
    PretrainedEncoder,
    TransformerEncoder,
)
from models.store.tables import Dataset, PretrainedModel

BACKWARD = 2.0  # gradients of weights and of outputs, in forward passes
PIECES = 1.3  # of subwords for each word
SPECIAL = 2.0  # tokens around a text
# bytes: a weight as it is read and as it is trained, its gradient and two moments; and, while a
# checkpoint is written, weight and moments twice more
PER_WEIGHT = 44
LIBRARIES = 500 << 20  # bytes of a process with torch and transformers

Models = Mapping[str, PretrainedModel]
"""The pretrained models of the service by name."""


def operations(spec: ExperimentSpec, dataset: Dataset, test_pairs: int, models: Models) -> float:
    """Return the floating-point operations of one run: training, evaluations and test.

    `spec` is that of one arm. Every anchor is taken to have as many given negatives as it may.
    """
    evaluations = math.ceil(spec.steps / spec.evaluate_every)
    batch = spec.batch_size * (1 + spec.negatives.given / 2)
    evaluated = spec.validation_pairs + spec.validation_batches * batch
    backward = BACKWARD * _trained_share(spec.encoder, models)
    pairs = (1 + backward) * spec.steps * batch + evaluations * evaluated + test_pairs
    tokens = _tokens(spec, dataset)
    return 2 * pairs * tokens * _per_token(spec.encoder, tokens, models)


def memory_bytes(spec: ExperimentSpec, dataset: Dataset, models: Models) -> int | None:
    """Return about how much memory a run of a pretrained encoder needs, for its weights and for
    what a batch leaves behind until its gradients are there; None for other encoders.

    `spec` is that of one arm.
    """
    encoder = spec.encoder
    if not isinstance(encoder, PretrainedEncoder) or encoder.model not in models:
        return None
    model = models[encoder.model]
    tokens = min(float(encoder.max_tokens), PIECES * dataset.token_length_p99 + SPECIAL)
    kept = 10 * model.width + 2 * model.feedforward + 2 * model.heads * tokens
    outputs = 4 * (2 + spec.negatives.given) * spec.batch_size * tokens * model.layers * kept
    share = _trained_share(encoder, models)
    return int(LIBRARIES + PER_WEIGHT * model.parameters + share * outputs)


def _trained_share(encoder: EncoderSpec, models: Models) -> float:
    """Return the share of the layers through which gradients go."""
    if not isinstance(encoder, PretrainedEncoder) or encoder.train_layers == "all":
        return 1.0
    return encoder.train_layers / models[encoder.model].layers if encoder.model in models else 1.0


def _tokens(spec: ExperimentSpec, dataset: Dataset) -> float:
    """Return the tokens that are read of one question, with the padding of the spec."""
    encoder = spec.encoder
    if isinstance(encoder, PretrainedEncoder):
        return min(float(encoder.max_tokens), PIECES * dataset.token_length_mean + SPECIAL)
    most = math.inf if encoder.max_tokens is None else float(encoder.max_tokens)
    if encoder.padding == "masked":
        return min(max(dataset.token_length_mean, 1.0), most)
    return float(2 ** math.ceil(math.log2(min(max(dataset.token_length_p99, 2.0), most))))


def _per_token(encoder: EncoderSpec, tokens: float, models: Models) -> float:
    """Return the operations of the forward pass per token of a question of `tokens` tokens."""
    match encoder:
        case LstmEncoder(embedding_dim=d, hidden_dim=h):
            return 8.0 * h * (d + h)
        case GruEncoder(embedding_dim=d, hidden_dim=h):
            return 6.0 * h * (d + h)
        case TransformerEncoder(embedding_dim=d, layers=layers, feedforward_dim=f):
            return _attention(layers, d, f, tokens)
        case BagEncoder(embedding_dim=d):
            return 2.0 * d
        case PretrainedEncoder(model=name):
            model = models.get(name)  # deleted since, where a past run is measured
            if model is None:
                return 1.0
            return _attention(model.layers, model.width, model.feedforward, tokens)


def _attention(layers: int, width: int, feedforward: int, tokens: float) -> float:
    return layers * (8.0 * width * width + 4.0 * width * feedforward + 4.0 * width * tokens)
