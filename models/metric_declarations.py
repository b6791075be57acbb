"""How a metric is declared: as a field, whose type says whether its value may be null, and whose
`About` says the rest. What is declared is in `metrics.py`."""

from dataclasses import dataclass
from typing import Annotated, Literal, get_args, get_origin, get_type_hints

Unit = Literal["loss", "similarity", "share", "correlation", "norm", "rate", "pairs", "questions"]
"""`loss` in the unit of its formula, `similarity` a cosine from -1 to 1 (or a threshold of it),
`share` a fraction of 1, `correlation` from -1 to 1, `norm` of a gradient, `rate` of learning,
`pairs` and `questions` a count of them."""

Better = Literal["lower", "higher"]


@dataclass(frozen=True)
class About:
    """What a declared field says of itself beside its name and its type."""

    label: str
    """Its name in words, as it stands inside a sentence."""
    unit: Unit
    description: str
    """One line for users: what is measured."""
    better: Better | None = None
    """None where neither is better, as for a threshold."""


@dataclass(frozen=True)
class Metric:
    """A metric as it was declared."""

    name: str
    """What tables, replies and exports call it."""
    kind: type[float] | type[int]
    nullable: bool
    label: str
    unit: Unit
    description: str
    better: Better | None
    splits: tuple[str, ...]
    """The rows that it is measured on: `train`, or `validation` and `test`, or one of them."""


def declared(form: type, *splits: str) -> dict[str, Metric]:
    """The metrics among the fields of a declaration, in its order, by name."""
    hints = get_type_hints(form, include_extras=True)
    return {
        name: _metric(name, hint, splits)
        for name, hint in hints.items()
        if get_origin(hint) is Annotated
    }


def _metric(name: str, hint: object, splits: tuple[str, ...]) -> Metric:
    value, about = get_args(hint)
    return Metric(
        name=name,
        kind=int if int in (value, *get_args(value)) else float,
        nullable=type(None) in get_args(value),
        label=about.label,
        unit=about.unit,
        description=about.description,
        better=about.better,
        splits=splits,
    )
