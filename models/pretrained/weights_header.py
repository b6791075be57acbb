"""The header of a safetensors file, read without the library and before anything is allocated.

The format (<https://github.com/huggingface/safetensors>): eight bytes with the length of a JSON
header, the header, then the values of all tensors without a gap. A header that claims more than
there is in the file would otherwise be believed by whoever reserves memory for it.
"""

import math
import os
from collections.abc import Mapping
from typing import Any, BinaryIO, NamedTuple

from models.pretrained.architectures import Shapes
from models.pretrained.config import read_json
from models.pretrained.errors import ModelFileError

FILE = "model.safetensors"
MOST_HEADER = 8 << 20
MOST_TENSORS = 10_000
_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}
_BYTES |= {"I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}
TRAINABLE = ("F32", "F16", "BF16")
_SUFFIXES = {"LayerNorm.gamma": "LayerNorm.weight", "LayerNorm.beta": "LayerNorm.bias"}
"""What BERT's norms were called in its first files."""


class StoredTensor(NamedTuple):
    """A tensor of the file: its type, its shape, and where its values are behind the header."""

    kind: str
    shape: tuple[int, ...]
    start: int
    end: int


def read_header(file: BinaryIO) -> dict[str, StoredTensor]:
    """The tensors of a safetensors file by name. Raises `ModelFileError` unless the header is sound
    and its tensors are exactly what follows it."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    claimed = int.from_bytes(file.read(8), "little")
    if size < 8 or claimed > min(MOST_HEADER, size - 8):
        raise ModelFileError(
            f"{FILE} is not a safetensors file: it claims a header of {claimed:,} bytes, and the "
            f"file has {size:,}"
        )
    document = read_json(file.read(claimed), f"the header of {FILE}")
    document.pop("__metadata__", None)
    if len(document) > MOST_TENSORS:
        raise ModelFileError(f"{FILE} has more than {MOST_TENSORS:,} tensors")
    tensors = {str(name): _tensor(str(name), one) for name, one in document.items()}
    end = 0
    for name, tensor in sorted(tensors.items(), key=lambda item: item[1].start):
        if tensor.start != end:
            raise ModelFileError(f"{FILE} has a gap or an overlap before the tensor '{name[:100]}'")
        end = tensor.end
    if end != size - 8 - claimed:
        raise ModelFileError(
            f"{FILE} claims {end:,} bytes of tensors and has {size - 8 - claimed:,}; it may be cut "
            "off"
        )
    return tensors


def _tensor(name: str, about: Any) -> StoredTensor:
    try:
        kind, shape, (start, end) = about["dtype"], tuple(about["shape"]), about["data_offsets"]
        numbers = (*shape, start, end)
        sound = all(type(one) is int and 0 <= one < 1 << 48 for one in numbers)
        if not sound or end - start != math.prod(shape) * _BYTES[kind]:
            raise ValueError
    except (KeyError, TypeError, ValueError):
        raise ModelFileError(
            f"the header of {FILE} describes the tensor '{name[:100]}' wrongly"
        ) from None
    return StoredTensor(kind, shape, start, end)


def names_in_file(tensors: Mapping[str, StoredTensor], prefix: str) -> dict[str, str]:
    """The name in the file of each tensor, by the name that the encoder gives it.

    A file may hold a whole model, whose encoder's names begin with `prefix`.
    """
    names: dict[str, str] = {}
    for name in tensors:
        plain = name.removeprefix(prefix)
        for old, new in _SUFFIXES.items():
            if plain.endswith(old):
                plain = plain.removesuffix(old) + new
        names.setdefault(plain, name)
    return names


def require_tensors(tensors: Mapping[str, StoredTensor], expected: Shapes, prefix: str) -> None:
    """Raises `ModelFileError` unless every expected tensor is there, in its shape and in a type of
    floating-point numbers."""
    names = names_in_file(tensors, prefix)
    for name, shape in expected.items():
        if name not in names:
            raise ModelFileError(
                f"{FILE} has no tensor '{name}', which the network of config.json needs"
            )
        found = tensors[names[name]]
        if found.shape != shape:
            raise ModelFileError(
                f"the tensor '{name}' of {FILE} has the shape {list(found.shape)}, and the network "
                f"of config.json needs {list(shape)}"
            )
        if found.kind not in TRAINABLE:
            raise ModelFileError(
                f"the tensor '{name}' of {FILE} is of the type {found.kind}; "
                f"{', '.join(TRAINABLE)} can be trained"
            )
