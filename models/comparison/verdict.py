"""What a comparison may claim, as a value and as one English sentence.

**The rule.** With alpha = 1 - confidence, and never with fewer than six pairs:

1. `equivalent` when TOST against the declared margin gives p < alpha, that is when the
   (1 - 2 alpha) interval lies inside +-margin. It comes first: a difference smaller than the
   margin is, by the spec's own declaration, not one that matters; the sentence says if it can
   nevertheless be told from zero.
2. `a_better` / `b_better` when the t interval leaves out zero *and* the sign-flip p <= alpha *and*,
   with more than one comparison in the family, Holm's adjusted p of the larger of the two tests'
   p is <= alpha. So one false `better` in a whole document of several arms has a chance of at most
   alpha. `equivalent` is judged for each comparison alone.
3. `undecided` otherwise, with what is missing. It never reads as "equal".

Six pairs, because the smallest two-sided sign-flip p of N pairs is 2/2^N (0.0625 at five), and
because TOST trusts the sd: two differences that happen to lie close together have an sd near zero
and would pass for equivalence by luck.

**What is promised.** A false `better` in at most alpha of the comparisons whenever, under no
difference, swapping the two arms of a seed changes nothing: then differences are symmetric about
zero, whatever the shape of each arm's noise. A false `equivalent`, at a true difference of the
margin, in at most alpha when the differences are roughly normal or heavy-tailed.

**What is not.** *Skewed differences* of mean zero, as when one arm alone has a long tail, exceed
alpha = 0.05: exponential ones are called `better` in 6 to 10 % and, at the margin, `equivalent` in
up to 15 % (6 to 20 pairs). *A failure too rare to be seen*: where one arm alone collapses in 5 % of
its runs, most sets of 6 or 10 seeds hold no collapse, and no test of them can know of it; what is
said then holds for runs that do not collapse, and the comparison's `collapse` says how common it
may still be (`benchmarks/simulation.py` has the figures). *Looking again* after each new seed and
stopping at the first `better` says it in 24 % (6 to 40 pairs), so a caller who adds seeds until
decided must spend alpha over its looks.
"""

import math
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["a_better", "b_better", "equivalent", "undecided"]
Bounds = tuple[float, float]

FEWEST_PAIRS = 6


@dataclass(frozen=True, slots=True)
class Evidence:
    """The figures a verdict rests on; None where the number of pairs allows no figure.

    Differences are a - b in the metric's own unit. `bounds` has the asked confidence;
    `inner_bounds` has 1 - 2 alpha, the interval that TOST reads. `expected_pairs` is the planned
    number of seeds: while it is not reached, the sentence says "so far". `holm_p` is the adjusted
    p among `family` comparisons; it is not looked at in a family of one.
    """

    a: str
    b: str
    metric: str
    pairs: int
    margin: float | None
    confidence: float
    mean: float | None = None
    bounds: Bounds | None = None
    inner_bounds: Bounds | None = None
    sign_flip_p: float | None = None
    tost_p: float | None = None
    expected_pairs: int | None = None
    family: int = 1
    holm_p: float | None = None

    @property
    def alpha(self) -> float:
        """The share of wrong claims allowed; rounded, since 1 - 0.95 is not 0.05 in floats."""
        return float(f"{1 - self.confidence:.12g}")


def check_rule(margin: float | None, confidence: float) -> None:
    """ValueError unless the margin is a positive number or None and the confidence in (0.5, 1)."""
    if margin is not None and not (math.isfinite(margin) and margin > 0):
        raise ValueError(f"the equivalence margin must be a positive number, not {margin}")
    if not 0.5 < confidence < 1:
        raise ValueError(f"confidence must lie between 0.5 and 1, not {confidence}")


def is_loss(metric: str) -> bool:
    """Whether a metric is a loss (`train.loss`, `validation.baseline_loss`, `..._loss_per_row`)."""
    return "loss" in metric.rsplit(".", 1)[-1].split("_")


def fewest_pairs(alpha: float) -> int:
    """The fewest pairs with which `better` can be said: 2/2^N <= alpha, and at least six."""
    return max(FEWEST_PAIRS, math.ceil(1 - math.log2(alpha)))


def differs_from_zero(evidence: Evidence) -> bool:
    """Whether the t interval and the sign-flip test both tell the difference from zero, and still
    do beside the other comparisons of the family."""
    if evidence.bounds is None or evidence.sign_flip_p is None:
        return False
    alone = not _holds_zero(evidence.bounds) and evidence.sign_flip_p <= evidence.alpha
    return alone and (evidence.family == 1 or _survives(evidence))


def decide(evidence: Evidence) -> Verdict:
    """The verdict under the rule at the top of this module."""
    if evidence.pairs < FEWEST_PAIRS or evidence.mean is None:
        return "undecided"
    if evidence.tost_p is not None and evidence.tost_p < evidence.alpha:
        return "equivalent"
    if not differs_from_zero(evidence):
        return "undecided"
    return "a_better" if (evidence.mean > 0) != is_loss(evidence.metric) else "b_better"


def sentence(evidence: Evidence, verdict: Verdict) -> str:
    """One plain English sentence: who, on what, by how much, over how many seeds, how sure."""
    match verdict:
        case "a_better":
            return _better(evidence, evidence.a, evidence.b)
        case "b_better":
            return _better(evidence, evidence.b, evidence.a)
        case "equivalent":
            return _equivalent(evidence)
        case "undecided":
            return _undecided(evidence)


