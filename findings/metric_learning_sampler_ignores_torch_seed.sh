#!/usr/bin/env bash
# `torch.manual_seed` does not fix the batches of pytorch-metric-learning's MPerClassSampler.
#
# A good guess: the sampler is a `torch.utils.data.Sampler`, so `torch.manual_seed(0)` before each
# of two epochs gives the same batches twice, as with torch's own RandomSampler.
# Seen: with pytorch-metric-learning 2.9.0 under torch 2.13.0 the two orders differ; the sampler
# draws from NumPy's global generator. Two samplers made anew after `numpy.random.seed(0)` agree,
# but one sampler read twice after that seed does not agree with itself: each epoch shuffles the
# classes as the epoch before it left them, so going on from an epoch means replaying all before it.
# Whoever fixes torch's seed for each run gets equal initial weights and other batches, and takes
# the difference for the effect of what was changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check \
  torch==2.13.0 numpy==2.4.6 pytorch-metric-learning==2.9.0

cat > look.py <<'PYTHON'
import numpy
import pytorch_metric_learning
import torch
from pytorch_metric_learning.samplers import MPerClassSampler
from torch.utils.data import RandomSampler

labels = [label for label in range(10) for _ in range(8)]
makers = {
    "RandomSampler": lambda: RandomSampler(labels),
    "MPerClassSampler": lambda: MPerClassSampler(
        labels, m=4, batch_size=16, length_before_new_iter=80
    ),
}
seeds = {"torch.manual_seed": torch.manual_seed, "numpy.random.seed": numpy.random.seed}
print("torch", torch.__version__, "pytorch-metric-learning", pytorch_metric_learning.__version__)
repeats = {}
for name, make in makers.items():
    for seed_name, seed in seeds.items():
        kept = make()
        for kind, sampler_of_epoch in (("one sampler", lambda kept=kept: kept), ("two", make)):
            orders = []
            for _ in range(2):
                seed(0)
                orders.append([int(row) for row in sampler_of_epoch()])
            repeats[name, seed_name, kind] = orders[0] == orders[1]
            print(f"{name}, {kind}, {seed_name}(0) twice: equal orders: {orders[0] == orders[1]}")
equal = {case for case, same in repeats.items() if same}
assert equal == {
    ("RandomSampler", "torch.manual_seed", "one sampler"),
    ("RandomSampler", "torch.manual_seed", "two"),
    ("MPerClassSampler", "numpy.random.seed", "two"),
}, equal
PYTHON
venv/bin/python look.py
