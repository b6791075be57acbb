#!/usr/bin/env bash
# SciPy's `cosine` and SciPy's `cdist(..., "cosine")` disagree about quantised vectors.
#
# A good guess: `distance.cosine(u, v)` and `distance.cdist([u], [v], "cosine")` are one measure
# under two names, also for embeddings stored as uint8 or int8.
# Seen: with SciPy 1.17.1 and NumPy 2.4.6 they differ. For (200, 100) and (100, 200) as uint8,
# `cosine` says 0.0, the same direction, and cdist 0.2. `euclidean` says 185.3 and cdist 141.4. As
# int8, (100, -100) and (-100, 100) lie 79.2 apart by the one and 282.8 by the other. The functions
# for two vectors subtract and multiply in the vectors' own type, which wraps around; cdist turns
# them into float64 first, and so does `sqeuclidean`. Of the wrong ones only `cosine` warns.
# Whoever checks single pairs of a quantised index by these functions gets plausible wrong numbers.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check scipy==1.17.1 numpy==2.4.6

cat > look.py <<'PYTHON'
import warnings

import numpy
import scipy
from scipy.spatial import distance

pairs = {
    "uint8": numpy.array([[200, 100], [100, 200]], dtype=numpy.uint8),
    "int8": numpy.array([[100, -100], [-100, 100]], dtype=numpy.int8),
}
print("scipy", scipy.__version__, "numpy", numpy.__version__)
seen = {}
for dtype, (left, right) in pairs.items():
    for metric in ("sqeuclidean", "euclidean", "cityblock", "chebyshev", "cosine"):
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            single = float(getattr(distance, metric)(left, right))
        table = float(distance.cdist([left], [right], metric)[0, 0])
        seen[dtype, metric] = (round(single, 1), round(table, 1))
        said = [str(warning.message) for warning in warned]
        print(f"{dtype} {metric}: for two vectors {single:.4f}, by cdist {table:.4f}, {said}")
        assert bool(said) == (metric == "cosine"), said
assert seen["uint8", "cosine"] == (0.0, 0.2), seen
assert seen["uint8", "euclidean"] == (185.3, 141.4), seen
assert seen["int8", "euclidean"] == (79.2, 282.8), seen
for dtype in pairs:
    for metric in ("euclidean", "cityblock", "chebyshev"):
        assert seen[dtype, metric][0] != seen[dtype, metric][1], seen
    assert seen[dtype, "sqeuclidean"][0] == seen[dtype, "sqeuclidean"][1], seen
PYTHON
venv/bin/python look.py
