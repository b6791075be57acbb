#!/usr/bin/env bash
# Reading a torch DataLoader that does not shuffle still draws from torch's global generator.
#
# A good guess: a DataLoader of a validation set, in fixed order and without worker processes, has
# nothing to draw, so looking at it between epochs leaves the training that follows as it was.
# Seen: with torch 2.13.0 each start of an iteration, also by `next(iter(loader))`, takes one draw
# (a base seed for workers that do not exist). The order of the next epoch's shuffle and every
# dropout mask then differ between "validated each epoch" and "validated at the end". A loader that
# is given a generator of its own leaves the global one alone.
# Whoever compares two runs of one seed that differ only in how often they validate compares two
# different trainings.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check torch==2.13.0 numpy==2.4.6

cat > look.py <<'PYTHON'
import torch
from torch.utils.data import DataLoader, TensorDataset

rows = TensorDataset(torch.arange(8))


def order_of_training(validation: DataLoader | None) -> list[int]:
    torch.manual_seed(0)
    training = DataLoader(rows, shuffle=True)
    if validation is not None:
        for _ in validation:
            pass
    return [row.item() for (row,) in training]


print("torch", torch.__version__)
without = order_of_training(None)
plain = order_of_training(DataLoader(rows))
own = order_of_training(DataLoader(rows, generator=torch.Generator()))
print(f"shuffled order without validation:          {without}")
print(f"after an unshuffled look at the rows:       {plain}")
print(f"after a look by a loader with a generator:  {own}")
assert plain != without
assert own == without
PYTHON
venv/bin/python look.py
