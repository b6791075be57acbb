"""A column of a Parquet file has any type: it is read, or refused with its name and its type.

Each type is written by the library that has it, in the place of each column that can be mapped.
"""

import datetime
import io
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.datasets.errors import DatasetFileError
from models.datasets.reading.files import read_pairs
from models.datasets.reading.limits import FileLimits
from models.datasets.reading.opening import damage_named

from support.pair_files import COLUMNS, HEADER, WITH_SPLIT, read

PLAIN: dict[str, Any] = {
    "question1": ["a", "b"],
    "question2": ["c", "d"],
    "is_duplicate": [0, 1],
    "part": ["train", "test"],
}
WORDS = {**PLAIN, "is_duplicate": ["0", "1"]}
TEXT_TYPES = [pa.string(), pa.large_string(), pa.string_view()]
INDICES = [pa.int8(), pa.int16(), pa.int32(), pa.int64()]
INDICES += [pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()]
NUMBERS = [*INDICES, pa.float16(), pa.float32(), pa.float64(), pa.decimal128(4, 1)]
NUMBERS += [pa.decimal32(4, 1), pa.decimal64(4, 1), pa.decimal256(50, 1)]
OTHERS = [
    pa.null(), pa.binary(), pa.large_binary(), pa.binary_view(), pa.binary(1), pa.list_(pa.int8()),
    pa.large_list(pa.string()), pa.list_(pa.int8(), 1), pa.list_view(pa.int8()),
    pa.large_list_view(pa.int8()), pa.map_(pa.string(), pa.int8()), pa.struct([("x", pa.int8())]),
    pa.date32(), pa.timestamp("ns"), pa.timestamp("us", "UTC"), pa.duration("s"), pa.time64("us"),
    pa.json_(), pa.uuid(), pa.fixed_shape_tensor(pa.int8(), (1,)), pa.opaque(pa.int8(), "a", "b"),
    pa.list_(pa.bool8()), pa.dictionary(pa.uint32(), pa.binary()),
]  # fmt: skip
nested = st.recursive(
    st.sampled_from([kind for kind in [*TEXT_TYPES, *NUMBERS, *OTHERS] if kind != pa.null()]),
    lambda kinds: st.one_of(
        kinds.map(pa.list_),
        kinds.map(pa.large_list),
        kinds.map(lambda kind: pa.map_(pa.string(), kind)),
        st.lists(kinds, min_size=1, max_size=3).map(
            lambda inside: pa.struct([(f"f{index}", kind) for index, kind in enumerate(inside)])
        ),
    ),
    max_leaves=4,
)


def parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def with_polars(values: Any, name: str) -> bytes:
    sink = io.BytesIO()
    pl.DataFrame({**PLAIN, name: values}).write_parquet(sink)
    return sink.getvalue()


def with_pandas(values: Any, name: str) -> bytes:
    sink = io.BytesIO()
    pd.DataFrame({**PLAIN, name: values}).to_parquet(sink)
    return sink.getvalue()


def must_be_read(folder: Path, content: bytes) -> None:
    pairs = read(folder, content, "a.parquet", WITH_SPLIT)
    assert pairs.question1.to_pylist() == PLAIN["question1"]
    assert pairs.question2.to_pylist() == PLAIN["question2"]
    assert pairs.label.tolist() == [0, 1]
    assert pairs.split is not None
    assert pairs.split.tolist() == [0, 2]


def must_be_refused(folder: Path, content: bytes, name: str, kind: str) -> None:
    with pytest.raises(DatasetFileError) as caught:
        read(folder, content, "a.parquet", WITH_SPLIT)
    said = f"Column {name!r} of a.parquet contains {kind}, not text"
    assert str(caught.value).startswith(said), caught.value


@pytest.mark.parametrize("kind", TEXT_TYPES, ids=str)
@pytest.mark.parametrize("index", [None, *INDICES], ids=str)
def test_every_type_of_text_is_read_in_every_column(
    tmp_path: Path, kind: pa.DataType, index: pa.DataType | None
) -> None:
    columns = {}
    for name, values in WORDS.items():
        column = pa.array(values).cast(kind)
        if index is not None:
            column = column.cast(pa.string()).dictionary_encode()  # there are none of views
            column = pa.DictionaryArray.from_arrays(column.indices.cast(index), column.dictionary)
        columns[name] = column
    must_be_read(tmp_path, parquet(pa.table(columns)))


