"""The terms that pytorch-metric-learning computes, over the pairs of one batch.

An anchor is compared with the other side of the batch alone: its own partner is the positive, the
other pairs' questions are its negatives. The library by itself would also compare questions of the
same side with each other.
"""

from typing import Annotated, Literal

from pydantic import Field

from models.specs.terms import Weighted

Similarity = Annotated[float, Field(ge=-1, le=1)]


class Contrastive(Weighted):
    """A cost for positives below one similarity and negatives above another (Hadsell et al. 2006).

    max(0, positive_margin - s_ap), plus the mean of max(0, s_an - negative_margin) over the
    anchor's negatives above `negative_margin`.
    """

    kind: Literal["contrastive"]
    positive_margin: Similarity = 1.0
    """A positive is pulled until it is this similar."""
    negative_margin: Similarity = 0.5
    """A negative is pushed while it is more similar than this."""


class MultiSimilarity(Weighted):
    """log(1 + exp(-alpha (s_ap - base))) / alpha + log(1 + sum exp(beta (s_an - base))) / beta.

    Wang et al. 2019, arXiv 1904.06627, without the paper's choice of pairs beforehand.
    """

    kind: Literal["multi_similarity"]
    alpha: Annotated[float, Field(gt=0, le=1000)] = 2.0
    """How sharply positives are weighted."""
    beta: Annotated[float, Field(gt=0, le=1000)] = 50.0
    """How sharply negatives are weighted."""
    base: Similarity = 0.5
    """The similarity that both exponents are measured from; lambda in the paper."""


class Circle(Weighted):
    """Every similarity pulled or pushed by its own distance from its optimum.

    Sun et al. 2020, arXiv 2002.10857, with pair labels.
    """

    kind: Literal["circle"]
    relaxation: Annotated[float, Field(gt=0, lt=1)] = 0.4
    """The width of the decision boundary; m in the paper."""
    scale: Annotated[float, Field(gt=0, le=1000)] = 80.0
    """The factor of the similarities; gamma in the paper."""


class BatchHardSoftMargin(Weighted):
    """log(1 + exp(s_an - s_ap)) of the closest negative: a hinge without a margin or a corner.

    Hermans et al. 2017, arXiv 1703.07737, on similarities instead of distances.
    """

    kind: Literal["batch_hard_soft_margin"]


LibraryTerm = Contrastive | MultiSimilarity | Circle | BatchHardSoftMargin
