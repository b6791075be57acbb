#!/usr/bin/env bash
# DuckDB finds fewer NaN rows in a Parquet file than in a table of the same rows.
#
# A good guess: `select ... where v > 10` gives the same rows whether `v` comes from a Parquet file
# or from a table into which that file was read. DuckDB orders NaN above every number, so NaN rows
# belong to the answer both times.
# Seen: with DuckDB 2.0.1 and files by pyarrow 26.0.1 or polars 2.1.0, in row groups of three rows,
# the table gives 6 rows and the file 5; for `isnan(v)` the table gives 5 and the file 3. Parquet's
# statistics leave NaN out, and a row group whose largest number is 5 is skipped though NaN is in
# it. Polars, which orders NaN the same way, gives 6 and 5 from its lazy scan as from memory.
# Whoever looks for failed measurements (NaN) in a large file is told that there are fewer.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  duckdb==2.0.1 pyarrow==26.0.1 polars==2.1.0

cat > look.py <<'PYTHON'
import duckdb
import polars
import pyarrow
import pyarrow.parquet

nan = float("nan")
values = [1.0, nan, 3.0, 20.0, 5.0, nan, -1.0, 0.0, 2.0, nan, nan, nan]
pyarrow.parquet.write_table(pyarrow.table({"v": values}), "pyarrow.parquet", row_group_size=3)
polars.DataFrame({"v": values}).write_parquet("polars.parquet", row_group_size=3)

print("duckdb", duckdb.__version__, "pyarrow", pyarrow.__version__, "polars", polars.__version__)
expressions = {"v > 10": polars.col("v") > 10, "isnan(v)": polars.col("v").is_nan()}
seen = []
for file in ("pyarrow.parquet", "polars.parquet"):
    duckdb.sql(f"create or replace table rows_of_file as select * from '{file}'")
    for condition, expression in expressions.items():
        counts = [
            len(duckdb.sql(f"select v from {source} where {condition}").fetchall())
            for source in ("rows_of_file", f"'{file}'")
        ]
        lazy = polars.scan_parquet(file).filter(expression).collect().height
        print(f"{file}, {condition}: table {counts[0]}, file {counts[1]}, polars' scan {lazy}")
        seen.append((*counts, lazy))
assert seen == [(6, 5, 6), (5, 3, 5)] * 2, seen
PYTHON
venv/bin/python look.py
