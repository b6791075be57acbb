"""What every part of a spec has in common: frozen, strict, no unknown keys, no NaN."""

from typing import Any, ClassVar

from pydantic import (
    BaseModel,
    ConfigDict,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    model_serializer,
)
from pydantic_core import PydanticCustomError

from models.specs.formula.errors import FormulaError


class SpecPart(BaseModel):
    """A frozen piece of a spec; an unknown key is an error, since a typo would be silent."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


IDENTITY = "identity"
"""The context of a dump from which a checkpoint's identity is made, or that is in a hashed file."""


class ExtendedPart(SpecPart):
    """A part that has gained fields since there are checkpoints."""

    later: ClassVar[frozenset[str]] = frozenset()
    """These fields. In an identity they are absent where they have their defaults, so that what is
    from before, a checkpoint or a hash, holds to its spec. Elsewhere they are there: an arm's
    default would else be lost beside a spec that says something else."""

    @model_serializer(mode="wrap")
    def _as_before_in_an_identity(
        self, handler: SerializerFunctionWrapHandler, info: SerializationInfo
    ) -> dict[str, Any]:
        document: dict[str, Any] = handler(self)
        if info.context != IDENTITY:
            return document
        fields = type(self).model_fields
        usual = {name for name in self.later if document[name] == fields[name].default}
        return {name: value for name, value in document.items() if name not in usual}


def contradiction(field: str, reason: str) -> PydanticCustomError:
    """An error of fields that contradict each other; `field` is the pointer below this part."""
    context: dict[str, Any] = {"field": field, "reason": reason}
    return PydanticCustomError("contradiction", "{reason}", context)


def formula_problem(text: str, error: FormulaError) -> PydanticCustomError:
    """The error of a formula, with its column and a caret."""
    context: dict[str, Any] = {"reason": error.in_text(text), "column": error.column}
    return PydanticCustomError("formula", "{reason}", context)
