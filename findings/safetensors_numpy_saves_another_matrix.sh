#!/usr/bin/env bash
# safetensors saves a transposed NumPy matrix as another matrix.
#
# A good guess: `safetensors.numpy.save({"weight": matrix.T})` keeps the values of `matrix.T`, or
# refuses what is not contiguous, as safetensors.torch does.
# Seen: safetensors 0.8.0 writes the shape of the transposed matrix with the bytes as they lie in
# memory, so ((0, 3), (1, 4), (2, 5)) comes back as ((0, 1), (2, 3), (4, 5)). Every other row
# (`matrix[::2]`) and arrays in Fortran order go wrong the same way, without an error or a warning.
# safetensors 0.7.0 keeps the values of all three, under the same NumPy 2.4.6.
# Whoever exports an embedding matrix or a weight that was transposed on the way gets a file that
# loads everywhere, has the right shape and holds the wrong vectors.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat > look.py <<'PYTHON'
import sys

import numpy
import safetensors
from safetensors.numpy import load, save

matrix = numpy.arange(12, dtype=numpy.float32).reshape(4, 3)
arrays = {
    "as it is": matrix,
    "transposed": numpy.arange(6, dtype=numpy.float32).reshape(2, 3).T,
    "every other row": matrix[::2],
    "Fortran order": numpy.asfortranarray(matrix),
}
print("safetensors", safetensors.__version__, "numpy", numpy.__version__)
kept = []
for name, array in arrays.items():
    loaded = load(save({"array": array}))["array"]
    assert loaded.shape == array.shape
    kept.append(bool((loaded == array).all()))
    print(f"{name}: saved {array.tolist()}, loaded {loaded.tolist()}")
assert kept == [True] + [sys.argv[1] == "keeps"] * 3, kept
PYTHON

for release in 0.7.0:keeps 0.8.0:changes; do
  python3 -m venv "${release%:*}"
  "${release%:*}/bin/pip" install --quiet --disable-pip-version-check \
    "safetensors==${release%:*}" numpy==2.4.6
  "${release%:*}/bin/python" look.py "${release#*:}"
done
