#!/usr/bin/env bash
# McNemar's test of statsmodels finds two models different that agree about every row.
#
# A good guess: 10 rows both models get right, 9 both get wrong, none where they differ: the p-value
# is 1, or NaN as there is nothing to test.
# Seen: with statsmodels 0.15.0 `mcnemar(table, exact=False)` says p = 0.0, the strongest evidence
# there is. The continuity correction takes 1 from a difference of 0, squares it and divides by 0,
# so the statistic is infinite. The exact form says 1.0, the one without correction NaN; with 2
# against 2 rows the correction lowers the p-value too, from 1.0 to 0.62, where it should raise it.
# Whoever tests many pairs of models in a loop, where NumPy's warning about a division is lost, has
# the copies of a model at the head of the list.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check \
  statsmodels==0.15.0 scipy==1.17.1 numpy==2.4.6 pandas==3.1.1

cat > look.py <<'PYTHON'
import math
import warnings

import numpy
import scipy
import statsmodels
from statsmodels.stats.contingency_tables import mcnemar

warnings.simplefilter("ignore", RuntimeWarning)
for library in (statsmodels, scipy, numpy):
    print(library.__name__, library.__version__)
seen = {}
for differing in (0, 2):
    table = [[10, differing], [differing, 9]]
    seen[differing] = (
        float(mcnemar(table, exact=False, correction=True).pvalue),
        float(mcnemar(table, exact=False, correction=False).pvalue),
        float(mcnemar(table, exact=True).pvalue),
    )
    print(f"{table}: p with correction, without it, exact: {seen[differing]}")
assert seen[0][0] == 0.0 and math.isnan(seen[0][1]) and seen[0][2] == 1.0, seen
assert 0.6 < seen[2][0] < 0.63 and seen[2][1:] == (1.0, 1.0), seen
PYTHON
venv/bin/python look.py
