#!/usr/bin/env bash
# Rows of a categorical column that fastparquet wrote are not found again by their value.
#
# A good guess: a data frame with a categorical column of "small", "medium" and "large", three rows
# each, written by fastparquet with `stats=True` and asked for the rows of one value, gives three.
# Seen: fastparquet 2026.9.0 writes the first and last of the *categories' order* as the column's
# smallest and largest value ("small" and "large", and "small" comes after "large"), so DuckDB
# 2.0.1 finds 0 rows for each of the three values, and so does fastparquet's own filter. pyarrow
# 26.0.1 and polars 2.1.0 do not look at that (older) pair of statistics and find all of them.
# Whoever keeps the natural order of categories loses rows without a word, and only in some readers.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  fastparquet==2026.9.0 pandas==3.1.1 duckdb==2.0.1 pyarrow==26.0.1 polars==2.1.0

cat > look.py <<'PYTHON'
import duckdb
import fastparquet
import pandas
import polars
import pyarrow
import pyarrow.compute
import pyarrow.parquet

sizes = ["small", "medium", "large"]
frame = pandas.DataFrame({"size": pandas.Categorical(sizes * 3, categories=sizes, ordered=True)})
fastparquet.write("sizes.parquet", frame, stats=True)

for library in (fastparquet, pandas, duckdb, pyarrow, polars):
    print(library.__name__, library.__version__, end="; ")
written = fastparquet.ParquetFile("sizes.parquet")
statistics = written.row_groups[0].columns[0].meta_data.statistics
print(f"\nsmallest and largest value by the file: {statistics.min}, {statistics.max}")
found = {"duckdb": [], "fastparquet": [], "pyarrow": [], "polars": []}
for size in sizes:
    query = f"select * from 'sizes.parquet' where size = '{size}'"
    found["duckdb"].append(len(duckdb.sql(query).fetchall()))
    own = written.to_pandas(filters=[("size", "==", size)], row_filter=True)
    found["fastparquet"].append(len(own))
    equal = pyarrow.compute.field("size") == size
    found["pyarrow"].append(pyarrow.parquet.read_table("sizes.parquet", filters=equal).num_rows)
    lazy = polars.scan_parquet("sizes.parquet").filter(polars.col("size") == size)
    found["polars"].append(lazy.collect().height)
print(f"rows found of 3 for each of {sizes}: {found}")
assert found["duckdb"] == found["fastparquet"] == [0, 0, 0], found
assert found["pyarrow"] == found["polars"] == [3, 3, 3], found
PYTHON
venv/bin/python look.py
