"""Which seeds an experiment has, and what a seed varies.

A seed fixes every random draw of a run, and these have sources: the initial weights, the order of
the batches, and, if that is asked for, which training rows there are. **A source that is varied
follows the seed of the run; one that is not is held, at the draw of one seed for all runs.** So a
difference between runs can be told to come from a source, as Bouthillier et al. ask ("Accounting
for Variance in Machine Learning Benchmarks", MLSys 2021).

With `tell_apart` the sources are told apart with one arm. Under each seed there is a run of that
seed, and for each varied source one more in which that source alone is drawn anew: two runs that
share all but this source (Jansen, "Analysis of variance designs for model output", Computer
Physics Communications 117, 1999). These runs are of further arms, so that all that trains, counts
and keeps runs knows arms alone.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    ConfigDict,
    Discriminator,
    Field,
    SerializerFunctionWrapHandler,
    Tag,
    model_serializer,
    model_validator,
)

from models.specs.base import SpecPart, contradiction
from models.specs.until_decided import UntilDecided

Seed = Annotated[int, Field(ge=0, lt=2**31)]

ANEW = 2**31
"""Added to a seed, it gives one that no run has: that of what is drawn anew."""

Source = Literal["initial_weights", "batch_order", "training_rows"]
SOURCES: tuple[Source, ...] = get_args(Source)
USUAL: tuple[Source, ...] = ("initial_weights", "batch_order")
"""What a seed varies unless the spec says otherwise; all training rows train then."""
SOURCE_WORDS: dict[Source, str] = {source: source.replace("_", " ") for source in SOURCES}
REDRAWN = {f"other {words}": source for source, words in SOURCE_WORDS.items()}
"""The arms of runs in which one source is drawn anew, by their names."""


@dataclass(frozen=True, slots=True)
class Draws:
    """The seed that each source of a run draws from."""

    initial_weights: int
    batch_order: int
    """Also of the negatives that a term draws out of a batch, and of dropout."""
    training_rows: int | None
    """None where no rows are drawn, and all train."""


def _which_seeds_first(schema: dict[str, Any]) -> None:
    """Put what tells one choice of seeds from another before what they have in common."""
    common = {name: schema["properties"].pop(name) for name in SeedChoice.model_fields}
    schema["properties"] |= common


class SeedChoice(SpecPart):
    model_config = ConfigDict(json_schema_extra=_which_seeds_first)

    vary: Annotated[
        tuple[Source, ...], Field(json_schema_extra={"minItems": 1, "uniqueItems": True})
    ] = USUAL
    """What differs between seeds."""
    held_at: Seed | None = None
    """The seed whose initial weights, or batch order, all runs have where `vary` does not name
    them; null is the first seed."""
    tell_apart: bool = False
    """Whether one arm is trained once more under every seed for each source in `vary`, with that
    source alone drawn anew: results then say how much of the spread each source makes."""

    @model_validator(mode="after")
    def _varies_something(self) -> "SeedChoice":
        if not self.vary:
            detail = f"every run would be the same; name one or more of {', '.join(SOURCES)}"
            raise contradiction("/vary", detail)
        for index, source in enumerate(self.vary):
            if source in self.vary[:index]:
                raise contradiction(f"/vary/{index}", f"{source} is named twice")
        if self.held_at is not None and not self.held:
            detail = "nothing is held: initial weights and batch order are both varied"
            raise contradiction("/held_at", detail)
        if self.tell_apart and len(self.vary) < 2:
            detail = f"only {self.vary[0]} is varied; name two or more sources in vary"
            raise contradiction("/tell_apart", detail)
        # written in, so that equal questions are stored alike, and say what "the first" meant
        object.__setattr__(self, "vary", tuple(one for one in SOURCES if one in self.vary))
        if self.held and self.held_at is None:
            object.__setattr__(self, "held_at", self.values()[0])
        return self

    @model_serializer(mode="wrap")
    def _as_before_sources_were_named(
        self, handler: SerializerFunctionWrapHandler
    ) -> dict[str, Any]:
        """Without what has its default: checkpoints hold to the stored spec."""
        absent = {
            name
            for name, field in SeedChoice.model_fields.items()
            if getattr(self, name) == field.default
        }
        return {name: part for name, part in handler(self).items() if name not in absent}

    def values(self) -> tuple[int, ...]:
        """Every seed that the experiment may use, in order."""
        raise NotImplementedError

    def at_start(self) -> tuple[int, ...]:
        """The seeds whose runs are queued when the experiment is accepted."""
        return self.values()

    @property
    def held(self) -> tuple[Source, ...]:
        """The sources that are the same in all runs, though they could be varied. (Training rows
        that are not drawn are all there are.)"""
        return tuple(source for source in USUAL if source not in self.vary)

    @property
    def held_words(self) -> tuple[str, ...]:
        """What is held, as one reads it: `initial weights of seed 0`."""
        return tuple(f"{SOURCE_WORDS[one]} of seed {self.held_at}" for one in self.held)

    @property
    def redrawn_arms(self) -> tuple[str, ...]:
        """The arms beside the one whose sources are told apart: one for each of them."""
        if not self.tell_apart:
            return ()
        return tuple(name for name, source in REDRAWN.items() if source in self.vary)

    def draws(self, seed: int, arm: str = "") -> Draws:
        """What the run of this seed draws from; an arm that draws a source anew, has another."""
        anew = REDRAWN[arm] if arm in self.redrawn_arms else None

        def of(source: Source) -> int:
            if source not in self.vary and self.held_at is not None:
                return self.held_at
            return seed + ANEW if source == anew else seed

        rows = of("training_rows") if "training_rows" in self.vary else None
        return Draws(of("initial_weights"), of("batch_order"), rows)


WHAT_A_SEED_VARIES = frozenset(SeedChoice.model_fields)
"""The fields of seeds that say not which there are, but what they mean."""


class SeedCount(SeedChoice):
    count: Annotated[int, Field(ge=1, le=1000)] = 10
    """Seeds 0, 1, … count - 1."""

    def values(self) -> tuple[int, ...]:
        return tuple(range(self.count))


class SeedList(SeedChoice):
    list: Annotated[tuple[Seed, ...], Field(min_length=1, max_length=1000)]

    @model_validator(mode="after")
    def _distinct(self) -> "SeedList":
        if len(set(self.list)) < len(self.list):
            raise contradiction("/list", "a seed is listed twice; the same seed gives the same run")
        return self

    def values(self) -> tuple[int, ...]:
        return tuple(self.list)


class SeedsUntilDecided(SeedChoice):
    until_decided: UntilDecided

    def values(self) -> tuple[int, ...]:
        return tuple(range(self.until_decided.max))

    def at_start(self) -> tuple[int, ...]:
        return tuple(range(self.until_decided.min))


def _seed_kind(value: Any) -> str:
    given = value if isinstance(value, dict) else getattr(value, "__dict__", {})
    kinds = {"list": "SeedList", "until_decided": "SeedsUntilDecided"}
    return next((kind for key, kind in kinds.items() if key in given), "SeedCount")


SeedsSpec = Annotated[
    Annotated[SeedCount, Tag("SeedCount")]
    | Annotated[SeedList, Tag("SeedList")]
    | Annotated[SeedsUntilDecided, Tag("SeedsUntilDecided")],
    Discriminator(_seed_kind),
]
