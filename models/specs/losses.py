"""The loss of an arm: a list of weighted terms over the pairs of a batch.

The kinds of terms are in `terms.py` (computed here) and `library_terms.py` (computed by a library).
"""

import math
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from models.specs.base import SpecPart, contradiction
from models.specs.formula.examples import collapsed_value
from models.specs.library_terms import BatchHardSoftMargin, Circle, Contrastive, MultiSimilarity
from models.specs.terms import (
    ClosestNegative,
    DistanceWeighted,
    Formula,
    Hinge,
    Margin,
    MeanNegative,
    Mined,
    MultipleNegatives,
    SelectivelyContrastive,
    Stage,
)

MAX_TERMS = 8  # the table `steps` has one column of active shares for each term

Anchors = Literal["first", "second", "both"]

AnyTerm = Annotated[
    MeanNegative
    | ClosestNegative
    | DistanceWeighted
    | SelectivelyContrastive
    | MultipleNegatives
    | Contrastive
    | MultiSimilarity
    | Circle
    | BatchHardSoftMargin
    | Formula,
    Field(discriminator="kind"),
]


class LossSpec(SpecPart):
    terms: Annotated[tuple[AnyTerm, ...], Field(min_length=1, max_length=MAX_TERMS)]
    """The terms that are added up."""
    margin: Margin = 0.25
    """The margin of every hinge term without its own."""
    reduction: Literal["sum", "mean"] = "sum"
    """How the rows of a batch become one loss; the best learning rate depends on it."""
    exclude_known_duplicates: bool = False
    """Whether questions of the batch that are known duplicates of the anchor (the same text, or
    joined to it by duplicate links) are left out of its negatives, in every term."""
    anchors: Anchors = "first"
    """Which side of each pair is the anchor."""

    @model_validator(mode="after")
    def _terms_differ(self) -> "LossSpec":
        seen = set()
        for index, term in enumerate(self.terms):
            alike: dict[str, float] = {"weight": 1.0}
            if isinstance(term, Hinge):
                alike["margin"] = self.margin_of(term)
            key = term.model_copy(update=alike)
            if key in seen:
                raise contradiction(
                    f"/terms/{index}", "this term is listed twice; give one of them a larger weight"
                )
            seen.add(key)
        return self

    def margin_of(self, term: Hinge) -> float:
        """The margin that holds for this term."""
        return self.margin if term.margin is None else term.margin

    def mining_stages(self) -> Iterator[tuple[str, Stage]]:
        """Every stage of every mining schedule, with its pointer below the loss."""
        for index, term in enumerate(self.terms):
            if isinstance(term, Mined):
                for number, stage in enumerate(term.mining or ()):
                    yield f"/terms/{index}/mining/{number}", stage

    @property
    def collapsed_loss_per_row(self) -> float | None:
        """The loss per row when every similarity is the same: the sum of weight x margin over
        hinge terms, and weight x log 2 of the soft margin; of a formula what it is then.

        None with any other term, or such a formula: its value then depends on the batch size, on
        the step or on the similarity to which the batch has collapsed.
        """
        total = 0.0
        for term in self.terms:
            if isinstance(term, Formula):
                value = collapsed_value(term.row, self.margin_of(term))
                if value is None:
                    return None
                total += term.weight * value
            elif isinstance(term, Hinge):
                total += term.weight * self.margin_of(term)
            elif isinstance(term, BatchHardSoftMargin):
                total += term.weight * math.log(2)
            else:
                return None
        return total
