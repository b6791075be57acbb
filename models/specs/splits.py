"""How the pairs of a data set are split into those that train, validate and test.

How many rows that is may be said in rows, as a share of them, or not at all: what is not said
follows from the data set (`models.datasets.split_sizes`), when the experiment is accepted.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from models.specs.base import SpecPart, contradiction

Fraction = Annotated[float, Field(gt=0, lt=1)]
ROWS = ("train_rows", "test_rows")
SIZES = (*ROWS, "train_share")


class _SizedSplit(SpecPart):
    """A split of which a person may choose the size, in rows or as a share; it has some of the
    fields `SIZES`."""

    @model_validator(mode="after")
    def _rows_or_a_share(self) -> "_SizedSplit":
        if self.size("train_share") is not None:
            rows = [name for name in ROWS if self.size(name) is not None]
            if rows:
                detail = f"give either train_share or {' and '.join(rows)}, not both"
                raise contradiction("/train_share", detail)
        return self

    def size(self, name: str) -> float | None:
        """A size of this split; None where it was not given, or where this kind has none such."""
        value: float | None = getattr(self, name, None)
        return value

    @model_serializer(mode="wrap")
    def _without_sizes_not_given(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A split in rows is stored as before there were shares."""
        document: dict[str, Any] = handler(self)
        return {k: value for k, value in document.items() if k not in SIZES or value is not None}


class InOrderSplit(_SizedSplit):
    """The first rows train and the next rows test, as in the course."""

    kind: Literal["in_order"] = "in_order"
    train_rows: Annotated[int, Field(ge=2)] | None = None
    """Rows to train and validate; not given: four fifths of all, or up to 300,000."""
    test_rows: Annotated[int, Field(ge=1)] | None = None
    """Rows to test, which follow; not given: a fifth of all, at most 10,240."""
    train_share: Fraction | None = None
    """The share of all rows that train and validate, in place of both numbers: all others test."""
    validation_fraction: Fraction = 0.2
    """The share of the training rows' duplicates, the last ones, that is kept for validation."""


class GivenSplit(SpecPart):
    """The data set's own column says `train`, `validation` or `test` for each row."""

    kind: Literal["given"]
    validation_fraction: Fraction = 0.2
    """The share taken from the training rows when no row is marked `validation`."""


class ConnectedGroupsSplit(_SizedSplit):
    """No question of a test pair, nor any joined to it by duplicate links, is trained on."""

    kind: Literal["connected_groups"]
    test_rows: Annotated[int, Field(ge=1)] | None = None
    """Test pairs, with the data set's share of duplicates; all other pairs train or validate. Not
    given: a fifth of all rows, at most 10,240, or what the groups allow."""
    train_share: Fraction | None = None
    """The share of all rows that are not test pairs, in place of their number."""
    validation_fraction: Fraction = 0.2
    """The share of the other duplicates, in whole groups, that is kept for validation."""


SplitSpec = Annotated[InOrderSplit | ConnectedGroupsSplit | GivenSplit, Field(discriminator="kind")]
