"""No row of CSV or TSV is merged with another, or lost inside one, without a word."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from models.datasets.errors import BadRows, DatasetFileError
from models.datasets.pairs import Pairs, content_hash, make_pairs
from models.datasets.reading.files import ColumnMapping, TextOptions, read_pairs
from models.datasets.reading.text_options import Quoting

NAMES = ["question1", "question2", "is_duplicate"]


def read(
    folder: Path, content: str, name: str, quoting: Quoting | None = None, mark: str | None = None
) -> Pairs:
    (folder / "upload").write_text(content, newline="")
    options = TextOptions(quoting=quoting, delimiter=mark)
    return read_pairs(folder / "upload", filename=name, columns=ColumnMapping(), options=options)


def refused(folder: Path, content: str, name: str, mark: str | None = None) -> BadRows:
    with pytest.raises(BadRows) as caught:
        read(folder, content, name, mark=mark)
    return caught.value


def joined(mark: str, *rows: list[str]) -> str:
    return "".join(mark.join(row) + "\n" for row in rows)


@pytest.mark.parametrize("mark", [",", "\t", ";", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("between", [0, 3])
@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize("header", [NAMES, ["is_duplicate", "question2", "question1"]])
def test_rows_that_stray_quotation_marks_join_are_refused_and_counted(
    tmp_path: Path, header: list[str], place: int, between: int, end: str, mark: str
) -> None:
    header = [*header, "note"]  # so that a mark may stand behind the label, too
    opening, closing = (["1" if name == "is_duplicate" else "x" for name in header] for _ in "ab")
    texts = [index for index, name in enumerate(header) if name != "is_duplicate"]
    opening[texts[place]] = '"x'
    closing[texts[place]] = 'x"'
    plain = ["0" if name == "is_duplicate" else "y" for name in header]
    rows = [header, plain, opening, *[plain] * between, closing, plain]
    content = joined(mark, *rows).replace("\n", end)
    error = refused(tmp_path, content, "a.csv", mark)
    assert (error.count, error.swallowed) == (1, between + 1)
    [(line, reason)] = error.examples
    assert line == 3
    assert "may be several rows; set `quoting` to none" in reason
    assert f"join lines 3 to {4 + between}" in reason
    pairs = read(tmp_path, content, "a.csv", "none", mark)
    assert len(pairs) == len(rows) - 1
    assert pairs.warnings == ()
    assert len(read(tmp_path, content, "a.csv", "double", mark)) == 3


def test_a_text_of_several_lines_is_one_row(tmp_path: Path) -> None:
    rows = '"Well, yes\nor, no",b,1\n"a ""quoted"",\n\nword","c\nd",0\n"plain\nlines",e,0\n'
    pairs = read(tmp_path, joined(",", NAMES) + rows, "a.csv")
    texts = ["Well, yes\nor, no", 'a "quoted",\n\nword', "plain\nlines"]
    assert content_hash(pairs) == content_hash(make_pairs(texts, ["b", "c\nd", "e"], [1, 0, 0]))
    [warning] = pairs.warnings
    assert warning.startswith("2 rows span lines and have ',' between quotation marks, the first")
    assert "at line 2" in warning
    assert "`quoting` to none" in warning
    assert read(tmp_path, joined(",", NAMES) + rows, "a.csv", "double").warnings == ()


def test_in_tsv_a_tab_in_a_text_of_several_lines_is_refused(tmp_path: Path) -> None:
    content = joined("\t", NAMES) + '"no\tlabel\nhere"\tb\t1\n"two\nlines"\tb\t1\n'
    assert [line for line, _ in refused(tmp_path, content, "a.tsv").examples] == [2]
    assert len(read(tmp_path, content, "a.tsv", "double")) == 2


def test_rows_that_end_in_a_carriage_return_are_not_joined_either(tmp_path: Path) -> None:
    content = joined(",", NAMES) + '"He spoke.,b,1\rSo it is.",c,0\n'
    [(line, reason)] = refused(tmp_path, content, "a.csv").examples
    assert (line, "may be several rows" in reason) == (2, True)


def test_lines_inside_a_row_that_is_refused_for_another_reason_are_counted(tmp_path: Path) -> None:
    good = "a,b,1\n"
    wide = '"x,b,1\n' + good * 4 + 'y",b,1,2\n'  # five lines swallowed, and too many fields
    broken = '"x,b,1\n' + good * 2 + 'y"z,b,1\n'
    label = '"x\ny",b,7\n'
    endless = '"x,b,1\n' + good * 7
    error = refused(tmp_path, joined(",", NAMES) + wide + broken + label + endless, "a.csv")
    assert (error.count, error.swallowed) == (4, 5 + 3 + 1 + 7)
    assert [line for line, _ in error.examples] == [2, 8, 12, 14]
    spans = ["2 to 7", "8 to 11", "12 to 13", "14 to 21"]
    for (_, reason), span in zip(error.examples, spans, strict=True):
        assert f"join lines {span}" in reason
    assert str(error).endswith("16 more lines are inside refused rows.")
    assert "set `quoting` to none" in error.examples[-1][1]


def test_a_row_inside_the_header_is_refused(tmp_path: Path) -> None:
    content = 'question1,question2,is_duplicate,"note\na,b,1,x"\nc,d,0,y\n'
    with pytest.raises(DatasetFileError, match="header of a.csv may hold rows; set `quoting`"):
        read(tmp_path, content, "a.csv")


def test_without_quoting_every_line_is_a_row_and_every_mark_a_letter(tmp_path: Path) -> None:
    content = joined(",", NAMES, ['"', 'a"b', "1"], ['"c"', '""', "0"])
    pairs = read(tmp_path, content, "a.csv", "none")
    assert content_hash(pairs) == content_hash(make_pairs(['"', '"c"'], ['a"b', '""'], [1, 0]))


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.lists(
        st.tuples(st.text('ab"', max_size=4), st.text('ab"', max_size=4), st.sampled_from("01")),
        min_size=1,
        max_size=6,
    ),
    mark=st.sampled_from([",", "\t"]),
)
def test_texts_with_any_quotation_marks_are_all_there_or_a_word_is_said(
    tmp_path: Path, rows: list[tuple[str, str, str]], mark: str
) -> None:
    assume(any('"' in text for row in rows for text in row))
    content = joined(mark, NAMES, *(list(row) for row in rows))
    with contextlib.suppress(BadRows):  # then a word was said
        pairs = read(tmp_path, content, "a.csv", mark=mark)
        assert len(pairs) == len(rows) or pairs.warnings
    assert len(read(tmp_path, content, "a.csv", "none", mark)) == len(rows)
