"""From factors to arms: an arm for each cell of the design, before the spec is read as a whole.

A level's fields are merged over the spec's as an arm's overrides are (RFC 7396), one factor after
the other. So that their order does not matter, two factors may not set one field, nor one a part of
what the other sets. An object of another `kind` than the spec's replaces the spec's whole part, so
it sets all of it.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from models.errors import Problem
from models.specs.default_kinds import DEFAULT_KINDS
from models.specs.factors import LONGEST_CELL, MAX_CELLS, Factor, cell_levels, cell_names
from models.specs.merging import merge
from models.specs.overrides import stands_in

Place = tuple[str, ...]
"""Keys that lead to a field of a level, and so of the spec."""
DEEPEST = 4
"""No field of a spec lies deeper, but in a list, which a level replaces whole."""


def arms_of_cells(document: Mapping[str, Any], factors: Sequence[Factor]) -> list[dict[str, Any]]:
    """The documents of the arms, the baseline first; each has the whole parts that it overrides."""
    design = document.get("design", "full")
    arms = []
    for cell, name in cell_names(factors, design).items():
        common = document.get("loss")
        arm: dict[str, Any] = {} if common is None else {"loss": common}
        for factor, level in zip(factors, cell, strict=True):
            for field, value in _fields(factor, level).items():
                arm[field] = merge(arm.get(field, document.get(field, {})), value)
        arms.append({"name": name, **arm})
    return arms


def design_problems(document: Mapping[str, Any], factors: Sequence[Factor]) -> list[Problem]:
    """Why these factors make no design; empty where they do."""
    problems = [
        *_named_twice(factors),
        *_set_by_two(document, factors),
        *_tuned_too(document, factors),
        *_set_nothing(factors),
    ]
    count = _cell_count(document, factors)
    if count > MAX_CELLS:
        return [*problems, Problem("/factors", _too_many(document, factors, count))]
    if problems:
        return problems
    names = list(cell_names(factors, document.get("design", "full")).values())
    return [*_too_long(names), *_another_baseline(document, names[0])]


def at_levels(
    problems: Sequence[Problem], document: Mapping[str, Any], factors: Sequence[Factor]
) -> list[Problem]:
    """The problems with those of an arm at the level that gave it the field, or at the spec's own
    part: nobody sent the arms. Each is told once, however many cells have it."""
    cells = cell_levels(factors, document.get("design", "full"))
    known = set(problems)
    found: dict[Problem, None] = {}
    for problem in problems:
        if problem.parts[:1] != ("arms",) or len(problem.parts) < 3:
            found[problem] = None
            continue
        inside = problem.parts[2:]
        cell = cells[int(problem.parts[1])]
        of_the_spec = Problem.at(*inside, detail=problem.detail, column=problem.column)
        level = _source(factors, cell, inside)
        if inside == ("loss",) and level is None:
            detail = "needed here, or in every level of one factor: each cell trains with a loss"
            found[Problem("/loss", detail)] = None
        elif level is None or (of_the_spec in known and not stands_in(level[1], inside)):
            found[of_the_spec] = None
        else:
            place = Problem.at(*level[0], *inside, detail="").pointer
            found[problem.moved(place)] = None
    return list(found)


def _source(
    factors: Sequence[Factor], cell: tuple[int, ...], inside: Place
) -> tuple[Place, Mapping[str, Any]] | None:
    """Where the level is that set this field of a cell, or most of the way to it, with its fields;
    None where no level sets any of it."""
    best, deepest = None, 0
    for index, (factor, level) in enumerate(zip(factors, cell, strict=True)):
        fields = _fields(factor, level)
        depth = next(n for n in range(len(inside), -1, -1) if stands_in(fields, inside[:n]))
        if depth > deepest:
            best, deepest = (("factors", str(index), "levels", str(level)), fields), depth
    return best


def _fields(factor: Factor, level: int) -> dict[str, Any]:
    """What a level sets, as it was sent."""
    fields = factor.levels[level].model_dump()
    del fields["name"]
    return fields


def _named_twice(factors: Sequence[Factor]) -> Iterator[Problem]:
    for index, factor in enumerate(factors):
        if factor.name in [one.name for one in factors[:index]]:
            yield Problem(f"/factors/{index}/name", f"two factors are called '{factor.name}'")
        names = [level.name for level in factor.levels]
        for place, name in enumerate(names):
            if name in names[:place]:
                pointer = f"/factors/{index}/levels/{place}/name"
                yield Problem(pointer, f"two levels of {factor.name} are called '{name}'")


def _set_nothing(factors: Sequence[Factor]) -> Iterator[Problem]:
    for index, factor in enumerate(factors):
        if not any(_fields(factor, level) for level in range(len(factor.levels))):
            detail = "no level sets a field, so they cannot differ"
            yield Problem(f"/factors/{index}/levels", detail)


def _set_by_two(document: Mapping[str, Any], factors: Sequence[Factor]) -> Iterator[Problem]:
    """Both places, where two factors set one field or one a part of the other's."""
    places = [_places(document, factor) for factor in factors]
    for first, second in combinations(range(len(factors)), 2):
        for a, b in _shared(places[first], places[second]):
            yield _both(first, places[first][a], a, factors[second])
            yield _both(second, places[second][b], b, factors[first])


