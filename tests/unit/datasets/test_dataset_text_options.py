"""Text with another delimiter or in another encoding, and files in a zip archive."""

import contextlib
import io
import warnings
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from models.datasets.errors import DatasetFileError
from models.datasets.pairs import Pairs, content_hash, make_pairs
from models.datasets.reading.archives import MAX_DIRECTORY
from models.datasets.reading.files import read_pairs
from models.datasets.reading.limits import NO_LIMITS, FileLimits
from models.datasets.reading.text_options import (
    ENCODINGS,
    NO_OPTIONS,
    TextOptions,
    delimiter_named,
    encoding_named,
)

from support.pair_files import COLUMNS, TABLES, Row, encoded, refusal

ROWS: list[Row] = [("é", "b", 1, "train"), ("c", "naïve", 0, "train")]
EXPECTED = make_pairs(["é", "c"], ["b", "naïve"], [1, 0])
LETTERS = 'ab, "\nçéßøæłőžηωжяשعไกあ漢汉字한€–'
TEXT = "question1{0}question2{0}is_duplicate\né{0}b{0}1\nc{0}naïve{0}0\n"


def read(
    folder: Path,
    content: bytes,
    name: str,
    options: TextOptions = NO_OPTIONS,
    *,
    format: str | None = None,
    limits: FileLimits = NO_LIMITS,
) -> Pairs:
    (folder / "upload").write_bytes(content)
    return read_pairs(
        folder / "upload",
        filename=name,
        columns=COLUMNS,
        format=format,
        options=options,
        limits=limits,
    )


def refused(
    folder: Path,
    content: bytes,
    name: str,
    options: TextOptions = NO_OPTIONS,
    limits: FileLimits = NO_LIMITS,
) -> DatasetFileError:
    with pytest.raises(DatasetFileError) as caught:
        read(folder, content, name, options, limits=limits)
    return caught.value


def survives(letter: str, encoding: str) -> bool:
    return letter.encode(encoding, errors="replace").decode(encoding, errors="replace") == letter


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return sink.getvalue()


@pytest.mark.parametrize("mark", [",", ";", "\t", "|", ":", " ", "¦", "\x1f"])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_any_delimiter_that_is_given_is_used(tmp_path: Path, mark: str, name: str) -> None:
    pairs = read(tmp_path, TEXT.format(mark).encode(), name, TextOptions(delimiter=mark))
    assert content_hash(pairs) == content_hash(EXPECTED)


@pytest.mark.parametrize("word", ["comma", "semicolon", "tab", "pipe"])
def test_a_header_with_another_delimiter_is_refused_with_the_field_and_its_value(
    tmp_path: Path, word: str
) -> None:
    mark = delimiter_named(word)
    name = "a.tsv" if mark == "," else "a.csv"
    assert f"set `delimiter` to {word}." in refusal(tmp_path, TEXT.format(mark), name)
    other_names = TEXT.format(mark).replace("question", "q")
    assert f"set `delimiter` to {word}." in refusal(tmp_path, other_names, name)


def test_a_header_of_quoted_names_names_the_delimiter_and_not_the_quoting(tmp_path: Path) -> None:
    for mark, other, word in [(",", ";", "semicolon"), (";", ",", "comma"), (";", "\t", "tab")]:
        header = other.join(f'"{name}"' for name in ("question1", "question2", "is_duplicate"))
        content = f'\ufeff{header}\n"a"{other}"b"{other}"1"\n'.encode()
        said = str(refused(tmp_path, content, "a.csv", TextOptions(delimiter=mark)))
        assert f"set `delimiter` to {word}." in said
        assert "quoting" not in said


def test_a_delimiter_is_spelled_as_itself_or_as_a_word() -> None:
    spellings = (";", "\t", "\\t", "Tab", "Semicolon", "comma", "pipe")
    assert [delimiter_named(text) for text in spellings] == [";", *"\t\t\t", ";", ",", "|"]
    for text in (";;", "a", "1", '"', "\n", "\r", "\0", "ß", "colon"):
        with pytest.raises(ValueError, match="the words comma, semicolon, tab, pipe or one char"):
            delimiter_named(text)


