"""Factors: choices that are varied together, and the effects that are asked about.

A *level* is one value of a factor and a *cell* one level of each; the first levels are the
baseline. Cells become the arms of the spec (`models.specs.cells`), called `mask=kept, init=trax`,
so that all that trains, counts and keeps runs knows arms alone. An *effect* is a contrast of cells:
what is added, less what is subtracted.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations, product
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    PlainValidator,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from models.specs.base import SpecPart, contradiction
from models.specs.losses import LossSpec
from models.specs.training import (
    BatchSize,
    EarlyStop,
    EncoderSpec,
    Interval,
    KeptWeights,
    NegativesSpec,
    OptimizerSpec,
    Steps,
    ThresholdSpec,
    Tokenizer,
    VocabularySpec,
)

MAX_CELLS = 64
LONGEST_CELL = 64
"""Characters of a cell's name, which is that of an arm."""
LARGEST_LEVEL = 10_000
"""Characters of a level's fields as JSON: each of its mistakes is looked for in every cell."""

Design = Literal["full", "one_at_a_time"]
EffectFamily = Literal["main", "with_interactions"]
EffectKind = Literal["main", "interaction"]
# what joins names to that of a cell is in none of them
FactorName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 _.+-]{0,63}$")]


def _as_sent(part: Any) -> Any:
    """A level may say a part of a part, so each is checked in the cells, merged over the spec's."""
    return part


_sent = partial(PlainValidator, _as_sent)


class Level(SpecPart):
    """One value of a factor: any fields of an arm, merged over those of the spec.

    `{"name": "slow", "optimizer": {"lr": 0.001}}` changes the learning rate and nothing else.
    """

    name: FactorName
    loss: Annotated[Any, _sent(json_schema_input_type=LossSpec | None)] = None
    tokenizer: Annotated[Any, _sent(json_schema_input_type=Tokenizer | None)] = None
    vocabulary: Annotated[Any, _sent(json_schema_input_type=VocabularySpec | None)] = None
    encoder: Annotated[Any, _sent(json_schema_input_type=EncoderSpec | None)] = None
    optimizer: Annotated[Any, _sent(json_schema_input_type=OptimizerSpec | None)] = None
    batch_size: Annotated[Any, _sent(json_schema_input_type=BatchSize | None)] = None
    negatives: Annotated[Any, _sent(json_schema_input_type=NegativesSpec | None)] = None
    steps: Annotated[Any, _sent(json_schema_input_type=Steps | None)] = None
    evaluate_every: Annotated[Any, _sent(json_schema_input_type=Interval | None)] = None
    early_stop: Annotated[Any, _sent(json_schema_input_type=EarlyStop | None)] = None
    checkpoint: Annotated[Any, _sent(json_schema_input_type=KeptWeights | None)] = None
    threshold: Annotated[Any, _sent(json_schema_input_type=ThresholdSpec | None)] = None

    @model_validator(mode="after")
    def _is_small(self) -> "Level":
        size = len(json.dumps(self.model_dump()))
        if size > LARGEST_LEVEL:
            detail = f"may have at most {LARGEST_LEVEL:,} characters as JSON, has {size:,}"
            raise contradiction("", detail)
        return self

    @model_serializer(mode="wrap")
    def _as_given(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: part for name, part in handler(self).items() if name in self.model_fields_set}


class Factor(SpecPart):
    """One choice that is varied; its first level is the baseline."""

    name: FactorName
    levels: Annotated[tuple[Level, ...], Field(min_length=2, max_length=MAX_CELLS)]


Factors = Annotated[tuple[Factor, ...], Field(min_length=1, max_length=MAX_CELLS)]


@dataclass(frozen=True, slots=True)
class Contrast:
    """Cells by name: under a seed, the mean of `added` less the mean of `subtracted`."""

    added: tuple[str, ...]
    subtracted: tuple[str, ...]

    @property
    def cells(self) -> tuple[str, ...]:
        return self.added + self.subtracted


