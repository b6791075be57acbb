"""The terms of a loss that are computed here: each turns an anchor's row of a batch into a number.

`s_ap` is the cosine similarity of an anchor and its positive, `s_an` that of the anchor and
another pair's question in the same batch. A hinge term is max(0, margin - s_ap + negative) for
each anchor; the term says which negatives enter and how.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from models.specs.base import SpecPart, contradiction, formula_problem
from models.specs.formula.errors import FormulaError
from models.specs.formula.grammar import parse
from models.specs.formula.language import MAX_LENGTH
from models.specs.formula.tree import names

MAX_STAGES = 16

Among = Literal["all", "not_harder_than_positive", "semi_hard"]
Margin = Annotated[float, Field(gt=0, le=2)]


class Weighted(SpecPart):
    weight: Annotated[float, Field(gt=0, le=1000)] = 1.0
    """The factor of this term in the sum."""


class Hinge(Weighted):
    """A term with a margin: a hinge, or a formula, which may name one."""

    margin: Margin | None = None
    """Its margin; null takes the margin of the loss."""


class Stage(SpecPart):
    """One stage of a mining schedule; it holds until the next one begins."""

    from_step: Annotated[int, Field(ge=1)]
    """The first step, counted from 1, under this rule."""
    among: Among
    """Which negatives count from then on."""


class Mined(Hinge):
    """A term over a choice of negatives, which is the same at every step or follows a schedule."""

    among: Among | None = None
    """Which negatives count, by default all; null where `mining` has a schedule."""
    mining: Annotated[tuple[Stage, ...], Field(min_length=1, max_length=MAX_STAGES)] | None = None
    """A schedule in place of `among`: stages from step 1 on, such as semi-hard first, all later.
    Validation losses always use its last rule, so that they can be compared over steps."""

    @model_validator(mode="after")
    def _one_rule_at_every_step(self) -> "Mined":
        if self.mining is None:
            if self.among is None:
                # written in, so that the stored spec says which rule held
                object.__setattr__(self, "among", "all")
            return self
        if self.among is not None:
            raise contradiction("/mining", "give 'among' or a 'mining' schedule, not both")
        steps = [stage.from_step for stage in self.mining]
        if steps[0] != 1:
            raise contradiction("/mining/0/from_step", "the first stage must begin at step 1")
        for index in range(1, len(steps)):
            if steps[index] <= steps[index - 1]:
                raise contradiction(
                    f"/mining/{index}/from_step",
                    f"stages are in order: this one must begin after step {steps[index - 1]}",
                )
        return self

    def among_at(self, step: int | None) -> Among:
        """The rule in force at `step`, counted from 1; None means the last rule."""
        if self.mining is None:
            return self.among or "all"
        begun = [s.among for s in self.mining if step is None or s.from_step <= step]
        return begun[-1]


class MeanNegative(Mined):
    """The hinge of the mean of the negatives that count (the course's first term)."""

    kind: Literal["mean_negative"]


class ClosestNegative(Mined):
    """The hinge of the most similar negative that counts (the course's second term)."""

    kind: Literal["closest_negative"]


class DistanceWeighted(Hinge):
    """The hinge of one negative, drawn so that all distances are about equally likely.

    Wu et al. 2017, arXiv 1706.07567: the probability of a negative is inverse to the density of
    its distance among random points of the sphere, clipped at both ends as the authors do. The
    draw follows from seed and step; a validation loss takes the expected value over the draw.
    """

    kind: Literal["distance_weighted"]


class SelectivelyContrastive(Hinge):
    """The hinge of the closest negative; a negative harder than the positive is only pushed away,
    and its positive is not pulled (Xuan et al. 2020, arXiv 2007.12749)."""

    kind: Literal["selectively_contrastive"]
    hard_weight: Annotated[float, Field(gt=0, le=1000)] = 1.0
    """The paper's lambda: how strongly a negative harder than the positive is pushed."""


class MultipleNegatives(Weighted):
    """Cross-entropy of picking the positive out of the row by its scaled similarities.

    Henderson et al. 2017, arXiv 1705.00652; `MultipleNegativesRankingLoss` of
    sentence-transformers.
    """

    kind: Literal["multiple_negatives"]
    scale: Annotated[float, Field(gt=0, le=1000)] = 20.0
    """The factor of the similarities: one over the temperature."""


def _parsed(row: str) -> str:
    try:
        parse(row)
    except FormulaError as error:
        raise formula_problem(row, error) from None
    return row


class Formula(Mined):
    """A term in your own words, over the similarities of a row (docs/formulas.md).

    It may be below 0, unlike all other terms. In a row without a negative that counts it is 0,
    unless it only sums and counts them, or names none.
    """

    kind: Literal["formula"]
    row: Annotated[
        str,
        Field(
            min_length=1,
            max_length=MAX_LENGTH,
            examples=["relu(margin - s_ap + logmeanexp(20 * s_an) / 20)"],
            json_schema_extra={"x-formula": True},
        ),
        AfterValidator(_parsed),
    ]
    """The value of a row, from `s_ap`, `s_an` (the negatives that count), `margin`, `step` and
    `batch_size`: relu(margin - s_ap + max(s_an)) is `closest_negative`."""

    @model_validator(mode="after")
    def _reads_what_was_set(self) -> "Formula":
        read = names(parse(self.row))
        if self.margin is not None and "margin" not in read:
            ruled = self.mining is not None or self.among != "all"
            if not (ruled and "s_an" in read):  # semi-hard negatives lie within the margin
                raise contradiction("/margin", "this formula does not name margin")
        if "s_an" not in read and (self.mining is not None or self.among != "all"):
            field = "/mining" if self.mining is not None else "/among"
            raise contradiction(field, "this formula does not name s_an")
        return self

    @property
    def names(self) -> frozenset[str]:
        """The names that the formula reads."""
        return names(parse(self.row))
