#!/usr/bin/env bash
# The mean of a thousand ones in bfloat16 is 0.256, and in float16 it is 1.
#
# A good guess: `mean` of an array of 16-bit floats adds in float32, as NumPy documents for float16,
# so a mean of ones is 1 in either type.
# Seen: with ml_dtypes 0.7.0 and NumPy 2.4.6 the mean of 1,000 ones of `bfloat16` is 0.2559, that of
# float16 is 1.0; with `dtype=numpy.float32` both are 1.0. A sum in bfloat16 stops at 256, where the
# next number is 258, so the mean of a column of embeddings read from a safetensors file or from JAX
# is wrong from a few hundred rows on. No warning is given (they are made errors below).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check ml_dtypes==0.7.0 numpy==2.4.6

cat > look.py <<'PYTHON'
import ml_dtypes
import numpy

print("ml_dtypes", ml_dtypes.__version__, "numpy", numpy.__version__)
seen = {}
for dtype in (numpy.float16, ml_dtypes.bfloat16):
    ones = numpy.ones((1000, 3), dtype=dtype)
    own, wide = ones.mean(axis=0), ones.mean(axis=0, dtype=numpy.float32)
    seen[ones.dtype.name] = (own.astype(float).round(4).tolist(), wide.tolist())
    print(f"{ones.dtype.name}: mean {own.tolist()}, with dtype=float32 {wide.tolist()}")
assert seen["float16"] == ([1.0] * 3, [1.0] * 3), seen
assert seen["bfloat16"] == ([0.2559] * 3, [1.0] * 3), seen
PYTHON
venv/bin/python -W error look.py
