"""A file of question pairs that cannot be used says what is wrong with it, and where."""

import csv
import gzip
import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.datasets.errors import BadRows, DatasetFileError
from models.datasets.reading.files import ColumnMapping, read_pairs
from models.datasets.reading.limits import MAX_ROW_BYTES, FileLimits

from support.pair_files import COLUMNS, TABLES, Row, bad_rows, compressed, encoded, read, refusal


def test_every_bad_row_is_found_with_the_line_it_starts_on(tmp_path: Path) -> None:
    content = (
        b"question1,question2,is_duplicate,part\n"
        b'"two\nlines",b,1,train\n'  # lines 2 and 3
        b"a,b,2,train\n"
        b"a,b,1\n"
        b"a,b,1.5,train\n"
        b'"a"x,b,1,train\n'
        b"a,b,0,dev\n"
        b"\xffa,b,0,test\n"
        b"a,\0b,0,test\n"
        b"good,b,0,test\n"
        b'"never closed,b,0,test\n'
    )
    found = bad_rows(tmp_path, content, split="part")
    assert [line for line, _ in found] == [4, 5, 6, 7, 8, 9, 10, 12]
    reasons = [reason for _, reason in found]
    assert "label is '2'" in reasons[0]
    assert "3 fields, but the header has 4" in reasons[1]
    assert "label is '1.5'" in reasons[2]
    assert "quoting" in reasons[3]
    assert "split is 'dev'" in reasons[4]
    assert "it is not UTF-8 (byte 0xff at position 1)" in reasons[5]
    assert "NUL" in reasons[6]
    assert "never closed" in reasons[7]


def test_only_twenty_bad_rows_are_kept_but_all_are_counted(tmp_path: Path) -> None:
    with pytest.raises(BadRows, match=r"1,000 rows cannot be used.* line 2: ") as caught:
        read(tmp_path, "question1,question2,is_duplicate\n" + "a,b,x\n" * 1000)
    assert (caught.value.count, len(caught.value.examples)) == (1000, 20)


def test_bad_lines_of_json_are_found(tmp_path: Path) -> None:
    good = '{"question1": "a", "question2": "b", "is_duplicate": 0}'
    lines = [
        good,
        "[1]",
        '"text"',
        "{",
        good.replace('"a"', "null"),
        good.replace('"b"', "5"),
        good.replace("0", "[]"),
        '{"question1": "a", "question2": "b"}',
        good.replace('"a"', '"\\ud800"'),
        good.replace('"b"', '"\\u0000"'),
        "[" * 100_000,
        good.replace("0", "NaN"),
    ]
    found = bad_rows(tmp_path, "\n".join(lines), "a.jsonl")
    assert [line for line, _ in found] == list(range(2, len(lines) + 1))
    wanted = ["not a JSON object", "not a JSON object", "not JSON", "null", "not text", "label is"]
    wanted += ["has no 'is_duplicate'", "surrogate", "NUL", "nested too deeply", "label is"]
    for (_, reason), part in zip(found, wanted, strict=True):
        assert part in reason


def test_a_list_of_objects_is_told_that_json_lines_has_one_a_line(tmp_path: Path) -> None:
    good = '{"question1": "a", "question2": "b", "is_duplicate": 0}'
    for content in (f"[{good},{good}]", f"[\n{good},\n{good}\n]"):
        assert "one object a line" in bad_rows(tmp_path, content, "a.jsonl")[0][1]


def test_a_row_that_joins_lines_and_does_not_fit_is_told_of_the_quoting(tmp_path: Path) -> None:
    content = 'question1,question2,is_duplicate\n"Yes, b,1\nc,d,0\ne,f,1\ng",h\n'
    ((line, reason),) = bad_rows(tmp_path, content)
    assert line == 2
    assert reason.startswith("it has 2 fields, but the header has 3")
    assert "join lines 2 to 5; set `quoting` to none where they belong to the texts" in reason


def test_bad_rows_of_parquet_are_found_by_row_number(tmp_path: Path) -> None:
    rows = {
        "question1": ["a", None, "a\0", "a", "a"],
        "question2": ["b"] * 5,
        "is_duplicate": [0.0, 1.0, 1.0, None, 0.5],
    }
    sink = io.BytesIO()
    pq.write_table(pa.table(rows), sink)
    found = bad_rows(tmp_path, sink.getvalue(), "a.parquet")
    assert [line for line, _ in found] == [2, 3, 4, 5]
    with pytest.raises(BadRows, match="the first is at row 2: its first question is null"):
        read(tmp_path, sink.getvalue(), "a.parquet")
    for (_, reason), part in zip(found, ["null", "NUL", "null", "0.5"], strict=True):
        assert part in reason


