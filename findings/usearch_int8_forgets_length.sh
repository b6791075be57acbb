#!/usr/bin/env bash
# An int8 index of usearch forgets the length of vectors, also for Euclidean distances.
#
# A good guess: an index of usearch with `metric="l2sq", dtype="i8"` keeps vectors roughly; asked
# with (3, 4) it puts (3, 4) first and (6, 8) at a squared distance of about 25.
# Seen: usearch 2.26.6 brings each vector to a length of about 127 on the way in, so (3, 4), (6, 8)
# and (0.3, 0.4) are all stored as (76, 101) and all lie at distance 0 from the question. The same
# index in f32, bf16 and f16 says 25. It is as if the metric had been "cos", and nothing says so.
# Whoever trades precision for memory under a loss that uses Euclidean distances gets another
# neighbourhood, not a coarser one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check usearch==2.26.6 numpy==2.4.6

cat > look.py <<'PYTHON'
import numpy
import usearch
from usearch.index import Index

vectors = numpy.array([[3, 4], [6, 8], [0.3, 0.4]], dtype=numpy.float32)
print("usearch", usearch.__version__, "numpy", numpy.__version__)
seen = {}
for dtype in ("f32", "bf16", "f16", "i8"):
    index = Index(ndim=2, metric="l2sq", dtype=dtype)
    index.add(numpy.arange(3), vectors)
    matches = index.search(vectors[0], 3)
    seen[dtype] = dict(zip(matches.keys.tolist(), matches.distances.tolist(), strict=True))
    stored = [index.get(key).tolist() for key in range(3)]
    print(f"{dtype}: stored {stored}, squared distances from (3, 4): {seen[dtype]}")
assert all(abs(seen[dtype][1] - 25) < 0.1 for dtype in ("f32", "bf16", "f16")), seen
assert seen["i8"] == {0: 0.0, 1: 0.0, 2: 0.0}, seen
PYTHON
venv/bin/python look.py
