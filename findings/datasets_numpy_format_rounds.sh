#!/usr/bin/env bash
# The datasets library reads a float64 value as float64 by row, but as float32 by slice.
#
# A good guess: `with_format("numpy")` changes how a column is handed out, not what is in it; a
# feature `Value("float64")` comes as NumPy's float64, by `rows[0]` as well as by `rows[:1]`.
# Seen: with datasets 5.2.0 and NumPy 2.4.6, `rows[0]["at"]` is the float64 1764496800.123456 (a
# time in seconds) and `rows[:1]["at"]` holds the float32 1764496768.0. `map` row by row keeps the
# value, `map(..., batched=True)` with the same function stores float32, and `filter` for one of two
# times that lie a second apart finds both. "pandas" and "arrow" keep the value.
# Whoever keeps times or exact scores in a data set gets neighbours of them, or not, by how the rows
# are asked for.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check \
  datasets==5.2.0 numpy==2.4.6 pandas==3.1.1 pyarrow==26.0.1

cat > look.py <<'PYTHON'
import datasets
import numpy
from datasets import Dataset, Value

datasets.disable_progress_bars()
SECONDS = 1764496800.123456
stored = Dataset.from_dict({"at": [SECONDS, SECONDS + 1]})
rows = stored.with_format("numpy")
print("datasets", datasets.__version__, "numpy", numpy.__version__, stored.features)
by_row, by_slice = rows[0]["at"], rows[:1]["at"][0]
print(f"by row: {by_row.dtype} {by_row!s}, by slice: {by_slice.dtype} {by_slice:.1f}")
copies = {}
for batched in (False, True):
    made = rows.map(lambda row: {"copy": row["at"] * 1}, batched=batched).with_format(None)
    copies[batched] = (made.features["copy"], made["copy"][0])
    print(f"stored by map, batched={batched}: {copies[batched]}")
found = len(rows.filter(lambda row: row["at"] == SECONDS))
exact = len(stored.filter(lambda row: row["at"] == SECONDS))
print(f"rows with the first time, of two: {found} as numpy, {exact} without a format")
pandas_at = stored.with_format("pandas")[:1]["at"]
print(f"as pandas, by slice: {pandas_at.dtype} {pandas_at.tolist()}")
assert stored.features["at"] == Value("float64")
assert (by_row, by_row.dtype) == (SECONDS, numpy.float64)
assert (by_slice, by_slice.dtype) == (numpy.float32(1764496768.0), numpy.float32)
assert copies[False] == (Value("float64"), SECONDS)
assert copies[True] == (Value("float32"), 1764496768.0)
assert (found, exact, pandas_at.tolist()) == (2, 1, [SECONDS])
PYTHON
HF_HOME="$folder/hub" HF_HUB_OFFLINE=1 venv/bin/python look.py
