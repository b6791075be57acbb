#!/usr/bin/env bash
# DuckDB adds integers exactly, and writes the sum to Parquet as a float that is another number.
#
# A good guess: `copy (select sum(n) ...) to 'sum.parquet'` of BIGINT values writes an integer, and
# the sum read back is the sum; were it too large for the format, there would be an error.
# Seen: with DuckDB 2.0.1 the sum of 9007199254740992 and 1 is ...993 on the screen; its type is
# HUGEINT, which Parquet has not, so the file's column is DOUBLE and DuckDB itself reads ...992 from
# it, as pyarrow 26.0.1 does. A count stays a BIGINT, and `sum(n)::bigint` keeps the value.
# Whoever hands over totals in cents, bytes or nanoseconds, or checks two exports by sums of
# identifiers, gets floats where no float went in, and beyond 2**53 other totals.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check duckdb==2.0.1 pyarrow==26.0.1

cat > look.py <<'PYTHON'
import duckdb
import pyarrow
import pyarrow.parquet

duckdb.sql("create table numbers as select unnest([9007199254740992, 1])::bigint as n")
query = "select sum(n) as total, sum(n)::bigint as cast_total, count(*) as rows from numbers"
duckdb.sql(f"copy ({query}) to 'sums.parquet'")
direct = duckdb.sql(query).fetchall()[0]
from_file = duckdb.sql("select * from 'sums.parquet'").fetchall()[0]
table = pyarrow.parquet.read_table("sums.parquet")
types = [str(field.type) for field in table.schema]
print("duckdb", duckdb.__version__, "pyarrow", pyarrow.__version__)
print(f"asked directly: {direct}")
print(f"from the file, by duckdb: {from_file}")
print(f"from the file, by pyarrow: {table.to_pylist()} as {types}")
assert direct == (2**53 + 1, 2**53 + 1, 2)
assert from_file == tuple(table.to_pylist()[0].values()) == (2.0**53, 2**53 + 1, 2)
assert types == ["double", "int64", "int64"], types
PYTHON
venv/bin/python look.py
