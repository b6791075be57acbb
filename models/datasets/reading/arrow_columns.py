"""Which Arrow types a column of a Parquet file may have, and how it becomes a plain column.

Why a list of types and not an attempt: Parquet files hold lists, structs, times and extension
types, some of which Arrow casts to text or numbers in silence and some of which it cannot hash. A
refusal names the column and its type before anything is read.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.datasets.errors import DatasetFileError
from models.datasets.pairs import Codes
from models.datasets.reading.columns import CellKind

WANTED: dict[CellKind, str] = {
    "text": "text",
    "split": "text",
    "label": "text, numbers or true and false",
    "score": "numbers or text",
}
SHOWN_TYPE = 100


def require_types(
    names: Sequence[str], kinds: Sequence[CellKind], schema: pa.Schema, filename: str
) -> None:
    """Raise DatasetFileError when a column that is read has a type that cannot be used.

    `names` are as the file has them, and `kinds` say what the cells of each are for.
    """
    for name, kind in zip(names, kinds, strict=True):
        found = schema.field(name).type
        usable = is_text(found) if kind in ("text", "split") else _is_label(found)
        if not usable or (kind == "score" and pa.types.is_boolean(found)):
            raise DatasetFileError(
                f"Column {name!r} of {filename} contains {_shown(found)}, not {WANTED[kind]}."
            )


def is_text(kind: pa.DataType) -> bool:
    """Whether the type is text, plain or behind the indices of a dictionary."""
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _is_label(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return is_text(kind) or bool(
        isinstance(kind, pa.Bool8Type)
        or pa.types.is_boolean(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
    )


def _shown(kind: pa.DataType) -> str:
    words = str(kind)  # of a struct it lists the fields
    return words if len(words) <= SHOWN_TYPE else words[:SHOWN_TYPE] + "…"


def unfolded_bytes(column: pa.Array) -> int:
    """Bytes of the column once each dictionary index is replaced by its text."""
    if not (pa.types.is_dictionary(column.type) and is_text(column.type)):
        return int(column.nbytes)
    lengths = pc.cast(pc.binary_length(column.dictionary), pa.int64())
    return pc.sum(lengths.take(column.indices)).as_py() or 0


def plain_text(column: pa.Array) -> pa.LargeStringArray:
    """The texts themselves, with 64-bit offsets and with nulls where there were nulls.

    Raises pa.ArrowInvalid where the bytes are not UTF-8: Arrow takes any until it validates.
    """
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    texts = column.cast(pa.large_string())
    texts.validate(full=True)
    return texts


def plain_values(column: pa.Array) -> pa.Array:
    """A column of labels or splits in a type whose distinct values Arrow can find."""
    kind = column.type
    if is_text(kind):
        return plain_text(column)
    if pa.types.is_dictionary(kind):
        return plain_values(column.dictionary_decode())
    if isinstance(kind, pa.Bool8Type):
        return pc.not_equal(column.storage, 0)  # any other number than 0 is true
    if pa.types.is_float16(kind):
        return column.cast(pa.float32())
    if pa.types.is_decimal(kind):
        return column.cast(pa.decimal256(76, kind.scale))
    return column


def coded(column: pa.Array, code: Callable[[object], int | None]) -> Codes:
    """Each cell's code (int8), -1 where it has none; `code` is called once a distinct value."""
    encoded = pc.dictionary_encode(column)
    known = [code(value) for value in encoded.dictionary.to_pylist()]
    # The last entry is for the nulls, whose index is that of the entry.
    codes = np.array([-1 if value is None else value for value in [*known, None]], dtype=np.int8)
    indices = encoded.indices.cast(pa.int64()).fill_null(len(known))
    taken: Codes = codes[indices.to_numpy(zero_copy_only=False)]
    return taken