def _better(evidence: Evidence, winner: str, loser: str) -> str:
    direction = "lower" if is_loss(evidence.metric) else "higher"
    assert evidence.bounds is not None  # `decide` says better only with an interval
    margin = evidence.margin
    small = margin is not None and min(map(abs, evidence.bounds)) < margin
    tail = f", though it may still be smaller than the margin {margin:g}" if small else ""
    return (
        f"{winner} does better than {loser}, with the {direction} {_words(evidence.metric)} over "
        f"{_seeds(evidence)}: {_estimate(evidence)} and the sign-flip p is "
        f"{evidence.sign_flip_p:.3g}{_adjusted(evidence)}{tail}."
    )


def _equivalent(evidence: Evidence) -> str:
    told = "can nevertheless be told" if differs_from_zero(evidence) else "cannot be told"
    inner = _interval(evidence, evidence.inner_bounds, 1 - 2 * evidence.alpha)
    return (
        f"{evidence.a} and {evidence.b} are equivalent in {_words(evidence.metric)} within the "
        f"margin {evidence.margin:g} over {_seeds(evidence)}: {_estimate(evidence)}, the {inner} "
        f"lies inside the margin, and the difference {told} from zero."
    )


def _undecided(evidence: Evidence) -> str:
    what = f"whether {evidence.a} and {evidence.b} differ in {_words(evidence.metric)}"
    if evidence.mean is None:
        return f"Nothing can be said on {what}: no seed has finished in both; {_need(evidence)}."
    return f"{_seeds(evidence)} cannot tell {what}: {_estimate(evidence)}; {_missing(evidence)}."


def _missing(evidence: Evidence) -> str:
    """Why no claim is made, and what would allow one."""
    fewest = fewest_pairs(evidence.alpha / evidence.family)
    if evidence.bounds is None or evidence.pairs < FEWEST_PAIRS:
        return _need(evidence)
    if _holds_zero(evidence.bounds):
        sizes = "other differences"
        if evidence.margin is not None:
            sizes = f"differences as large as the margin {evidence.margin:g}"
        return f"the interval includes both zero and {sizes}, and more seeds would narrow it"
    if evidence.sign_flip_p is None or evidence.sign_flip_p > evidence.alpha:
        said = f"the interval leaves out zero, but the sign-flip p {evidence.sign_flip_p:.3g}"
        if evidence.pairs < fewest_pairs(evidence.alpha):
            return f"{said} cannot reach {evidence.alpha:g} with fewer than {fewest} seeds"
        return f"{said} is above {evidence.alpha:g}, so more seeds are needed"
    said = f"alone it would tell them apart, but not among {evidence.family} comparisons"
    if evidence.pairs < fewest:
        return f"{said}, which takes at least {fewest} seeds"
    return f"{said}: by Holm's rule p is {evidence.holm_p:.3g}, so more seeds are needed"


def _adjusted(evidence: Evidence) -> str:
    if evidence.family == 1:
        return ""
    return f" ({evidence.holm_p:.3g} by Holm's rule over {evidence.family} comparisons)"


def _need(evidence: Evidence) -> str:
    fewest = fewest_pairs(evidence.alpha / evidence.family)
    beyond = f", and {fewest} to call one arm better" if fewest > FEWEST_PAIRS else ""
    return f"a verdict needs at least {FEWEST_PAIRS} seeds{beyond}"


def _estimate(evidence: Evidence) -> str:
    assert evidence.mean is not None  # no sentence with an estimate is written without a pair
    size = _number(evidence.metric, evidence.mean)
    if evidence.bounds is None:
        return f"{evidence.a} minus {evidence.b} is {size}, and one seed gives no interval"
    interval = _interval(evidence, evidence.bounds, evidence.confidence)
    return f"{evidence.a} minus {evidence.b} is {size} on average ({interval})"


def _interval(evidence: Evidence, bounds: Bounds | None, confidence: float) -> str:
    assert bounds is not None
    low, high = (_number(evidence.metric, bound) for bound in bounds)
    return f"{confidence * 100:.6g} % interval {low} to {high}"


def _seeds(evidence: Evidence) -> str:
    count, planned = evidence.pairs, evidence.expected_pairs
    if planned is not None and planned > count:
        return f"{count} of {planned} planned seeds so far"
    return f"{count} seed" if count == 1 else f"{count} seeds"


def _words(metric: str) -> str:
    words = metric.replace("roc_auc", "ROC-AUC").replace(".", " ")
    return words.replace("_", " ")


def _number(metric: str, value: float) -> str:
    """Losses to 4 significant digits, others to 4 decimals; a non-zero value never prints as 0."""
    if value == 0:
        return "0"
    if is_loss(metric):
        return f"{value:.4g}"
    return f"{value:.4f}" if abs(value) >= 0.00005 else f"{value:.1e}"


def _survives(evidence: Evidence) -> bool:
    return evidence.holm_p is not None and evidence.holm_p <= evidence.alpha


def _holds_zero(bounds: Bounds) -> bool:
    low, high = bounds
    return low <= 0 <= high
