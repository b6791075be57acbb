"""Columns and cells as programs write them mean the same in every format."""

import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.datasets.pairs import Pairs, content_hash, make_pairs
from models.datasets.reading.cells import label_code
from models.datasets.reading.columns import ColumnMapping

from support.pair_files import TABLES, bad_rows, read, refusal

HEADER = "question1,question2,is_duplicate"
TWO = make_pairs(["a", "c"], ["b", "d"], [1, 0])

spaces = st.text(" \t\u00a0", max_size=2)
labels = st.sampled_from(
    [("1.0", "0.0"), ("1.", "0."), ("01", "00"), ("+1", "+0"), ("1.000000e+00", "0.000000e+00")]
    + [("1E0", "0E0"), ("true", "false"), ("True", "False"), ("TRUE", "FALSE")]
)


def written(header: list[str], rows: list[list[str]], table: str) -> bytes:
    """A file of text cells, with a header that need not be one of question pairs."""
    if table == "parquet":
        sink = io.BytesIO()
        arrays = [pa.array(column) for column in zip(*rows, strict=True)]
        pq.write_table(pa.Table.from_arrays(arrays, header), sink)
        return sink.getvalue()
    if table == "jsonl":
        return "\n".join(json.dumps(dict(zip(header, row, strict=True))) for row in rows).encode()
    mark = {"csv": ",", "tsv": "\t"}[table]
    return "\n".join(mark.join(f'"{cell}"' for cell in row) for row in [header, *rows]).encode()


def same(pairs: Pairs, expected: Pairs) -> bool:
    return content_hash(pairs) == content_hash(expected)


@pytest.mark.parametrize("table", TABLES)
def test_spaces_around_names_labels_and_splits_do_not_count(tmp_path: Path, table: str) -> None:
    header = [" question1", "question2 ", " is_duplicate ", "part "]
    rows: list[list[str]] = [["a", "b", "1.0", " train"], ["c", "d", " 0 ", "test "]]
    columns = ColumnMapping(label="is_duplicate ", split=" part")
    pairs = read(tmp_path, written(header, rows, table), f"a.{table}", columns)
    assert same(pairs, make_pairs(["a", "c"], ["b", "d"], [1, 0], [0, 2]))


@pytest.mark.parametrize("table", TABLES)
def test_spaces_inside_a_question_stay(tmp_path: Path, table: str) -> None:
    header = ["question1", "question2", "is_duplicate"]
    pairs = read(tmp_path, written(header, [[" a ", "b ", "1"]], table), f"a.{table}")
    assert same(pairs, make_pairs([" a "], ["b "], [1]))


def test_a_json_object_may_have_its_names_without_the_spaces_of_the_first(tmp_path: Path) -> None:
    lines = [
        '{"question1 ": "a", "question2": "b", "is_duplicate": 1}',
        '{"question1": "c", " question2": "d", "is_duplicate": 0}',
        '{"question1": "c", "is_duplicate": 0}',
    ]
    assert same(read(tmp_path, "\n".join(lines[:2]), "a.jsonl"), TWO)
    assert bad_rows(tmp_path, "\n".join(lines), "a.jsonl") == [(3, "it has no 'question2'")]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(spelled=labels, before=spaces, after=spaces, table=st.sampled_from(TABLES))
def test_a_label_is_a_label_however_a_program_spells_it(
    tmp_path: Path, spelled: tuple[str, str], before: str, after: str, table: str
) -> None:
    header = ["question1", "question2", "is_duplicate"]
    one, zero = (before + word + after for word in spelled)
    rows: list[list[str]] = [["a", "b", one], ["c", "d", zero]]
    assert same(read(tmp_path, written(header, rows, table), f"a.{table}"), TWO)


@pytest.mark.parametrize(
    "word",
    ["", " ", "-1", "1.5", "0.1", "10", "1e1", "1.0.0", "1,0", "yes", "nan", "١", "1_0", "2"],
)
def test_what_is_nearly_a_label_is_none(word: str) -> None:
    assert label_code(word) is None


def test_columns_without_a_name_at_the_end_are_those_of_a_spreadsheet(tmp_path: Path) -> None:
    lines = [HEADER + ",,,", "a,b,1,,,", "c,d,0", ",,,,,", ", ,", ""]
    assert bad_rows(tmp_path, "\n".join(lines))[0][0] == 5  # a blank is a cell, if no good one
    del lines[4]
    assert same(read(tmp_path, "\n".join(lines)), TWO)


def test_text_under_no_name_is_refused_since_a_comma_may_have_moved_it(tmp_path: Path) -> None:
    lines = ["is_duplicate,question1,question2,,", "1,a,b,,", "0,c, and more,d,", "0,c,d,,,"]
    assert bad_rows(tmp_path, "\n".join(lines)) == [
        (3, "it has 'd' in a column without a name; is a text unquoted?"),
        (4, "it has 6 fields, but the header has 5"),
    ]


@pytest.mark.parametrize("table", ["csv", "tsv", "parquet"])
def test_only_a_mapped_column_must_have_a_name_of_its_own(tmp_path: Path, table: str) -> None:
    header = ["", "question1", "note", "question2", "note", "is_duplicate", ""]
    rows: list[list[str]] = [
        ["7", "a", "x", "b", "y", "1", ""],
        ["8", "c", "x", "d", "", "0", ""],
    ]
    assert same(read(tmp_path, written(header, rows, table), f"a.{table}"), TWO)
    header[2] = "question2"
    said = refusal(tmp_path, written(header, rows, table), f"a.{table}")
    assert "has 'question2' more than once" in said
    header[2] = " question2"  # the exact name is meant
    assert same(read(tmp_path, written(header, rows, table), f"a.{table}"), TWO)


def test_columns_that_are_one_without_spaces_cannot_be_two_fields() -> None:
    with pytest.raises(ValueError, match="can be used only once"):
        ColumnMapping(question1="a", question2="a ")
    with pytest.raises(ValueError, match="cannot be blank"):
        ColumnMapping(split=" ")


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    ("header", "helps"),
    [
        (
            ["q1", "q2", "is_duplicate"],
            "Set `question1` and `question2` to the names of the columns",
        ),
        (
            ["question1", "question2", "same"],
            "Set `label` to the name of the column to use; or, if every row is a pair that belongs "
            "together, `shape` to positive_pairs.",
        ),
    ],
)
def test_a_missing_column_is_refused_with_what_would_help(
    tmp_path: Path, table: str, header: list[str], helps: str
) -> None:
    said = refusal(tmp_path, written(header, [["a", "b", "4.5"]], table), f"a.{table}")
    assert f"its columns are '{header[0]}'" in said
    assert helps in said


def test_json_that_claims_to_be_a_table_is_told_its_format(tmp_path: Path) -> None:
    line = json.dumps(dict(zip(HEADER.split(","), ["a", "b", 1], strict=True)))
    assert "set `format` to jsonl" in refusal(tmp_path, line, "a.csv")
