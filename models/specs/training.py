"""How the network is built, trained and read: encoder, tokens, negatives, optimiser, threshold. An
arm may override each."""

from typing import Annotated, Literal

from pydantic import (
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from models.specs.base import ExtendedPart, SpecPart, contradiction

Dimension = Annotated[int, Field(ge=1, le=4096)]
BatchSize = Annotated[int, Field(ge=2, le=8192)]
Steps = Annotated[int, Field(ge=1, le=1_000_000)]
Interval = Annotated[int, Field(ge=1)]
UploadName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
Tokenizer = Literal["word", "lower", "characters"]
KeptWeights = Literal["last", "best_validation"]


class EncoderPart(ExtendedPart):
    later = frozenset({"max_tokens", "dropout", "vectors", "train_vectors"})

    embedding_dim: Dimension = 128
    """Width of a token's embedding."""
    pooling: Literal["mean"] = "mean"
    """How a question's outputs over time become one vector, before it is scaled to length 1."""
    padding: Literal["masked", "power_of_two"] = "masked"
    """What becomes of the padding that makes questions of a batch equally long."""
    init: Literal["torch", "trax"] = "torch"
    """Which default initial weights."""
    max_tokens: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """Longer texts are cut to this many tokens, wherever they are read; null reads all. The
    vocabulary has the words of whole texts, so arms that cut differently share initial weights."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the entries of a question's mean that each training step leaves out, before it is
    scaled; drawn anew from the seed and the step. Evaluations leave nothing out."""
    vectors: UploadName | None = None
    """Name of token vectors of this service (`/v1/vectors`), with which the embeddings of the words
    begin that are among their tokens; those of other words are drawn as ever. `embedding_dim` is
    theirs, and need not be given. Null draws all of them."""
    train_vectors: bool = True
    """Whether the embeddings that come from `vectors` are trained, as all else is; if not, they
    stay as the file has them."""

    @model_validator(mode="after")
    def _there_are_vectors_to_hold(self) -> "EncoderPart":
        if self.vectors is None and not self.train_vectors:
            raise contradiction("/train_vectors", "there are no vectors; name some `vectors`")
        return self


class LstmEncoder(EncoderPart):
    """Embedding, one LSTM layer, mean over time."""

    kind: Literal["lstm"]
    hidden_dim: Dimension = 128
    """Width of the LSTM's state, and so of a question's vector."""


class BagEncoder(EncoderPart):
    """Mean of the token embeddings: ignores the order of words, and is fast."""

    kind: Literal["bag"]


class GruEncoder(EncoderPart):
    """Embedding, one GRU layer, mean over time."""

    kind: Literal["gru"]
    hidden_dim: Dimension = 128
    """Width of the GRU's state, and so of a question's vector."""


class TransformerEncoder(EncoderPart):
    """Embedding and sinusoidal positions, pre-norm attention layers, mean over the tokens."""

    kind: Literal["transformer"]
    layers: Annotated[int, Field(ge=1, le=24)] = 2
    """Layers of attention, one over the other."""
    heads: Annotated[int, Field(ge=1, le=64)] = 4
    """Attention heads of a layer; `embedding_dim` is divided among them."""
    feedforward_dim: Dimension = 256
    """Width between the two linear maps of a layer."""

    @model_validator(mode="after")
    def _heads_share_the_width(self) -> "TransformerEncoder":
        if self.embedding_dim % self.heads:
            width = self.embedding_dim
            raise contradiction(
                "/heads",
                f"an embedding_dim of {width} cannot be divided evenly among {self.heads} heads",
            )
        return self


TrainLayers = Annotated[
    Annotated[Literal["all"], Tag("all")] | Annotated[int, Field(ge=1, le=64), Tag("number")],
    # one of the two is meant, so that a wrong value has one error
    Discriminator(lambda value: "all" if isinstance(value, str) else "number"),
]


class PretrainedEncoder(SpecPart):
    """A pretrained encoder with the tokenizer that it came with: the spec's `tokenizer` and
    `vocabulary` are not used. A seed moves the order of the batches and the dropout, and no
    initial weight: all runs start from those of the model."""

    kind: Literal["pretrained"]
    model: UploadName
    """Name of a model of this service (`/v1/models`)."""
    pooling: Literal["mean", "cls"] = "mean"
    """How a text's outputs become one vector, before it is scaled to length 1."""
    max_tokens: Annotated[int, Field(ge=4, le=8192)] = 128
    """Longer texts are cut to this many tokens, special ones included."""
    train_layers: TrainLayers = "all"
    """`all` weights are trained, the embeddings too, or only so many of the last layers."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of outputs, and of attention, that each training step leaves out; drawn anew from the
    seed and the step. Evaluations leave nothing out."""


EncoderSpec = Annotated[
    LstmEncoder | GruEncoder | BagEncoder | TransformerEncoder | PretrainedEncoder,
    Field(discriminator="kind"),
]
OwnEncoder = LstmEncoder | GruEncoder | BagEncoder | TransformerEncoder
"""An encoder whose initial weights are drawn."""


class NegativesSpec(SpecPart):
    """Given negatives are a triplet's own, or questions that a training row labels as no duplicate
    of the anchor. Every rule and term of the loss applies to all negatives that count."""

    in_batch: bool = True
    """Whether the other pairs of the batch are negatives of an anchor, and those given to their
    anchors too. False: only its own given ones are, and pairs whose anchor has none do not
    train."""
    given: Annotated[int, Field(ge=0, le=8)] = 0
    """The most given negatives of each anchor in a batch; where it has more, they are drawn from
    the seed and the step. An anchor that has fewer has those."""

    @model_validator(mode="after")
    def _some_negative_is_left(self) -> "NegativesSpec":
        if not self.in_batch and not self.given:
            raise contradiction("/in_batch", "without given negatives there would be none; take 1")
        return self


class Constant(SpecPart):
    """The same learning rate at every step."""

    kind: Literal["constant"]


class WarmupRsqrt(SpecPart):
    """Trax's `warmup_and_rsqrt_decay`: lr x min(step / (w + 1), sqrt((w + 1) / step))."""

    kind: Literal["warmup_rsqrt"]
    warmup_steps: Annotated[int, Field(ge=0, le=1_000_000)] = 400
    """Steps over which the learning rate rises to its peak."""


class WarmupCosine(SpecPart):
    """A linear rise over the warm-up, then half a cosine down to zero after the last step."""

    kind: Literal["warmup_cosine"]
    warmup_steps: Annotated[int, Field(ge=0, le=1_000_000)] = 400
    """Steps over which the learning rate rises to its peak."""


class Linear(SpecPart):
    """A linear rise over the warm-up, then a linear fall that would reach zero one step after the
    last."""

    kind: Literal["linear"]
    warmup_steps: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Steps over which the learning rate rises to its peak."""


ScheduleSpec = Annotated[
    Constant | WarmupRsqrt | WarmupCosine | Linear, Field(discriminator="kind")
]
LearningRate = Annotated[float, Field(gt=0, le=10)]
WeightDecay = Annotated[float, Field(ge=0, le=1)]


class OptimizerPart(ExtendedPart):
    """What every optimiser has, behind its own fields."""

    later = frozenset({"clip"})

    clip: Annotated[float, Field(gt=0, le=1_000_000)] | None = None
    """The greatest norm of the gradient of all weights: a longer one is scaled down to it. Null
    leaves it as it is. The metric `gradient_norm` is that before."""


class AdamSpec(OptimizerPart):
    """Adam as Trax has it, whose weights shrink by a fixed factor at each step."""

    kind: Literal["adam"] = "adam"
    lr: LearningRate = 0.01
    """Peak learning rate."""
    eps: Annotated[float, Field(gt=0, le=1)] = 1e-5
    """Added to the root of the second moment; Trax uses 1e-5, PyTorch 1e-8."""
    weight_shrink: Annotated[float, Field(ge=0, lt=1)] = 1e-5
    """Every weight is multiplied by 1 - weight_shrink at each step, at any learning rate."""
    schedule: ScheduleSpec = WarmupRsqrt(kind="warmup_rsqrt")
    """The learning rate over the steps."""


class AdamWSpec(OptimizerPart):
    """AdamW (Loshchilov and Hutter 2019), as PyTorch has it: decoupled decay."""

    kind: Literal["adamw"]
    lr: LearningRate = 0.001
    """Peak learning rate."""
    eps: Annotated[float, Field(gt=0, le=1)] = 1e-8
    """Added to the root of the second moment."""
    weight_decay: WeightDecay = 0.01
    """Every weight is multiplied by 1 - learning rate x weight_decay at each step."""
    schedule: ScheduleSpec = WarmupRsqrt(kind="warmup_rsqrt")
    """The learning rate over the steps."""


class SgdSpec(OptimizerPart):
    """Stochastic gradient descent with momentum, as PyTorch has it."""

    kind: Literal["sgd"]
    lr: LearningRate = 0.1
    """Peak learning rate."""
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """Share of the last update's direction that the next one keeps."""
    nesterov: bool = False
    """Whether the gradient is looked at where the momentum leads (Sutskever et al. 2013)."""
    weight_decay: WeightDecay = 0.0
    """Times the weights, added to the gradient."""
    schedule: ScheduleSpec = WarmupRsqrt(kind="warmup_rsqrt")
    """The learning rate over the steps."""

    @model_validator(mode="after")
    def _nesterov_has_momentum(self) -> "SgdSpec":
        if self.nesterov and not self.momentum:
            raise contradiction("/nesterov", "without momentum there is nothing to look ahead by")
        return self


OptimizerSpec = Annotated[AdamSpec | AdamWSpec | SgdSpec, Field(discriminator="kind")]


class VocabularySpec(ExtendedPart):
    """The words that a network knows; others are unknown."""

    later = frozenset({"rows"})

    rows: Literal["duplicates", "all"] = "duplicates"
    """Which rows the network knows the words of."""
    min_count: Annotated[int, Field(ge=1)] = 1
    """Words that occur less often are unknown."""
    max_size: Annotated[int, Field(ge=1)] | None = None
    """The most words to keep, the most frequent ones; null keeps all."""


RisingValidation = Literal[
    "validation.accuracy",
    "validation.roc_auc",
    "validation.average_precision",
    "validation.f1",
    "validation.mcc",
    "validation.spearman",
    "validation.triplet_accuracy",
]
"""Metrics of the validation that rise as a network gets better, and by which one may choose."""


class EarlyStop(SpecPart):
    """End a run whose validation no longer improves; it succeeds, with fewer steps."""

    metric: Literal["validation.loss", "validation.baseline_loss", RisingValidation] = (
        "validation.loss"
    )
    """What must improve: a loss falls, any other metric rises. A metric that does not exist, since
    the validation pairs have one label, never improves."""
    patience: Annotated[int, Field(ge=1, le=10_000)] = 5
    """The run ends after this many evaluations in a row without an improvement."""
    min_delta: Annotated[float, Field(ge=0)] = 0.0
    """Only a change by more than this, in units of the metric, is an improvement."""


class FixedThreshold(SpecPart):
    """A pair is called a duplicate when its similarity is above this value (strictly)."""

    kind: Literal["fixed"] = "fixed"
    value: Annotated[float, Field(ge=-1, le=1)] = 0.7
    """A cosine, from -1 to 1."""


class ValidationThreshold(SpecPart):
    """The threshold with the best accuracy on the validation pairs, chosen at each evaluation. The
    test uses the one chosen with the final weights, also on the validation pairs."""

    kind: Literal["validation"]


ThresholdSpec = Annotated[FixedThreshold | ValidationThreshold, Field(discriminator="kind")]
