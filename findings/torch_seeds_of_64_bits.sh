#!/usr/bin/env bash
# Two seeds of torch that differ only above the 32nd bit give the same random numbers.
#
# A good guess: `torch.manual_seed` takes any whole number of 64 bits and reports it by
# `initial_seed()`, so the seeds 1 and 1 + 2**32 start different streams.
# Seen: torch 2.13.0 gives the same numbers for both on the CPU, and for -1 and 2**32 - 1; only the
# low 32 bits reach the generator. NumPy 2.4.6's `default_rng` tells the two seeds apart.
# Who makes seeds as `run * 2**32 + part`, or keeps the high half of a 64-bit hash for the run, gets
# "independent" repetitions that are copies of each other; the logged seeds look different.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6

cat > look.py <<'PYTHON'
import numpy
import torch


def by_torch(seed: int) -> tuple[int, list[float]]:
    generator = torch.Generator().manual_seed(seed)
    return generator.initial_seed(), torch.rand(3, generator=generator).tolist()


print("torch", torch.__version__, "numpy", numpy.__version__)
for seed in (1, 1 + 2**32, 1 + 5 * 2**40, -1, 2**32 - 1, 2):
    print(f"seed {seed}: initial_seed and three numbers: {by_torch(seed)}")
assert by_torch(1)[0] != by_torch(1 + 2**32)[0]
assert by_torch(1)[1] == by_torch(1 + 2**32)[1] == by_torch(1 + 5 * 2**40)[1]
assert by_torch(-1)[1] == by_torch(2**32 - 1)[1]
assert by_torch(1)[1] != by_torch(2)[1]
low, high = (numpy.random.default_rng(seed).random(3) for seed in (1, 1 + 2**32))
print(f"numpy: {low} and {high}")
assert not (low == high).any()
PYTHON
venv/bin/python look.py
