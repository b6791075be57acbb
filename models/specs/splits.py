"""How the pairs of a data set are split into those that train, validate and test."""

from typing import Annotated, Literal

from pydantic import Field

from models.specs.base import SpecPart

Fraction = Annotated[float, Field(gt=0, lt=1)]


class InOrderSplit(SpecPart):
    """The first rows train and the next rows test, as in the course."""

    kind: Literal["in_order"] = "in_order"
    train_rows: Annotated[int, Field(ge=2)] = 300_000
    test_rows: Annotated[int, Field(ge=1)] = 10_240
    validation_fraction: Fraction = 0.2
    """The share of the training rows' duplicates, the last ones, that is kept for validation."""


class GivenSplit(SpecPart):
    """The data set's own column says `train`, `validation` or `test` for each row."""

    kind: Literal["given"]
    validation_fraction: Fraction = 0.2
    """The share taken from the training rows when no row is marked `validation`."""


class ConnectedGroupsSplit(SpecPart):
    """No question of a test pair, nor any joined to it by duplicate links, is trained on."""

    kind: Literal["connected_groups"]
    test_rows: Annotated[int, Field(ge=1)] = 10_240
    """Test pairs, with the data set's share of duplicates; all other pairs train or validate."""
    validation_fraction: Fraction = 0.2
    """The share of the other duplicates, in whole groups, that is kept for validation."""


SplitSpec = Annotated[InOrderSplit | ConnectedGroupsSplit | GivenSplit, Field(discriminator="kind")]
