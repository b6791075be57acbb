#!/usr/bin/env bash
# Whether a float32 column holds 0.7 depends on "equal" or "in", and on the library.
#
# A good guess: `column == 0.7` and `column is in [0.7]` find the same rows, and `column >= 0.7`
# finds them too, in each library that reads the column.
# Seen: of a float32 column with 0.7 and 0.5, polars 2.1.0 and pandas 3.1.1 find the 0.7 by "equal"
# and by "at least", but not by "in". pyarrow 26.0.1 finds it by "in" only. DuckDB 2.0.1 finds it by
# all three. Each converts either the question to float32 or the column to float64, where the stored
# number is 0.69999999, and polars, pandas and pyarrow do not decide alike for all operators.
# Whoever filters scores by a threshold or a list of levels keeps other rows after "==" was turned
# into "in", or after the same filter moved from the data frame into the reading of the file.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check \
  polars==2.1.0 pandas==3.1.1 pyarrow==26.0.1 duckdb==2.0.1 numpy==2.4.6

cat > look.py <<'PYTHON'
import duckdb
import numpy
import pandas
import polars
import pyarrow
from pyarrow.compute import field

scores = numpy.array([0.7, 0.5], dtype=numpy.float32)
arrow = pyarrow.table({"score": scores})
series = pandas.Series(scores)
column = polars.col("score")


def by_polars(condition: polars.Expr) -> int:
    return polars.DataFrame({"score": scores}).filter(condition).height


def by_duckdb(condition: str) -> int:
    return len(duckdb.sql(f"select * from arrow where score {condition}").fetchall())


def by_pyarrow(condition: pyarrow.compute.Expression) -> int:
    return arrow.filter(condition).num_rows


seen = {
    polars: [by_polars(c) for c in (column == 0.7, column.is_in([0.7]), column >= 0.7)],
    pandas: [int(found.sum()) for found in (series == 0.7, series.isin([0.7]), series >= 0.7)],
    pyarrow: [
        by_pyarrow(c)
        for c in (field("score") == 0.7, field("score").isin([0.7]), field("score") >= 0.7)
    ],
    duckdb: [by_duckdb(c) for c in ("= 0.7", "in (0.7)", ">= 0.7")],
}
print(f"rows found of one: == 0.7, in [0.7], >= 0.7 (stored: {float(scores[0])})")
for library, found in seen.items():
    print(library.__name__, library.__version__, found)
assert seen[polars] == seen[pandas] == [1, 0, 1], seen
assert seen[pyarrow] == [0, 1, 0], seen
assert seen[duckdb] == [1, 1, 1], seen
PYTHON
venv/bin/python look.py
