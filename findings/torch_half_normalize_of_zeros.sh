#!/usr/bin/env bash
# torch normalises a row of zeros to zeros, but in float16 to NaN.
#
# A good guess: `torch.nn.functional.normalize` guards its division by `eps=1e-12`, so a row of
# zeros (an empty text, padding, a dead unit) stays zeros in every floating type.
# Seen: with torch 2.13.0 it does in float32 and in bfloat16. In float16 the guard itself is rounded
# to 0, and the row becomes NaN without a warning; so does `cosine_similarity` with its eps of 1e-8.
# One such row makes the mean of a batch NaN.
# Whoever halves an embedding model with `model.half()` meets it at the first empty text; the same
# model in bfloat16 shows nothing.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check torch==2.13.0 numpy==2.4.6

cat > look.py <<'PYTHON'
import torch
from torch.nn.functional import cosine_similarity, normalize

print("torch", torch.__version__)
kept = {}
for dtype in (torch.float32, torch.bfloat16, torch.float16):
    rows = torch.tensor([[3, 4], [0, 0]], dtype=dtype)
    lengths = normalize(rows).norm(dim=1).tolist()
    similarities = cosine_similarity(rows, rows).tolist()
    kept[dtype] = (lengths[1], similarities[1])
    print(f"{dtype}: lengths {lengths}, similarities with themselves {similarities}")
assert kept[torch.float32] == kept[torch.bfloat16] == (0.0, 0.0), kept
assert all(value != value for value in kept[torch.float16]), kept
PYTHON
venv/bin/python look.py
