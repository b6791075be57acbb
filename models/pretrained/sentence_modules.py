"""What sentence-transformers keeps beside a model: how its tokens' outputs become one vector.

`modules.json` lists the parts of such a model. A part that would change the vector and is not known
here is refused: without it the vectors would silently be others.
"""

import json
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any, Literal

from models.pretrained.config import read_json
from models.pretrained.errors import ModelFileError

MODULES = "modules.json"
Pooling = Literal["mean", "cls"]
_KNOWN = ("Transformer", "Pooling", "Normalize")
_FLAGS: dict[str, Pooling] = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls"}


def declared_pooling(modules: bytes, read: Callable[[str], bytes | None]) -> Pooling | None:
    """The pooling that `modules.json` leads to, by `read`, which gives a file of the folder; None
    where there is no such part. Raises `ModelFileError`."""
    pooling: Pooling | None = None
    for part in _parts(modules):
        kind = str(part.get("type", "")).rpartition(".")[2]
        if kind not in _KNOWN:
            raise ModelFileError(
                f"{MODULES} has a part of the type {kind[:60]!r} behind the network; known are "
                f"{', '.join(_KNOWN)}"
            )
        if kind == "Pooling":
            path = str(PurePosixPath(str(part.get("path", ""))) / "config.json")
            content = read(path)
            if content is None:
                raise ModelFileError(f"{MODULES} names {path[:100]}, which is not in the folder")
            pooling = _mode(read_json(content, path), path)
    return pooling


def _parts(modules: bytes) -> list[dict[str, Any]]:
    try:
        parts = json.loads(modules)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{MODULES} is not JSON: {error}") from None
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise ModelFileError(f"{MODULES} is not a list of parts")
    return parts


def _mode(document: dict[str, Any], path: str) -> Pooling:
    modes = [key for key, value in document.items() if key.startswith("pooling_mode_") and value]
    named = document.get("pooling_mode")
    if named in ("mean", "cls") and not modes:
        return "mean" if named == "mean" else "cls"
    if len(modes) == 1 and modes[0] in _FLAGS:
        return _FLAGS[modes[0]]
    said = ", ".join(modes) or str(named)[:60]
    raise ModelFileError(f"{path} pools by {said}; known are the mean over tokens and cls")
