"""The width of embeddings that token vectors give, written into a body that leaves it open."""

from collections.abc import Iterator, Mapping
from typing import Any

from api.dependencies import Service
from api.experiments.views import FittedSize
from models.errors import Problem
from models.store.uploads.token_vectors import VECTORS

Place = tuple[str | int, ...]
"""Keys and indexes that lead to an encoder of a body."""


def with_vector_sizes(service: Service, document: Any) -> tuple[Any, list[FittedSize]]:
    """The body in which each encoder that names vectors, and whose `embedding_dim` is given
    nowhere, has theirs; and what was written in. What is wrong with the body is left as it is."""
    places = dict(_open_encoders(document))
    if not places:
        return document, []
    with service.database.reading() as session:
        sizes = {one.name: one.dimension for one in VECTORS.all(session)}
    told = []
    for place, name in places.items():
        if name in sizes:
            document = _written(document, place, sizes[name])
            pointer = Problem.at(*place, "embedding_dim", detail="").pointer
            said = f"An embedding has {sizes[name]:,} numbers, as the vectors {name} do."
            told.append(FittedSize(pointer=pointer, value=sizes[name], sentence=said))
    return document, told


def _open_encoders(document: Any) -> Iterator[tuple[Place, str]]:
    """The places of the encoders that name vectors and whose size is given nowhere, each with the
    name."""
    if not isinstance(document, Mapping):
        return
    common = document.get("encoder")
    given = isinstance(common, Mapping) and common.get("embedding_dim") is not None
    for place, part in _parts(document):
        encoder = part.get("encoder") if isinstance(part, Mapping) else None
        if given or not isinstance(encoder, Mapping) or encoder.get("kind") == "pretrained":
            continue
        if isinstance(encoder.get("vectors"), str) and encoder.get("embedding_dim") is None:
            yield (*place, "encoder"), encoder["vectors"]


def _parts(document: Mapping[str, Any]) -> Iterator[tuple[Place, Any]]:
    """What may have an encoder: the spec, its arms, the levels of its factors."""
    yield (), document
    for number, arm in enumerate(_list(document, "arms")):
        yield ("arms", number), arm
    for number, factor in enumerate(_list(document, "factors")):
        for level, part in enumerate(_list(factor, "levels")):
            yield ("factors", number, "levels", level), part


def _list(part: Any, key: str) -> list[Any]:
    found = part.get(key) if isinstance(part, Mapping) else None
    return found if isinstance(found, list) else []


def _written(part: Any, place: Place, size: int) -> Any:
    """A copy of a part of the body, with the size in its encoder at this place."""
    if not place:
        return {**part, "embedding_dim": size}
    key, *rest = place
    changed = _written(part[key], tuple(rest), size)
    if isinstance(part, list):
        return [changed if index == key else one for index, one in enumerate(part)]
    return {**part, key: changed}
