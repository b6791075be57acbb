"""Files that give few rows and cost much time: each is given up at a bound."""

import gzip
import json
from pathlib import Path

import pytest

from models.datasets.errors import DatasetFileError
from models.datasets.reading.files import ColumnMapping, read_pairs
from models.datasets.reading.limits import MAX_BLANK_LINES, FileLimits

COLUMNS = ColumnMapping("question1", "question2", "is_duplicate", None)
HEADER = b"question1,question2,is_duplicate\n"
OBJECT = json.dumps({"question1": "a", "question2": "b", "is_duplicate": 1}).encode() + b"\n"


def read(tmp_path: Path, name: str, content: bytes, limits: FileLimits) -> int:
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(content))
    return len(read_pairs(path, filename=f"{name}.gz", columns=COLUMNS, limits=limits))


@pytest.mark.parametrize("blank", [b"\n", b"\r\n", b" \t\n"])
@pytest.mark.parametrize(("name", "head"), [("a.csv", HEADER + b"a,b,1\n"), ("a.jsonl", OBJECT)])
def test_blank_lines_without_end_are_refused(
    tmp_path: Path, name: str, head: bytes, blank: bytes
) -> None:
    some = head + blank * 1_000
    if name == "a.jsonl" or blank != b" \t\n":  # in CSV such a line is a row with one text
        assert read(tmp_path, name, some, FileLimits()) == 1
    with pytest.raises(DatasetFileError, match="100,000 blank lines follow one another"):
        read(tmp_path, name, head + blank * (MAX_BLANK_LINES + 1), FileLimits())


def test_rows_of_empty_cells_count_as_rows(tmp_path: Path) -> None:
    content = HEADER + b"a,b,1\n" + b",,\n" * 50
    assert read(tmp_path, "a.csv", content, FileLimits(max_rows=51)) == 1
    with pytest.raises(DatasetFileError, match="more than 50 rows"):
        read(tmp_path, "a.csv", content, FileLimits(max_rows=50))


@pytest.mark.parametrize(("name", "head"), [("a.csv", HEADER), ("a.jsonl", OBJECT)])
def test_a_file_whose_reading_takes_too_long_is_given_up(
    tmp_path: Path, name: str, head: bytes
) -> None:
    row = OBJECT if name == "a.jsonl" else b"a,b,1\n"
    assert read(tmp_path, name, head + row, FileLimits(max_seconds=3600)) >= 1
    with pytest.raises(DatasetFileError, match="longer than the 0 seconds"):
        read(tmp_path, name, head + row, FileLimits(max_seconds=0))
