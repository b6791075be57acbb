"""Merging a partial document over a whole one: a body over its recipe, an arm over its spec."""

from collections.abc import Mapping
from typing import Any


def merge(base: Any, changes: Any) -> Any:
    """`changes` merged over `base` as in RFC 7396: objects are merged, null removes, all else
    replaces.

    One exception: an object whose `kind` differs replaces the one in `base`, since the keys of two
    kinds do not fit together.
    """
    if not isinstance(base, Mapping) or not isinstance(changes, Mapping):
        return changes
    if "kind" in changes and changes["kind"] != base.get("kind", changes["kind"]):
        return dict(changes)
    merged = {key: value for key, value in base.items() if changes.get(key, value) is not None}
    for key, value in changes.items():
        if value is not None:
            merged[key] = merge(base.get(key), value)
    return merged
