"""From the spec of an encoder and its weights to the encoder."""

from models.specs.training import (
    BagEncoder,
    EncoderSpec,
    GruEncoder,
    LstmEncoder,
    TransformerEncoder,
)
from worker.training.encoders.bag import BagMeanEncoder
from worker.training.encoders.encoder import Encoder
from worker.training.encoders.gru import GruMeanEncoder
from worker.training.encoders.initial import Weights
from worker.training.encoders.lstm import LstmMeanEncoder
from worker.training.encoders.transformer import TransformerMeanEncoder


def build_encoder(spec: EncoderSpec, weights: Weights) -> Encoder:
    """The encoder of a spec, with these weights."""
    match spec:
        case LstmEncoder():
            return LstmMeanEncoder(spec, weights)
        case GruEncoder():
            return GruMeanEncoder(spec, weights)
        case BagEncoder():
            return BagMeanEncoder(spec, weights)
        case TransformerEncoder():
            return TransformerMeanEncoder(spec, weights)