@pytest.mark.parametrize("encoding", sorted(ENCODINGS))
def test_text_in_any_encoding_gives_the_same_rows(tmp_path: Path, encoding: str) -> None:
    letters = "".join(letter for letter in LETTERS if survives(letter, encoding))
    assert len(letters) >= (5 if encoding == "ascii" else 6)
    rows: list[Row] = [(letters * 4000, letters[index:], 1, "train") for index in range(9)]
    expected = make_pairs([row[0] for row in rows], [row[1] for row in rows], [1] * 9)
    for table in TABLES[:3]:
        content = encoded(rows, table).decode().encode(encoding)
        pairs = read(tmp_path, content, f"a.{table}", TextOptions(encoding=encoding))
        assert content_hash(pairs) == content_hash(expected)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-be", "utf-8"])
def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path, encoding: str) -> None:
    content = ("\ufeff" + TEXT.format(",")).encode(encoding)
    for name in (encoding, encoding.removesuffix("-le").removesuffix("-be")):
        pairs = read(tmp_path, content, "a.csv", TextOptions(encoding=name))
        assert content_hash(pairs) == content_hash(EXPECTED)


@pytest.mark.parametrize("rows", [1, 5000])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "cp932"])
def test_bytes_that_are_not_of_the_encoding_are_refused_with_their_line(
    tmp_path: Path, rows: int, encoding: str
) -> None:
    bad = {"utf-16-le": b"\x00\xdc", "utf-16-be": b"\xdc\x00", "cp932": b"\x81\x0a"}[encoding]
    text = "question1,question2,is_duplicate\n" + "a\u3042,b,1\n" * rows
    error = refused(tmp_path, text.encode(encoding) + bad, "a.csv", TextOptions(encoding=encoding))
    assert f"Line {rows + 2} of a.csv is not {encoding}" in str(error)
    assert "set `encoding` to the one it has" in str(error)
    assert error.field == "encoding"


def test_text_without_the_mark_that_its_encoding_needs_is_refused_at_the_encoding(
    tmp_path: Path,
) -> None:
    lone_surrogate = b"\0\0\0\xd8\0\0"  # neither marked nor UTF-16 in either order
    for content in (TEXT.format(",").encode("windows-1252"), lone_surrogate):
        error = refused(tmp_path, content, "a.csv", TextOptions(encoding="utf-16"))
        assert error.field == "encoding"
        assert "byte order mark of utf-16; set `encoding`" in str(error)
        assert "windows-1252, utf-16-le" in str(error)


@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@example("utf-16", "csv", b"\0\0\0\xd8\0\0", 0, False)
@given(
    encoding=st.sampled_from(sorted(ENCODINGS)),
    table=st.sampled_from(TABLES[:3]),
    noise=st.binary(max_size=60) | st.sampled_from([b"\x1b$B0", b"\xff\xfe\0", b"\x81"]),
    place=st.integers(0, 200),
    headed=st.booleans(),
)
def test_any_bytes_in_any_encoding_are_a_data_set_or_refused_in_a_sentence(
    tmp_path: Path, encoding: str, table: str, noise: bytes, place: int, headed: bool
) -> None:
    content = encoded(ROWS[:1] * 3, table).decode().encode(encoding, errors="replace")
    content = content[:place] + noise + content[place:] if headed else noise
    with contextlib.suppress(DatasetFileError):  # any other error fails the test
        read(tmp_path, content, f"a.{table}", TextOptions(encoding=encoding))


def test_bytes_that_are_not_utf8_are_refused_with_the_field_that_helps(tmp_path: Path) -> None:
    content = TEXT.format(",").encode("windows-1252")
    assert "line 2: it is not UTF-8 (byte 0xe9" in str(error := refused(tmp_path, content, "a.csv"))
    assert "such as windows-1252, set `encoding`" in str(error)
    spanning = b'question1,question2,is_duplicate\n"a\n\xe9",b,1\n'
    assert "line 2: line 3 is not UTF-8" in str(refused(tmp_path, spanning, "a.csv"))
    pairs = read(tmp_path, content, "a.csv", TextOptions(encoding="cp1252"))
    assert content_hash(pairs) == content_hash(EXPECTED)
    without_mark = TEXT.format(",").encode("utf-16-le")
    assert "set `encoding` to utf-16-le" in str(refused(tmp_path, without_mark, "a.csv"))