@pytest.mark.parametrize("table", TABLES)
def test_a_missing_column_is_named_with_those_found(tmp_path: Path, table: str) -> None:
    content = encoded([("a", "b", 1, "train")], table)
    said = refusal(tmp_path, content, f"a.{table}", label="same")
    assert "'same'" in said
    assert "'is_duplicate'" in said


def test_a_parquet_file_without_rows_is_refused(tmp_path: Path) -> None:
    sink = io.BytesIO()
    rows = {"question1": pa.array([], pa.string()), "question2": pa.array([], pa.string())}
    pq.write_table(pa.table(rows | {"is_duplicate": pa.array([], pa.int8())}), sink)
    assert "has no rows" in refusal(tmp_path, sink.getvalue(), "a.parquet")


@pytest.mark.parametrize(
    ("content", "name", "part"),
    [
        ("", "a.csv", "is empty"),
        ("", "a.parquet", "is empty"),
        (gzip.compress(b"", mtime=0), "a.csv.gz", "is empty"),
        ("\n\n", "a.csv", "no header line"),
        ("question1,question2,is_duplicate\n", "a.csv", "has no rows"),
        ("\n \n", "a.jsonl", "has no rows"),
        ("question1,question1,question2,is_duplicate\na,b,c,1\n", "a.csv", "more than once"),
        ("question1,question2\0,is_duplicate\n", "a.csv", "NUL"),
        ('"question1', "a.csv", "never closed"),
        (
            gzip.compress(b"question1", mtime=0),
            "a.csv",
            "should be plain text but begins like gzip; set `format` to csv.gz",
        ),
        ("question1", "a.csv.gz", "does not begin like gzip; rename it without"),
        ("question1", "a.tsv.zst", "does not begin like zstd"),
        ("question1", "a.parquet", "does not begin like Parquet; set `format` to csv"),
        (b"PAR1xxxx", "a.csv", "begins like Parquet; set `format` to parquet"),
        (b"PK\x03\x04xxxx", "a.csv", "begins like zip; set `format` to csv.zip"),
        (
            "question1".encode("utf-16"),
            "a.csv",
            "begins like UTF-16 text; set `encoding` to utf-16",
        ),
        (b"PAR1xxxxyyyyPAR0", "a.parquet", "is damaged or was cut short"),
        ("a", "a.xlsx", "Cannot tell a format from the name 'a.xlsx': save the sheet as csv;"),
        ("a", "a.txt", "Cannot tell a format from the name 'a.txt': set `format`;"),
        ("a", "csv", "Cannot tell a format from the name 'csv': set `format`"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused_in_a_sentence(
    tmp_path: Path, content: bytes | str, name: str, part: str
) -> None:
    assert part in refusal(tmp_path, content, name)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("ending", [".gz", ".zst"])
def test_a_compressed_file_cut_anywhere_is_refused(tmp_path: Path, table: str, ending: str) -> None:
    rows: list[Row] = [(f"question {i * i}", f"other {i}", i % 2, "train") for i in range(200)]
    content = compressed(encoded(rows, table), ending)
    for cut in (len(content) // 2, len(content) - 9, len(content) - 1):
        refusal(tmp_path, content[:cut], f"a.{table}{ending}")


def test_a_cut_parquet_file_is_refused(tmp_path: Path) -> None:
    content = encoded([("a", "b", 1, "train")] * 50, "parquet")
    assert "cut short" in refusal(tmp_path, content[:-20], "a.parquet")


def test_parquet_text_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    text = pa.array([b"\xff\xfe"]).view(pa.string())
    sink = io.BytesIO()
    pq.write_table(pa.table({"question1": text, "question2": ["b"], "is_duplicate": [1]}), sink)
    assert "UTF8" in refusal(tmp_path, sink.getvalue(), "a.parquet")


def test_a_parquet_question_column_must_hold_text(tmp_path: Path) -> None:
    sink = io.BytesIO()
    pq.write_table(pa.table({"question1": [1], "question2": ["b"], "is_duplicate": [1]}), sink)
    assert "contains int64, not text" in refusal(tmp_path, sink.getvalue(), "a.parquet")


def test_a_field_over_the_limit_is_a_bad_row_and_not_a_traceback(tmp_path: Path) -> None:
    long = "x" * (csv.field_size_limit() + 1)
    found = bad_rows(tmp_path, f"question1,question2,is_duplicate\na,b,1\n{long},b,1\na,b,1\n")
    assert found[0][0] == 3
    assert "longer than 131,072 characters" in found[0][1]


@pytest.mark.parametrize("name", ["a.csv.gz", "a.jsonl.zst", "a.parquet", "a.parquet.gz"])
def test_a_file_that_unpacks_beyond_the_limit_is_refused(tmp_path: Path, name: str) -> None:
    rows: list[Row] = [("x" * 1000, "y" * 1000, 1, "train")] * 5000
    path = tmp_path / "bomb"
    ending = name[-4:] if name.endswith("zst") else name[-3:] if name.endswith("gz") else ""
    path.write_bytes(compressed(encoded(rows, name.split(".")[1]), ending))
    limit = 10_000
    with pytest.raises(DatasetFileError, match="more than 10,000 bytes after unpacking"):
        read_pairs(path, filename=name, columns=COLUMNS, limits=FileLimits(max_bytes=limit))


def test_a_given_format_wins_over_the_name(tmp_path: Path) -> None:
    content = compressed(encoded([("a", "b", 1, "train")], "tsv"), ".gz")
    (tmp_path / "x").write_bytes(content)
    pairs = read_pairs(tmp_path / "x", filename="export.txt", format="tsv.gz", columns=COLUMNS)
    assert len(pairs) == 1
    pairs = read_pairs(tmp_path / "x", filename="export.gz", format="tsv", columns=COLUMNS)
    assert len(pairs) == 1


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet"])
def test_a_file_of_more_rows_than_allowed_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "many").write_bytes(encoded([("a", "b", 1, "train")] * 6, name.split(".")[1]))

    def read(most: int) -> int:
        limits = FileLimits(max_rows=most)
        return len(read_pairs(tmp_path / "many", filename=name, columns=COLUMNS, limits=limits))

    assert read(6) == 6
    with pytest.raises(DatasetFileError, match="more than 5 rows"):
        read(5)


def test_bad_rows_count_towards_the_bound_as_well(tmp_path: Path) -> None:
    (tmp_path / "bad").write_text("question1,question2,is_duplicate\n" + "a,b,maybe\n" * 6)
    with pytest.raises(DatasetFileError, match="more than 5 rows"):
        read_pairs(
            tmp_path / "bad",
            filename="a.csv",
            columns=ColumnMapping(),
            limits=FileLimits(max_rows=5),
        )


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet"])
def test_a_question_longer_than_allowed_is_a_bad_row(tmp_path: Path, name: str) -> None:
    rows: list[Row] = [("ü" * 9, "b", 1, "train"), ("a", "ü" * 10, 0, "train")]
    (tmp_path / "long").write_bytes(encoded(rows, name.split(".")[1]))
    limits = FileLimits(max_text=9)
    with pytest.raises(BadRows) as caught:
        read_pairs(tmp_path / "long", filename=name, columns=COLUMNS, limits=limits)
    assert caught.value.count == 1
    assert caught.value.examples[0][1] == "its second question has 10 characters; 9 are allowed"


@pytest.mark.parametrize(
    ("name", "start", "again"),
    [
        ("a.jsonl.gz", b'{"question1": "', b"x" * 1024),
        ("a.csv.gz", b"question1,question2,is_duplicate\n", b"x" * 1024),
        ("b.csv.gz", b"question1,question2,is_duplicate\na,b,1", b',"\n"' * 256),
    ],
)
def test_a_row_without_an_end_is_given_up_long_before_the_file_ends(
    tmp_path: Path, name: str, start: bytes, again: bytes
) -> None:
    content = start + again * (3 * MAX_ROW_BYTES // 1024)
    (tmp_path / "endless").write_bytes(gzip.compress(content, 1))
    watched = FileLimits(max_bytes=2 * MAX_ROW_BYTES)  # another refusal, should it read so far
    with pytest.raises(DatasetFileError, match=f"longer than {MAX_ROW_BYTES:,} bytes"):
        read_pairs(tmp_path / "endless", filename=name, columns=ColumnMapping(), limits=watched)


def test_a_value_that_a_dictionary_repeats_is_counted_as_often_as_it_stands(tmp_path: Path) -> None:
    indices = pa.array([0] * 20_000, pa.int32())
    column = pa.DictionaryArray.from_arrays(indices, pa.array(["x" * 100_000]))
    rows = pa.table(
        {"question1": column, "question2": ["b"] * 20_000, "is_duplicate": [1] * 20_000}
    )
    path = tmp_path / "bomb"
    pq.write_table(rows, path, compression="zstd")
    assert path.stat().st_size < 10_000
    with pytest.raises(DatasetFileError, match="bytes after unpacking"):
        read_pairs(
            path,
            filename="a.parquet",
            columns=ColumnMapping(),
            limits=FileLimits(max_bytes=10_000_000),
        )
