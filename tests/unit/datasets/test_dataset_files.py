"""Reading question-pair files: the same rows in any format and compression are the same."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings

from models.datasets.pairs import Pairs, content_hash, make_pairs
from models.datasets.reading.columns import ColumnMapping
from models.datasets.reading.files import read_pairs

from support.pair_files import (
    COLUMNS,
    COMPRESSIONS,
    SPLITS,
    TABLES,
    WITH_SPLIT,
    Row,
    compressed,
    encoded,
    read,
    tables,
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows=tables)
def test_the_same_rows_give_the_same_hash_in_every_format_and_compression(
    tmp_path: Path, rows: list[Row]
) -> None:
    columns = [list(column) for column in zip(*rows, strict=True)]
    codes = [SPLITS.index(part) for part in columns[3]]
    expected = make_pairs(columns[0], columns[1], columns[2], codes)
    for table in TABLES:
        for ending in COMPRESSIONS:
            content = compressed(encoded(rows, table), ending)
            pairs = read(tmp_path, content, f"A.{table}{ending}", WITH_SPLIT)
            assert pairs.question1.to_pylist() == columns[0]
            assert content_hash(pairs) == content_hash(expected), (table, ending)


def test_the_hash_tells_apart_rows_labels_splits_and_where_a_text_ends() -> None:
    variants = [
        make_pairs(["ab"], ["c"], [1]),
        make_pairs(["a"], ["bc"], [1]),
        make_pairs(["ab"], ["c"], [0]),
        make_pairs(["ab"], ["c"], [1], [0]),
        make_pairs(["ab"], ["c"], [1], [2]),
        make_pairs(["ab", ""], ["c", ""], [1, 0]),
    ]
    assert len({content_hash(pairs) for pairs in variants}) == len(variants)


def test_a_slice_of_a_column_hashes_like_a_column_of_its_own() -> None:
    column = pa.array(["x", "ab", "é"], type=pa.large_string())
    sliced = Pairs(column[1:], column[1:], make_pairs(["a"] * 2, ["a"] * 2, [0, 1]).label)
    assert content_hash(sliced) == content_hash(make_pairs(["ab", "é"], ["ab", "é"], [0, 1]))


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="different lengths"):
        make_pairs(["a"], ["b"], [1], [0, 1])


def test_a_column_cannot_serve_twice() -> None:
    with pytest.raises(ValueError, match="can be used only once"):
        ColumnMapping(question1="q", question2="q")


def test_a_byte_order_mark_crlf_and_blank_lines_change_nothing(tmp_path: Path) -> None:
    pairs = read(tmp_path, "\ufeffquestion1,question2,is_duplicate\r\na,b,1\r\n\r\nc,d,False\r\n")
    assert content_hash(pairs) == content_hash(make_pairs(["a", "c"], ["b", "d"], [1, 0]))


def test_quotes_are_doubled_in_tsv_as_quora_does(tmp_path: Path) -> None:
    pairs = read(tmp_path, 'is_duplicate\tquestion2\tquestion1\n0\t"a ""b""\nc"\tit\'s\n', "q.TSV")
    assert pairs.question2.to_pylist() == ['a "b"\nc']


@pytest.mark.parametrize("label", [1, True, 1.0, "1", "true", "True"])
def test_a_label_may_be_a_number_a_boolean_or_a_word_in_json(tmp_path: Path, label: object) -> None:
    line = json.dumps({"question1": "", "question2": "b", "is_duplicate": label})
    assert read(tmp_path, line, "a.ndjson").label.tolist() == [1]


@pytest.mark.parametrize("labels", [[1, 0], [True, False], [1.0, 0.0], ["true", "0"]])
def test_a_label_may_be_a_number_a_boolean_or_a_word_in_parquet(
    tmp_path: Path, labels: list[object]
) -> None:
    table = pa.table({"question1": ["a", "b"], "question2": ["c", "d"], "is_duplicate": labels})
    pq.write_table(table, tmp_path / "t")
    pairs = read_pairs(tmp_path / "t", filename="t.parquet", columns=COLUMNS)
    assert pairs.label.tolist() == [1, 0]


def test_a_parquet_column_may_be_dictionary_encoded(tmp_path: Path) -> None:
    column = pa.array(["a", "b", "a"]).dictionary_encode()
    table = pa.table({"question1": column, "question2": column, "is_duplicate": ["0", "1", "1"]})
    pq.write_table(table, tmp_path / "t")
    pairs = read_pairs(tmp_path / "t", filename="t", format="parquet", columns=COLUMNS)
    assert pairs.question2.to_pylist() == ["a", "b", "a"]