@pytest.mark.parametrize("kind", [*NUMBERS, pa.bool_(), pa.bool8()], ids=str)
def test_every_type_of_number_and_of_truth_is_a_label_and_no_text(
    tmp_path: Path, kind: pa.DataType
) -> None:
    column = pa.array([0, 1], pa.int8()).cast(kind)
    must_be_read(tmp_path, parquet(pa.table({**PLAIN, "is_duplicate": column})))
    for name in ("question1", "question2", "part"):
        must_be_refused(tmp_path, parquet(pa.table({**PLAIN, name: column})), name, str(kind))


@pytest.mark.parametrize("name", HEADER)
@pytest.mark.parametrize("kind", OTHERS, ids=str)
def test_every_other_type_is_refused_with_the_name_of_its_column(
    tmp_path: Path, kind: pa.DataType, name: str
) -> None:
    content = parquet(pa.table({**PLAIN, name: pa.nulls(2, kind)}))
    stored = pq.read_schema(pa.BufferReader(content)).field(name).type  # "item" may be "element"
    must_be_refused(tmp_path, content, name, str(stored))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(kind=nested, name=st.sampled_from(HEADER))
def test_types_inside_types_are_read_or_refused_by_name(
    tmp_path: Path, kind: pa.DataType, name: str
) -> None:
    table = pa.table({**PLAIN, name: pa.nulls(2, kind)})
    with pytest.raises(DatasetFileError) as caught:  # nulls: what has a fine type has no value
        read(tmp_path, parquet(table), "a.parquet", WITH_SPLIT)
    assert "damaged" not in str(caught.value)
    assert f"Column {name!r}" in str(caught.value) or "null" in str(caught.value)
    must_be_read(tmp_path, parquet(pa.table({**PLAIN, "unmapped": pa.nulls(2, kind)})))


POLARS = {
    "is_duplicate": [
        pl.Series(["0", "1"], dtype=pl.Categorical),
        pl.Series(["0", "1"], dtype=pl.Enum(["0", "1"])),
        pl.Series([False, True]),
        pl.Series([0, 1], dtype=pl.UInt8),
        pl.Series([0, 1], dtype=pl.Float32),
        pl.Series([Decimal(0), Decimal(1)]),
    ],
    "part": [
        pl.Series(PLAIN["part"], dtype=pl.Categorical),
        pl.Series(PLAIN["part"], dtype=pl.Enum(PLAIN["part"])),
    ],
    "question1": [pl.Series(PLAIN["question1"], dtype=pl.Categorical)],
}
POLARS_OTHERS = {
    "large_list<element: int64>": pl.Series([[0], [1]]),
    "fixed_size_list<element: int8>[1]": pl.Series([[0], [1]], dtype=pl.Array(pl.Int8, 1)),
    "struct<x: int64>": pl.Series([{"x": 0}, {"x": 1}]),
    "date32[day]": pl.Series([datetime.date(2020, 1, 1)] * 2),
    "timestamp[us]": pl.Series([datetime.datetime(9999, 1, 1)] * 2),
    "duration[us]": pl.Series([datetime.timedelta(1)] * 2),
    "large_binary": pl.Series([b"0", b"1"]),
    "null": pl.Series([None, None]),
    "fixed_size_binary[16]": pl.Series([0, 1], dtype=pl.Int128),  # Arrow has no such integers
}


def test_what_polars_writes_is_read_or_refused_by_name(tmp_path: Path) -> None:
    for name, columns in POLARS.items():
        for column in columns:
            must_be_read(tmp_path, with_polars(column, name))
    for kind, column in POLARS_OTHERS.items():
        for name in HEADER:
            must_be_refused(tmp_path, with_polars(column, name), name, kind)
        must_be_read(tmp_path, with_polars(column, "unmapped"))


