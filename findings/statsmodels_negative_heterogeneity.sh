#!/usr/bin/env bash
# The DerSimonian-Laird variance of statsmodels is not cut at zero, so a pooled mean may lie outside
# all of the effects that it pools.
#
# A good guess: `combine_effects(effects, variances, method_re="chi2")` (also called "dl") gives a
# variance between studies of zero where the effects agree better than chance would have them, as the
# method is defined, so that the random-effects mean is then the fixed-effect one. It lies between the
# smallest and the largest effect in any case, and no I² is below zero.
# Seen: with statsmodels 0.15.0 four effects from 0.10 to 0.12 get a variance of -0.0135, a
# random-effects mean of -0.035 with a weight below zero among its weights, and an interval of NaN;
# I² is -146. The default, `method_re="iterated"`, gives 0 and 0.106 for the same input.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  statsmodels==0.15.0 scipy==1.17.1 numpy==2.4.6 pandas==3.1.1

cat > look.py <<'PYTHON'
import math
import warnings

import numpy as np
import statsmodels
from statsmodels.stats.meta_analysis import combine_effects

print("statsmodels", statsmodels.__version__)
effects = np.array([0.10, 0.11, 0.12, 0.10])
variances = np.array([0.01, 0.02, 0.015, 0.012])
found = {}
for method in ("iterated", "chi2"):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        pooled = combine_effects(effects, variances, method_re=method)
        low, high = pooled.summary_frame().loc["random effect", ["ci_low", "ci_upp"]]
    found[method] = pooled
    weights = np.round(pooled.weights_rel_re, 3).tolist()
    print(f"{method}: tau² {pooled.tau2:.4f}, mean {pooled.mean_effect_re:.4f}, "
          f"{low:.4f} to {high:.4f}, weights {weights}, I² {pooled.i2:.1f}")
    found[method, "interval"] = (low, high)

calm, cut = found["iterated"], found["chi2"]
assert calm.tau2 == 0
assert effects.min() < calm.mean_effect_re < effects.max()
assert cut.tau2 < 0
assert cut.mean_effect_re < 0 < effects.min()
assert cut.weights_rel_re.min() < 0
assert all(math.isnan(one) for one in found["chi2", "interval"])
assert cut.i2 < -100
PYTHON
venv/bin/python look.py