def _shared(a: Mapping[Place, int], b: Mapping[Place, int]) -> Iterator[tuple[Place, Place]]:
    """The places of both where one leads to the other, or both are the same."""
    for place in a:
        yield from ((place, place[:n]) for n in range(1, len(place) + 1) if place[:n] in b)
    for place in b:
        yield from ((place[:n], place) for n in range(1, len(place)) if place[:n] in a)


def _both(factor: int, level: int, place: Place, other: Factor) -> Problem:
    detail = f"the factor '{other.name}' sets this too; a field may belong to one factor alone"
    return Problem.at("factors", factor, "levels", level, *place, detail=detail)


def _tuned_too(document: Mapping[str, Any], factors: Sequence[Factor]) -> Iterator[Problem]:
    """Both places, where a field is tuned in which the levels of a factor differ: a setting gives
    every cell the same value of it, so the levels would no longer be what they are called. Where
    they differ in the kind of the part that the field is in, they stay different."""
    for axes, pointer in _tuned(document):
        path = Problem(pointer, "").parts
        for index, factor in enumerate(factors):
            places = _places(document, factor)
            of_another_kind = any(path[:n] in places for n in range(1, len(path)))
            for place, level in places.items():
                hidden = place[: len(path)] == path and _differ(document, factor, place)
                if of_another_kind or not hidden:
                    continue
                detail = f"the factor '{factor.name}' sets this; tuned, its levels would be alike"
                yield Problem.at("tuning", axes, pointer, detail=detail)
                detail = "this is tuned too, and a setting gives every cell the same value"
                yield Problem.at("factors", index, "levels", level, *place, detail=detail)


def _tuned(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Of each field that is tuned the part of the document, and its pointer."""
    for axes in ("grid", "ranges"):
        own = _at(document, ("tuning", axes))
        for pointer in own if isinstance(own, dict) else ():
            if pointer.startswith("/"):
                yield axes, pointer


def _differ(document: Mapping[str, Any], factor: Factor, place: Place) -> bool:
    values = [_at(_fields(factor, n), place) for n in range(len(factor.levels))]
    own = _at(document, place)
    return len({json.dumps(own if value is None else value) for value in values}) > 1


def _at(part: Any, place: Place) -> Any:
    """The value at a place; None where there is none."""
    for key in place:
        part = part.get(key) if isinstance(part, Mapping) else None
    return part


def _places(document: Mapping[str, Any], factor: Factor) -> dict[Place, int]:
    """The deepest places that a factor sets, with the first level that does."""
    found: dict[Place, int] = {}
    for level in range(len(factor.levels)):
        for field, value in _fields(factor, level).items():
            for place in _deepest((field,), value, document.get(field)):
                found.setdefault(place, level)
    return found


def _deepest(place: Place, value: Any, of_the_spec: Any) -> Iterator[Place]:
    if not isinstance(value, dict) or len(place) == DEEPEST:
        yield place
        return
    own = of_the_spec if isinstance(of_the_spec, dict) else {}
    kind = own.get("kind", DEFAULT_KINDS.get(place))
    if kind is not None and value.get("kind", kind) != kind:
        yield place  # its keys do not fit the spec's part, which it replaces
        return
    for key, below in value.items():
        if key != "kind" or below != kind:
            yield from _deepest((*place, key), below, own.get(key))


def _cell_count(document: Mapping[str, Any], factors: Sequence[Factor]) -> int:
    levels = [len(factor.levels) for factor in factors]
    if document.get("design", "full") == "full":
        return math.prod(levels)
    return 1 + sum(levels) - len(levels)


def _too_many(document: Mapping[str, Any], factors: Sequence[Factor], count: int) -> str:
    if document.get("design", "full") != "full":
        return f"{count:,} cells are more than {MAX_CELLS}; leave out levels"
    product = " x ".join(str(len(factor.levels)) for factor in factors)
    return (
        f"{product} levels are {count:,} cells, more than {MAX_CELLS}; leave out levels, or "
        'take the design "one_at_a_time"'
    )


def _too_long(names: Sequence[str]) -> Iterator[Problem]:
    longest = max(names, key=len)
    if len(longest) > LONGEST_CELL:
        detail = (
            f"the cell '{longest}' has a name of {len(longest)} characters, more than "
            f"{LONGEST_CELL}; use shorter names of factors and levels"
        )
        yield Problem("/factors", detail)


def _another_baseline(document: Mapping[str, Any], first: str) -> Iterator[Problem]:
    decision = document.get("decision")
    named = decision.get("baseline") if isinstance(decision, dict) else None
    if named and named != first:
        detail = f"with factors the baseline is their first levels, '{first}'; leave this out"
        yield Problem("/decision/baseline", detail)
