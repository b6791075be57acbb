#!/usr/bin/env bash
# A cosine search in LanceDB leaves out rows of zeros, and finds nothing for a query of zeros.
#
# A good guess: a search for the nearest `k` of fewer than `k` rows returns all rows; a row of zeros,
# as an empty text has in many encoders, comes last with the distance 1, or with NaN.
# Seen: with lancedb 0.40.0 three rows of which one is zeros give two results, and a query of zeros
# gives none, without an error. hnswlib 0.8.0 returns all three rows in both cases, those without
# a direction at distance 1. Who counts on `k` results, as a recall@k does, loses rows silently.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check lancedb==0.40.0 hnswlib==0.8.0 numpy==2.4.6

cat > look.py <<'PYTHON'
from importlib.metadata import version

import hnswlib
import lancedb
import numpy

ROWS = numpy.array([[1.0, 0.0], [0.0, 0.0], [0.6, 0.8]], dtype=numpy.float32)
QUERIES = {"a direction": ROWS[0], "zeros": ROWS[1]}

print("lancedb", version("lancedb"), "hnswlib", version("hnswlib"))
table = lancedb.connect("base").create_table(
    "rows", [{"id": number, "vector": row.tolist()} for number, row in enumerate(ROWS)]
)
index = hnswlib.Index(space="cosine", dim=2)
index.init_index(max_elements=3)
index.add_items(ROWS, [0, 1, 2])
seen = {}
for name, query in QUERIES.items():
    found = table.search(query.tolist()).distance_type("cosine").limit(3).to_list()
    ours = sorted(one["id"] for one in found)
    labels, distances = index.knn_query(query[None], k=3)
    theirs = dict(zip(labels[0].tolist(), [round(one, 3) for one in distances[0].tolist()], strict=True))
    seen[name] = (ours, dict(sorted(theirs.items())))
    print(f"query of {name}: lancedb {ours}, hnswlib {seen[name][1]}")
assert seen["a direction"][0] == [0, 2], seen
assert seen["zeros"][0] == [], seen
assert seen["a direction"][1] == {0: 0.0, 1: 1.0, 2: 0.4}, seen
assert seen["zeros"][1] == {0: 1.0, 1: 1.0, 2: 1.0}, seen
PYTHON
venv/bin/python look.py
