"""CSV and Parquet made piece by piece: the same rows come out, and no text is a formula."""

import csv
import io
from collections.abc import Iterator

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from api.exports.arrow_streams import FileFormat, pieces, without_formulas

SCHEMA = pa.schema([("name", pa.string()), ("figure", pa.float64())])
BEGINNINGS = "=+-@\t\r\n＝＋－＠"

texts = st.one_of(
    st.none(),
    st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    st.builds(str.__add__, st.sampled_from(BEGINNINGS), st.text("a1(,\"'|!\n", max_size=5)),
)
rows = st.lists(st.tuples(texts, st.none() | st.floats(allow_nan=False)), max_size=20)


def batch(given_rows: list[tuple[str | None, float | None]]) -> pa.RecordBatch:
    columns = {"name": [one for one, _ in given_rows], "figure": [one for _, one in given_rows]}
    return pa.RecordBatch.from_pydict(columns, schema=SCHEMA)


@given(rows)
def test_no_text_is_left_that_begins_a_formula_and_nothing_else_is_changed(
    made: list[tuple[str | None, float | None]],
) -> None:
    kept = without_formulas(batch(made))
    assert kept["figure"].to_pylist() == [figure for _, figure in made]
    for before, after in zip((name for name, _ in made), kept["name"].to_pylist(), strict=True):
        if before and before[0] in BEGINNINGS:
            assert after == f"'{before}"
        else:
            assert after == before


@given(st.lists(rows, max_size=4))
def test_every_batch_of_a_csv_file_comes_out_as_it_went_in(
    batches: list[list[tuple[str | None, float | None]]],
) -> None:
    made = list(pieces(SCHEMA, map(batch, batches), FileFormat.CSV))
    read = list(csv.reader(io.StringIO(b"".join(made).decode(), newline="")))
    assert read[0] == ["name", "figure"]
    # a row that holds nothing at all is no line break alone: there are two columns
    assert [float(figure) if figure else None for _, figure in read[1:]] == [
        figure for one in batches for _, figure in one
    ]
    assert len(made) == len(batches) + 1


@given(st.lists(rows, max_size=4))
def test_every_batch_of_a_parquet_file_comes_out_as_it_went_in(
    batches: list[list[tuple[str | None, float | None]]],
) -> None:
    made = b"".join(pieces(SCHEMA, map(batch, batches), FileFormat.PARQUET))
    table = parquet.read_table(io.BytesIO(made))
    assert table.schema.names == ["name", "figure"]
    both = zip(table["name"].to_pylist(), table["figure"].to_pylist(), strict=True)
    assert list(both) == [row for one in batches for row in one]


@pytest.mark.parametrize("form", FileFormat)
def test_a_piece_is_given_out_before_the_next_batch_is_made(form: FileFormat) -> None:
    made = 0

    def batches() -> Iterator[pa.RecordBatch]:
        nonlocal made
        for _ in range(3):
            made += 1
            yield batch([("a" * 1000, 1.0)] * 1000)

    stream = pieces(SCHEMA, batches(), form)
    assert next(stream)
    assert made == 1
