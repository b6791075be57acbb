#!/usr/bin/env bash
# torchmetrics gives an area under the ROC curve of 0.5 for scores that order all pairs rightly.
#
# A good guess: the area under the ROC curve depends on nothing but the order of the scores, so
# distances from 20 to 29 that put every positive above every negative give 1.0, as they do with
# scikit-learn.
# Seen: torchmetrics 1.9.0 sends scores through the logistic function as soon as one of them lies
# outside 0 to 1. In float32 all above about 17 become 1.0 exactly, which makes ties of them, and
# BinaryAUROC says 0.5; scikit-learn 1.9.1 says 1.0 of the same scores, and torchmetrics says so
# itself once they are negated or divided by 29.
# Whoever follows a metric-learning run by its distances sees a measure that falls as the network
# learns to push negatives away.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check \
  torch==2.13.0 torchmetrics==1.9.0 scikit-learn==1.9.1 numpy==2.4.6

cat > look.py <<'PYTHON'
import sklearn
import torch
import torchmetrics
from sklearn.metrics import roc_auc_score
from torchmetrics.classification import BinaryAUROC

different = torch.arange(40) % 2
distances = 20 + torch.arange(40) / 10 + 5 * different

print("torch", torch.__version__, "torchmetrics", torchmetrics.__version__, end=" ")
print("scikit-learn", sklearn.__version__)
print(f"distances of equal pairs: up to {distances[different == 0].max():.1f}")
print(f"distances of different pairs: from {distances[different == 1].min():.1f}")
seen = {
    "scikit-learn": float(roc_auc_score(different, distances)),
    "torchmetrics": float(BinaryAUROC()(distances, different)),
    "torchmetrics, negated": float(BinaryAUROC()(-distances, 1 - different)),
    "torchmetrics, divided by 29": float(BinaryAUROC()(distances / 29, different)),
}
for name, area in seen.items():
    print(f"{name}: {area:.3f}")
assert seen.pop("torchmetrics") == 0.5
assert all(area > 0.999999 for area in seen.values()), seen
PYTHON
venv/bin/python look.py
