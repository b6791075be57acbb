"""The terms of a loss in words, and what each makes of a row in the language of formulas.

Tests hold these formulas to those that give the bits of the terms (docs/formulas.md). Which
negatives count is said beside a formula, as for a term that is one.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from models.specs.losses import LossSpec
from models.specs.wording.field_words import rest_of_term, spaced

CLOSEST = "relu(margin - s_ap + max(s_an))"
CLOSEST_UNDER_THE_COURSES_MASK = "relu(margin - s_ap + max(where(s_an > s_ap, s_an - 2, s_an)))"


class TermInWords(BaseModel):
    model_config = ConfigDict(frozen=True)

    kind: str
    """Its kind in words: `closest negative`."""
    weight: float
    formula: str | None
    """Its value for a row, before the weight; null for the kinds that the language cannot say, or
    says at length."""
    rest: str
    """What else was given: `negatives semi-hard, margin 0.3`; empty where nothing was."""


def terms_in_words(loss: LossSpec) -> list[TermInWords]:
    """Return the terms of a loss, in its order."""
    terms = [term.model_dump(mode="json") for term in loss.terms]
    return [
        TermInWords(
            kind=spaced(one["kind"]),
            weight=one["weight"],
            formula=term_formula(one),
            rest=rest_of_term(one),
        )
        for one in terms
    ]


def term_formula(term: Mapping[str, Any]) -> str | None:
    """Return the formula of a term, as it is stored; None for a kind that the language cannot say,
    or says at length."""
    match term["kind"]:
        case "formula":
            return str(term["row"])
        case "mean_negative":
            return "relu(margin - s_ap + mean(s_an))"
        case "closest_negative":
            masked = term["among"] == "not_harder_than_positive"
            return CLOSEST_UNDER_THE_COURSES_MASK if masked else CLOSEST
        case "selectively_contrastive":
            hard = f"margin + {term['hard_weight']:g} * (max(s_an) - detach(s_ap))"
            return f"where(max(s_an) > s_ap, {hard}, {CLOSEST})"
        case "multiple_negatives":
            scale = f"{term['scale']:g}"
            return f"cross_entropy({scale} * s_ap, {scale} * s_an)"
        case _:
            return None
