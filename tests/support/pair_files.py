"""Files of question pairs for tests, in every format and compression, and how they are refused."""

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import strategies as st

from models.datasets.errors import BadRows, DatasetFileError
from models.datasets.pairs import Pairs
from models.datasets.reading.columns import ColumnMapping
from models.datasets.reading.files import read_pairs

HEADER = ["question1", "question2", "is_duplicate", "part"]
SPLITS = ["train", "validation", "test"]
COLUMNS = ColumnMapping()
WITH_SPLIT = ColumnMapping(split="part")
TABLES = ["csv", "tsv", "jsonl", "parquet"]
COMPRESSIONS = ["", ".gz", ".zst"]

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
Row = tuple[str, str, int, str]
tables = st.lists(
    st.tuples(texts, texts, st.integers(0, 1), st.sampled_from(SPLITS)), min_size=1, max_size=8
)


def encoded(rows: list[Row], table: str) -> bytes:
    if table == "parquet":
        sink = io.BytesIO()
        columns = dict(zip(HEADER, (list(c) for c in zip(*rows, strict=True)), strict=True))
        pq.write_table(pa.table(columns), sink)
        return sink.getvalue()
    if table == "jsonl":
        lines = [json.dumps(dict(zip(HEADER, row, strict=True))) for row in rows]
        return "\n".join(lines).encode()
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter="\t" if table == "tsv" else ",")
    writer.writerows([HEADER, *rows])
    return text.getvalue().encode()


def compressed(content: bytes, ending: str) -> bytes:
    if ending == ".gz":
        return gzip.compress(content, mtime=0)
    if ending == ".zst":
        sink = pa.BufferOutputStream()
        with pa.CompressedOutputStream(sink, "zstd") as stream:
            stream.write(content)
        packed: bytes = sink.getvalue().to_pybytes()
        return packed
    return content


def read(
    folder: Path, content: bytes | str, name: str = "a.csv", columns: ColumnMapping = COLUMNS
) -> Pairs:
    path = folder / "upload"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_pairs(path, filename=name, columns=columns)


def refusal(folder: Path, content: bytes | str, name: str = "a.csv", **mapping: Any) -> str:
    with pytest.raises(DatasetFileError) as caught:
        read(folder, content, name, ColumnMapping(**mapping))
    assert not isinstance(caught.value, BadRows)
    assert str(caught.value).endswith(".")
    return str(caught.value)


def bad_rows(
    folder: Path, content: bytes | str, name: str = "a.csv", **mapping: Any
) -> list[tuple[int, str]]:
    with pytest.raises(BadRows) as caught:
        read(folder, content, name, ColumnMapping(**mapping))
    assert caught.value.count == len(caught.value.examples)
    return caught.value.examples
