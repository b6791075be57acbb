"""How the arms of a spec differ: only the fields in which they do, in words.

What an arm trains with is the spec with its overrides applied, so two arms that say the same in
different places do not differ. Terms are compared by their places in the loss; where those of one
place are of different kinds, or an arm has none there, the whole term is told.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict

from models.specs.experiment import OVERRIDABLE, ExperimentSpec
from models.specs.wording.field_words import field_words, term_words, value_words
from models.specs.wording.terms_in_words import term_formula

TERMS = "/loss/terms"
MISSING = object()
NONE_SUCH = "–"
"""Said of an arm that has no such field."""

SHARED = ("dataset", "split", "validation_batches", "validation_pairs", "seeds", "decision")
EVERY_FIELD = frozenset({*OVERRIDABLE, *SHARED})

Flat = dict[str, Any]
"""The plain values of an arm by their pointers inside it."""


class ArmValue(BaseModel):
    model_config = ConfigDict(frozen=True)

    arm: str
    words: str
    """The value as a person would say it; a dash where the arm has no such field."""
    formula: str | None = None
    """Of a term, or the formula of one: its value for a row, in the language of formulas."""


class ArmDifference(BaseModel):
    """One field that is not the same in all arms."""

    model_config = ConfigDict(frozen=True)

    field: str
    """Where an arm has the field, as a JSON pointer inside it: `/loss/terms/1/among`."""
    words: str
    """The field as a person would say it: `negatives of term 2 (closest negative)`."""
    values: list[ArmValue]
    """Of each arm that is told, in the order of the spec."""


def arm_differences(spec: ExperimentSpec) -> list[ArmDifference]:
    """Return the fields in which arms differ, in the order of an arm; empty for one arm.

    Of the cells of factors, those are told that differ from the baseline in one factor at most:
    they have every level of each.
    """
    return differences({name: spec.for_arm(name) for name in _told(spec)})


def experiment_differences(specs: Mapping[str, ExperimentSpec]) -> list[ArmDifference]:
    """Return the fields in which the arms of several experiments differ, each called
    `EXPERIMENT/ARM`; the data set, its split, the seeds and the decision are fields too."""
    alone = {
        f"{experiment}/{name}": spec.for_arm(name)
        for experiment, spec in specs.items()
        for name in _told(spec)
    }
    return differences(alone, EVERY_FIELD)


def differences(
    alone: Mapping[str, ExperimentSpec], fields: Collection[str] = OVERRIDABLE
) -> list[ArmDifference]:
    """Return the fields in which these differ, each the spec of one arm (`for_arm`) by the name
    that it is told under. Of the spec's fields only these are read, and the loss of the arm."""
    documents = {name: _document(one, fields) for name, one in alone.items()}
    whole = _terms_told_whole([document["loss"]["terms"] for document in documents.values()])
    flat = {name: dict(_flattened(document, "", whole)) for name, document in documents.items()}
    pointers = dict.fromkeys(pointer for values in flat.values() for pointer in values)
    return [
        _difference(field, flat, documents)
        for field in _in_order(pointers)
        if len({repr(values.get(field, MISSING)) for values in flat.values()}) > 1
    ]


def _told(spec: ExperimentSpec) -> list[str]:
    if spec.factors is None:
        return [arm.name for arm in spec.arms]
    return [name for name, levels in spec.cells.items() if sum(map(bool, levels)) <= 1]


def _document(alone: ExperimentSpec, fields: Collection[str]) -> dict[str, Any]:
    document = alone.model_dump(mode="json", include=set(fields))
    if "decision" in document:
        del document["decision"]["baseline"]  # a name, which says nothing of another experiment
    return {"loss": alone.arms[0].loss.model_dump(mode="json"), **document}


def _terms_told_whole(losses: Sequence[Sequence[Mapping[str, Any]]]) -> set[int]:
    """Return the places at which some loss has no term, or a term of another kind."""
    longest = max((len(terms) for terms in losses), default=0)
    kinds = [
        {terms[place]["kind"] if place < len(terms) else None for terms in losses}
        for place in range(longest)
    ]
    return {place for place, found in enumerate(kinds) if len(found) > 1}


def _flattened(value: Any, pointer: str, whole: set[int]) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flattened(inner, f"{pointer}/{name}", whole)
    elif pointer == TERMS:
        for place, term in enumerate(value):
            if place in whole:
                yield f"{TERMS}/{place}", term
            else:
                yield from _flattened(term, f"{TERMS}/{place}", whole)
    else:
        yield pointer, value


def _in_order(fields: Mapping[str, None]) -> list[str]:
    """Keep fields of one part together, although one arm has fields that another lacks."""
    parts = list(dict.fromkeys(field.split("/")[1] for field in fields))
    return sorted(fields, key=lambda field: parts.index(field.split("/")[1]))


def _difference(
    field: str, flat: Mapping[str, Flat], documents: Mapping[str, Mapping[str, Any]]
) -> ArmDifference:
    keys = field.split("/")[1:]
    of_term = field.startswith(f"{TERMS}/")
    if of_term and len(keys) == 3:
        values = [_term_value(name, own.get(field)) for name, own in flat.items()]
        return ArmDifference(field=field, words=field_words(keys), values=values)
    kind = next(iter(documents.values()))["loss"]["terms"][int(keys[2])]["kind"] if of_term else ""
    return ArmDifference(
        field=field,
        words=field_words(keys, kind),
        values=[
            _plain_value(name, keys[-1], own.get(field, MISSING)) for name, own in flat.items()
        ],
    )


def _term_value(arm: str, term: Mapping[str, Any] | None) -> ArmValue:
    if term is None:
        return ArmValue(arm=arm, words=NONE_SUCH)
    return ArmValue(arm=arm, words=term_words(term), formula=term_formula(term))


def _plain_value(arm: str, name: str, value: Any) -> ArmValue:
    if value is MISSING:
        return ArmValue(arm=arm, words=NONE_SUCH)
    formula = value if name == "row" else None
    return ArmValue(arm=arm, words=value_words(name, value), formula=formula)