def test_an_encoding_has_many_names_and_what_is_none_is_refused() -> None:
    spelled = ["UTF-8", "utf8", "utf-8-sig", "Latin-1", "ISO 8859-1", "Windows-1252", "Shift_JIS"]
    known = ["utf-8", "utf-8", "utf-8", "iso8859-1", "iso8859-1", "cp1252", "shift_jis"]
    assert [encoding_named(text) for text in spelled] == known
    for text in (
        "rot13",
        "hex",
        "zlib",
        "unicode_escape",
        "punycode",
        "utf-7",
        "ü",
        "\0",
        "a" * 99,
    ):
        with pytest.raises(ValueError, match="is not an encoding that can be read"):
            encoding_named(text)


def test_an_option_that_a_format_does_not_have_is_refused_at_its_field(tmp_path: Path) -> None:
    cases = [("jsonl", TextOptions(delimiter=";"), "delimiter")]
    cases += [("parquet", TextOptions(delimiter=";"), "delimiter")]
    cases += [("parquet", TextOptions(encoding="utf-16"), "encoding")]
    for table, options, field in cases:
        error = refused(tmp_path, encoded(ROWS, table), f"a.{table}", options)
        assert error.field == field
        assert f"a.{table} is {table}" in str(error)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_the_one_file_in_a_zip_archive_is_read(tmp_path: Path, table: str, method: int) -> None:
    content = encoded(ROWS, table)
    beside = {"__MACOSX/._train": b"x", "data/.DS_Store": b"x", "data/": b""}
    for inside, name, form in [
        (f"train.{table}", f"train.{table}.zip", None),
        (f"data/train.{table}", "archive.zip", None),
        ("train", f"train.{table}.zip", None),
        (f"train.{table}", "train.csv.zip", None),
        ("train.txt", "x.zip", table),
        ("train.txt", "x.bin", f"{table}.zip"),
    ]:
        packed = zipped({inside: content, **beside}, method)
        pairs = read(tmp_path, packed, name, format=form)
        assert content_hash(pairs) == content_hash(EXPECTED), (inside, name, form)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "of 0 files (none), not of one"),
        ({"a.csv": b"x", "b.csv": b"x"}, "of 2 files ('a.csv', 'b.csv'), not of one"),
        ({"a.csv.gz": b"x"}, "holds 'a.csv.gz', which is packed again"),
        ({"a.txt": b"x"}, "from the name 'a.txt' in x.zip: set `format`"),
        ({"a.csv": b""}, "is empty"),
        ({"a.csv": b"PAR1xxxx"}, "begins like Parquet"),
    ],
)
def test_an_archive_that_is_not_of_one_table_is_refused_in_a_sentence(
    tmp_path: Path, files: dict[str, bytes], said: str
) -> None:
    assert said in str(refused(tmp_path, zipped(files), "x.zip"))


def test_an_archive_is_refused_that_is_locked_or_packed_by_rare_methods(tmp_path: Path) -> None:
    for method in (zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2):
        error = refused(tmp_path, zipped({"a.csv": b"x"}, method), "x.zip")
        assert "not packed by deflate" in str(error)
    locked = bytearray(zipped({"a.csv": b"x"}))
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    assert "is encrypted" in str(refused(tmp_path, bytes(locked), "x.zip"))


def test_an_archive_that_unpacks_beyond_the_limit_or_lists_too_much_is_refused(
    tmp_path: Path,
) -> None:
    limits = FileLimits(max_bytes=10_000)
    bomb = zipped({"a.csv": TEXT.format(",").encode() + b"\n" * 10**6})
    assert "more than 10,000 bytes" in str(refused(tmp_path, bomb, "x.zip", limits=limits))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the same name often
        many = zipped({"x" * 1000 + str(index): b"" for index in range(MAX_DIRECTORY // 1000)})
    assert "too many files" in str(refused(tmp_path, many, "x.zip"))


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_damaged_archive_is_read_or_refused_and_never_a_traceback(
    tmp_path: Path, data: st.DataObject
) -> None:
    content = bytearray(zipped({"a.csv": TEXT.format(",").encode() * 20}))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(len(content) // 2, len(content)))
    with contextlib.suppress(DatasetFileError):  # any other error fails the test
        read(tmp_path, bytes(content[:end]), "a.csv.zip")
