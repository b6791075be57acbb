"""The loss of an arm: a list of weighted hinge terms over the negatives of a batch.

`s_ap` is the cosine similarity of an anchor and its positive, `s_an` that of the anchor and
another pair's question in the same batch. Every term is one hinge for each anchor,
max(0, margin - s_ap + negative), where the term says which negatives enter and how.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from models.specs.base import SpecPart, contradiction

MAX_TERMS = 8  # the table `steps` has one column of active shares for each term

Among = Literal["all", "not_harder_than_positive", "semi_hard"]
Anchors = Literal["first", "second", "both"]
Margin = Annotated[float, Field(gt=0, le=2)]


class Term(SpecPart):
    among: Among = "all"
    """Which negatives count: `all`; `not_harder_than_positive`, the course's mask, which leaves
    out every s_an > s_ap; `semi_hard`, not harder than the positive and within the margin of it."""
    weight: Annotated[float, Field(gt=0, le=1000)] = 1.0
    """The factor of this term in the sum."""
    margin: Margin | None = None
    """The hinge's margin; null takes the margin of the loss."""


class MeanNegative(Term):
    """The hinge of the mean of the negatives that count (the course's first term)."""

    kind: Literal["mean_negative"]


class ClosestNegative(Term):
    """The hinge of the most similar negative that counts (the course's second term)."""

    kind: Literal["closest_negative"]


AnyTerm = Annotated[MeanNegative | ClosestNegative, Field(discriminator="kind")]


class LossSpec(SpecPart):
    terms: Annotated[tuple[AnyTerm, ...], Field(min_length=1, max_length=MAX_TERMS)]
    """The hinge terms that are added."""
    margin: Margin = 0.25
    """The margin of every term that names none."""
    reduction: Literal["sum", "mean"] = "sum"
    """How the rows of a batch become one loss; the learning rate sees the difference."""
    exclude_known_duplicates: bool = False
    """Whether pairs of the batch that are known to ask the same as the anchor (the same text, or
    joined to it by duplicate links) are left out of its negatives, in every term."""
    anchors: Anchors = "first"
    """Which side of each pair is the anchor; `both` averages the two directions."""

    @model_validator(mode="after")
    def _terms_differ(self) -> "LossSpec":
        seen = set()
        for index, term in enumerate(self.terms):
            key = (term.kind, term.among, self.margin_of(term))
            if key in seen:
                raise contradiction(
                    f"/terms/{index}", "this term stands twice; give one of them a larger weight"
                )
            seen.add(key)
        return self

    def margin_of(self, term: Term) -> float:
        """The margin that holds for this term."""
        return self.margin if term.margin is None else term.margin

    @property
    def collapsed_loss_per_row(self) -> float:
        """The loss per row when every similarity is the same: the sum of weight x margin."""
        return sum(term.weight * self.margin_of(term) for term in self.terms)