PANDAS = {
    "is_duplicate": [
        pd.Series(["0", "1"], dtype="category"),
        pd.Series([0, 1], dtype="category"),
        pd.Series([0, 1], dtype="Int64"),
        pd.Series([False, True], dtype="boolean"),
        pd.Series([0, 1], dtype="int8[pyarrow]"),
        pd.Series([Decimal(0), Decimal(1)], dtype=object),
    ],
    "part": [
        pd.Series(PLAIN["part"], dtype="category"),
        pd.Series(PLAIN["part"], dtype="string"),
    ],
    "question1": [pd.Series(PLAIN["question1"], dtype="category")],
}
PANDAS_OTHERS: dict[str, Callable[[], Any]] = {
    "list<element: int64>": lambda: pd.Series([[0], [1]]),
    "struct<x: int64>": lambda: pd.Series([{"x": 0}, {"x": 1}]),
    "timestamp[us, tz=UTC]": lambda: pd.Series(pd.date_range("2020", periods=2, tz="UTC")),
    "duration[": lambda: pd.Series(pd.timedelta_range("1h", periods=2)),
    "extension<pandas.period": lambda: pd.Series(pd.period_range("2020", periods=2, freq="M")),
    "binary": lambda: pd.Series([b"0", b"1"], dtype=object),
}


def test_what_pandas_writes_is_read_or_refused_by_name(tmp_path: Path) -> None:
    for name, columns in PANDAS.items():
        for column in columns:
            must_be_read(tmp_path, with_pandas(column, name))
    for kind, column in PANDAS_OTHERS.items():
        for name in HEADER:
            with pytest.raises(DatasetFileError) as caught:
                read(tmp_path, with_pandas(column(), name), "a.parquet", WITH_SPLIT)
            assert f"Column {name!r} of a.parquet contains {kind}" in str(caught.value)


def test_row_groups_whose_texts_the_noted_indices_cannot_count_are_read(tmp_path: Path) -> None:
    part = [
        pa.DictionaryArray.from_arrays(
            pa.array(range(100), pa.int8()), pa.array([f"{group} {row}" for row in range(100)])
        )
        for group in range(3)
    ]
    other = {"question2": ["b"] * 300, "is_duplicate": [0] * 300}
    texts = pa.chunked_array(part)
    pairs = read(tmp_path, parquet(pa.table({"question1": texts, **other})), "a.parquet")
    assert pairs.question1.to_pylist() == texts.to_pylist()


@pytest.mark.parametrize("encoding", ["PLAIN", "DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"])
@pytest.mark.parametrize("codec", ["none", "snappy", "gzip", "brotli", "zstd", "lz4"])
def test_every_encoding_of_texts_and_every_codec_is_read(
    tmp_path: Path, encoding: str, codec: str
) -> None:
    sink = io.BytesIO()
    pq.write_table(
        pa.table(PLAIN),
        sink,
        use_dictionary=False,
        column_encoding={"question1": encoding, "question2": encoding},
        compression=codec,
    )
    must_be_read(tmp_path, sink.getvalue())


def test_a_codec_that_arrow_lacks_is_no_damage() -> None:
    with (
        pytest.raises(DatasetFileError, match=r"a\.parquet is stored in a way .*LZO"),
        damage_named("a.parquet"),
    ):
        raise pa.ArrowNotImplementedError("Support for codec 'LZO' not built")


def test_nulls_among_dictionaries_and_numbers_are_bad_rows(tmp_path: Path) -> None:
    numbers = {**PLAIN, "is_duplicate": pa.array([None, 1], pa.uint8())}
    words = {**PLAIN, "part": pa.array([None, "test"]).dictionary_encode()}
    for table in (numbers, words):
        with pytest.raises(DatasetFileError, match=r"1 row cannot be used.*row 1: its .* is null"):
            read(tmp_path, parquet(pa.table(table)), "a.parquet", WITH_SPLIT)


def test_a_text_that_is_stored_once_is_counted_before_it_is_repeated(tmp_path: Path) -> None:
    text = pa.DictionaryArray.from_arrays(pa.array([0] * 4096, pa.int32()), pa.array(["x" * 10**6]))
    table = pa.table({"question1": text, "question2": ["b"] * 4096, "is_duplicate": [1] * 4096})
    pq.write_table(table, tmp_path / "bomb", store_schema=False)
    before = pa.default_memory_pool().max_memory()
    with pytest.raises(DatasetFileError, match="bytes after unpacking"):
        read_pairs(
            tmp_path / "bomb",
            filename="a.parquet",
            columns=COLUMNS,
            limits=FileLimits(max_bytes=10**8),
        )
    assert pa.default_memory_pool().max_memory() - before < 10**8
