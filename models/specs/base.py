"""What every part of a spec has in common: frozen, strict, no unknown keys, no NaN."""

from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

from models.specs.formula.errors import FormulaError


class SpecPart(BaseModel):
    """A frozen piece of a spec; an unknown key is an error, since a typo would be silent."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


def contradiction(field: str, reason: str) -> PydanticCustomError:
    """An error of fields that contradict each other; `field` is the pointer below this part."""
    context: dict[str, Any] = {"field": field, "reason": reason}
    return PydanticCustomError("contradiction", "{reason}", context)


def formula_problem(text: str, error: FormulaError) -> PydanticCustomError:
    """The error of a formula, with its column and a caret."""
    context: dict[str, Any] = {"reason": error.in_text(text), "column": error.column}
    return PydanticCustomError("formula", "{reason}", context)