@dataclass(frozen=True, slots=True)
class DeclaredEffect:
    """One question about the factors, and the contrasts of cells that answer it.

    The main effect of a level is one contrast: the level less the first one, in the cells that have
    the same levels otherwise. The interaction of two levels is the first of two contrasts less the
    other: what the one level does together with the other one, less what it does with the first
    level of the other factor.
    """

    kind: EffectKind
    factors: tuple[str, ...]
    levels: tuple[str, ...]
    baselines: tuple[str, ...]
    others: tuple[str, ...]
    """The factors over which it is a mean; one at a time they are at their first levels."""
    contrasts: tuple[Contrast, ...]

    @property
    def key(self) -> str:
        """Its name among the effects of an experiment: `mask=kept`, `mask=kept, init=torch`."""
        return cell_name(zip(self.factors, self.levels, strict=True))

    @property
    def settings(self) -> int:
        """Of the other factors, over which it is a mean."""
        return len(self.contrasts[0].added)

    @property
    def cells(self) -> tuple[str, ...]:
        """Every cell that it needs under a seed."""
        return tuple(name for contrast in self.contrasts for name in contrast.cells)


def cell_name(levels: Iterable[tuple[str, str]]) -> str:
    """The name of a cell, or of a part of one, from pairs of a factor's name and a level's."""
    return ", ".join(f"{factor}={level}" for factor, level in levels)


def cell_levels(factors: Sequence[Factor], design: Design) -> list[tuple[int, ...]]:
    """The levels of each cell, as indexes; the baseline, which has the first levels, is first."""
    if design == "full":
        return list(product(*(range(len(factor.levels)) for factor in factors)))
    baseline = (0,) * len(factors)
    return [
        baseline,
        *(
            (*baseline[:place], level, *baseline[place + 1 :])
            for place, factor in enumerate(factors)
            for level in range(1, len(factor.levels))
        ),
    ]


def cell_names(factors: Sequence[Factor], design: Design) -> dict[tuple[int, ...], str]:
    """The name of each cell by its levels."""
    return {
        cell: cell_name(
            (factor.name, factor.levels[level].name)
            for factor, level in zip(factors, cell, strict=True)
        )
        for cell in cell_levels(factors, design)
    }


def level_place(factors: Sequence[Factor], cell: tuple[int, ...], field: str) -> str | None:
    """The pointer of a field of a cell that one of its levels sets; None where none does."""
    for index, (factor, level) in enumerate(zip(factors, cell, strict=True)):
        if field in factor.levels[level].model_fields_set:
            return f"/factors/{index}/levels/{level}/{field}"
    return None


def declared_effects(
    factors: Sequence[Factor], design: Design, family: EffectFamily
) -> tuple[DeclaredEffect, ...]:
    """Every level of every factor against its first; then, with interactions, every two levels of
    every two factors."""
    names = cell_names(factors, design)
    all_places = range(len(factors))
    chosen = [
        *combinations(all_places, 1),
        *(combinations(all_places, 2) if family == "with_interactions" else ()),
    ]
    return tuple(
        _effect(factors, names, places, levels)
        for places in chosen
        for levels in product(*(range(1, len(factors[place].levels)) for place in places))
    )


def _effect(
    factors: Sequence[Factor],
    names: Mapping[tuple[int, ...], str],
    places: tuple[int, ...],
    levels: tuple[int, ...],
) -> DeclaredEffect:
    """The effect of these levels of the factors at `places`."""
    (place, *rest), (level, *at) = places, levels
    held = [dict(zip(rest, at, strict=True)), dict.fromkeys(rest, 0)][: len(places)]
    return DeclaredEffect(
        kind="main" if len(places) == 1 else "interaction",
        factors=tuple(factors[one].name for one in places),
        levels=tuple(
            factors[one].levels[own].name for one, own in zip(places, levels, strict=True)
        ),
        baselines=tuple(factors[one].levels[0].name for one in places),
        others=tuple(one.name for index, one in enumerate(factors) if index not in places),
        contrasts=tuple(_contrast(names, place, level, others) for others in held),
    )


def _contrast(
    names: Mapping[tuple[int, ...], str], place: int, level: int, held: Mapping[int, int]
) -> Contrast:
    """The level of the factor at `place` against its first, in the cells with the levels `held`.

    One at a time the design has only such cells in which all other factors are at their first.
    """
    both = []
    for cell, name in names.items():
        first = (*cell[:place], 0, *cell[place + 1 :])
        fits = all(cell[other] == own for other, own in held.items())
        if cell[place] == level and fits and first in names:
            both.append((name, names[first]))
    return Contrast(tuple(name for name, _ in both), tuple(first for _, first in both))
