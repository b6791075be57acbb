"""From the spec of an encoder and its weights to the encoder."""

from models.specs.training import (
    BagEncoder,
    EncoderSpec,
    GruEncoder,
    LstmEncoder,
    PretrainedEncoder,
    TransformerEncoder,
)
from worker.training.data import RunData
from worker.training.encoders.bag import BagMeanEncoder
from worker.training.encoders.encoder import Encoder, TokenEncoder
from worker.training.encoders.gru import GruMeanEncoder
from worker.training.encoders.initial import Weights, initial_weights
from worker.training.encoders.lstm import LstmMeanEncoder
from worker.training.encoders.pretrained import PretrainedTextEncoder
from worker.training.encoders.transformer import TransformerMeanEncoder


def start_encoder(spec: EncoderSpec, data: RunData, seed: int) -> Encoder:
    """The encoder as a training begins with it: with weights that the seed draws and embeddings
    that token vectors give, or with the pretrained model's; both come with the data."""
    weights, vectors = start_weights(spec, data, seed), data.vectors
    if isinstance(spec, PretrainedEncoder):
        assert data.pretrained is not None
        return PretrainedTextEncoder(spec, data.pretrained.config, weights)
    encoder = build_encoder(spec, weights)
    if vectors is not None and not spec.train_vectors:
        encoder.hold(vectors.ids)
    return encoder


def start_weights(spec: EncoderSpec, data: RunData, seed: int) -> Weights:
    """The weights of `start_encoder`, by name; those of a pretrained model are the data's own."""
    if isinstance(spec, PretrainedEncoder):
        assert data.pretrained is not None
        return data.pretrained.weights
    weights = initial_weights(spec, data.vocabulary_size, seed)
    if data.vectors is not None:
        # all rows are drawn all the same, so each has the draw that it has without vectors
        weights["embedding"][data.vectors.ids] = data.vectors.values
    return weights


def build_encoder(spec: EncoderSpec, weights: Weights) -> TokenEncoder:
    """The encoder of a spec, with these weights, which were drawn or trained.

    Raises `TypeError` for a pretrained one, which needs its config too.
    """
    match spec:
        case PretrainedEncoder():
            raise TypeError("a pretrained encoder is built by PretrainedTextEncoder")
        case LstmEncoder():
            return LstmMeanEncoder(spec, weights)
        case GruEncoder():
            return GruMeanEncoder(spec, weights)
        case BagEncoder():
            return BagMeanEncoder(spec, weights)
        case TransformerEncoder():
            return TransformerMeanEncoder(spec, weights)
