"""Whether lower values of a metric are better, as far as its name tells."""

import re

LOWER = frozenset(
    """loss losses error errors err mse rmse mae mape nll perplexity ppl wer cer ter bpb bpc fid kl
    eer ece brier regret latency runtime seconds""".split()
)
"""Words of names that trackers are full of; a metric with any of them is better when lower."""


def lower_is_better(metric: str) -> bool:
    """Whether a word of the name says so: `val/loss`, `eval.rmse_mean`, `testError`."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", metric)
    return not LOWER.isdisjoint(re.split(r"[^a-z0-9]+", apart.casefold()))
