"""The header of a safetensors file, read and written without the library, and read before anything
is allocated.

The format (<https://github.com/huggingface/safetensors>): eight bytes with the length of a JSON
header, the header, then the values of all tensors without a gap. A header that claims more than
there is in the file would otherwise be believed by whoever reserves memory for it.
"""

import json
import math
import os
from collections.abc import Mapping
from typing import Any, BinaryIO, NamedTuple

MOST_HEADER = 8 << 20
MOST_TENSORS = 10_000
_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}
_BYTES |= {"I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}


class HeaderFault(ValueError):
    """What is wrong with a header; the message is a sentence for the file's sender."""


class StoredTensor(NamedTuple):
    """A tensor of the file: its type, its shape, and where its values are behind the header."""

    kind: str
    shape: tuple[int, ...]
    start: int
    end: int


def read_header(file: BinaryIO, name: str) -> tuple[dict[str, StoredTensor], int]:
    """The tensors of a safetensors file by name, and where in the file their values begin.

    The file is called `name`. Raises `HeaderFault` unless the header is sound and its tensors are
    exactly what follows it.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    claimed = int.from_bytes(file.read(8), "little")
    if size < 8 or claimed > min(MOST_HEADER, size - 8):
        raise HeaderFault(
            f"{name} is not a safetensors file: it claims a header of {claimed:,} bytes, and the "
            f"file has {size:,}"
        )
    document = _document(file.read(claimed), name)
    document.pop("__metadata__", None)
    if len(document) > MOST_TENSORS:
        raise HeaderFault(f"{name} has more than {MOST_TENSORS:,} tensors")
    tensors = {str(one): _tensor(str(one), about, name) for one, about in document.items()}
    end = 0
    for one, tensor in sorted(tensors.items(), key=lambda item: item[1].start):
        if tensor.start != end:
            raise HeaderFault(f"{name} has a gap or an overlap before the tensor '{one[:100]}'")
        end = tensor.end
    if end != size - 8 - claimed:
        raise HeaderFault(
            f"{name} claims {end:,} bytes of tensors and has {size - 8 - claimed:,}; it may be cut "
            "off"
        )
    return tensors, 8 + claimed


def write_header(tensors: Mapping[str, tuple[str, tuple[int, ...]]], **metadata: str) -> bytes:
    """The beginning of a file of these tensors, each a type and a shape, whose values follow it in
    this order; wide types first, so that all values are aligned."""
    header: dict[str, Any] = {"__metadata__": metadata} if metadata else {}
    end = 0
    for name, (kind, shape) in tensors.items():
        start, end = end, end + math.prod(shape) * _BYTES[kind]
        header[name] = {"dtype": kind, "shape": list(shape), "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def _document(header: bytes, name: str) -> dict[str, Any]:
    try:
        document = json.loads(header)
    except (ValueError, RecursionError) as error:
        raise HeaderFault(f"the header of {name} is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise HeaderFault(f"the header of {name} is not a JSON object")
    return document


def _tensor(tensor: str, about: Any, name: str) -> StoredTensor:
    try:
        kind, shape, (start, end) = about["dtype"], tuple(about["shape"]), about["data_offsets"]
        numbers = (*shape, start, end)
        sound = all(type(one) is int and 0 <= one < 1 << 48 for one in numbers)
        if not sound or end - start != math.prod(shape) * _BYTES[kind]:
            raise ValueError
    except (KeyError, TypeError, ValueError):
        raise HeaderFault(
            f"the header of {name} describes the tensor '{tensor[:100]}' wrongly"
        ) from None
    return StoredTensor(kind, shape, start, end)
