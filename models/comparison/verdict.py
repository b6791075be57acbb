"""What a comparison may claim, as a value and as one English sentence.

**The rule.** With alpha = 1 - confidence, and never with fewer than six pairs:

1. `equivalent` when TOST against the declared margin gives p < alpha, that is when the
   (1 - 2 alpha) interval lies inside +-margin. It comes first: a difference smaller than the
   margin is, by the spec's own declaration, not one that matters; the sentence says if it can
   nevertheless be told from zero.
2. `a_better` / `b_better` when the t interval excludes zero *and* the sign-flip p <= alpha *and*,
   with more than one comparison in the family, Holm's adjusted p of the larger of the two tests'
   p is <= alpha. So one false `better` in a whole document of several arms has a chance of at most
   alpha. `equivalent` is judged for each comparison alone.
3. `undecided` otherwise, with what is missing. It never reads as "equal".

Where the differences end abruptly on the side of a claim, as they do where a long tail on the other
side has not shown itself, its t test has to pass at a stricter level
(`models.comparison.skewness.short_side`): that of `better` in 2, that of either side in 1.

Nothing is claimed while runs of planned seeds go on: looking after each and stopping at the first
claim would be wrong far more often (below). Nor where every run of both arms collapsed: equally
useless networks do not make the choice between the arms a matter of taste.

Six pairs, because the smallest two-sided sign-flip p of N pairs is 2/2^N (0.0625 at five), and
because TOST trusts the sd: two differences that happen to be close together have an sd near zero
and would pass as equivalent by chance.

**What is promised.** A false `better` in at most alpha of the comparisons whenever, under no
difference, swapping the two arms of a seed changes nothing: then differences are symmetric about
zero, whatever the shape of each arm's noise; at 95 % also where one arm alone has an exponential
tail, with any number of pairs (through looks in 3 to 6 %). A false `equivalent`, at a true
difference of the margin, in at most alpha when the differences are roughly normal or heavy-tailed.

**What is not.** *Skewed differences* of mean zero, as when one arm alone has a long tail, can still
exceed alpha while pairs are few: log-normal ones, the other arm without noise, are called `better`
in 8 to 9 % with 6 to 14 pairs; at the margin, exponential ones `equivalent` in 14 % with 6, 10
with 10 and 4 with 20. With as much normal noise in the other arm
`better` keeps to its 5 %. *A failure too rare to be seen*: where one arm alone collapses in 5 % of
its runs, most sets of 6 or 10 seeds have no collapse, and no test of them can detect it; the
verdict then holds for runs that do not collapse, and the comparison's `collapse` says how common
it may still be (numbers: `benchmarks/README.md`). *Testing again* after each new seed and
stopping at the first `better` says it in 24 % (6 to 40 pairs), so a caller who adds seeds until
decided must spend alpha over its looks.
"""

from collections.abc import Sequence

from models.comparison.comparison_warnings import all_collapsed
from models.comparison.evidence import Evidence
from models.comparison.inputs import Tuned
from models.comparison.rule import FEWEST_PAIRS, DecisionRule, fewest_pairs, holds_zero
from models.comparison.schema import Bounds, ComparisonWarning, Verdict
from models.comparison.skewness.short_side import strictness_of_better, strictness_of_tost
from models.comparison.wording import (
    interval_words,
    metric_number,
    question_words,
)
from models.numbers_in_words import p_words, significant
from models.result_words import metric_words


def decide(evidence: Evidence) -> Verdict:
    """The verdict under the rule at the top of this module."""
    if evidence.compared.awaited or all_collapsed(evidence.compared):
        return "undecided"
    if len(evidence.pairs) < FEWEST_PAIRS or evidence.mean is None:
        return "undecided"
    if evidence.tost_p is not None and evidence.tost_p < evidence.rule.alpha:
        return "equivalent"
    if not evidence.differs:
        return "undecided"
    return "a_better" if (evidence.mean > 0) == evidence.rule.higher_is_better else "b_better"


def comparison_sentence(
    evidence: Evidence, verdict: Verdict, warnings: Sequence[ComparisonWarning]
) -> str:
    """Who, on what, by how much, over how many seeds, how sure, of which programme a question it
    is, and the warnings; secondary ones are marked."""
    warned = [one.sentence for one in warnings]
    said = _sentence(evidence, verdict)
    if evidence.compared.role == "primary":
        return " ".join([said, *_asked(evidence.rule), *warned])
    return " ".join(["As a secondary metric:", said, *warned])


def _asked(rule: DecisionRule) -> list[str]:
    return [] if rule.question is None else [f"This is the {question_words(rule.question)}."]


def _sentence(evidence: Evidence, verdict: Verdict) -> str:
    a, b = _names(evidence)
    match verdict:
        case "a_better":
            return _better(evidence, a, b)
        case "b_better":
            return _better(evidence, b, a)
        case "equivalent":
            return _equivalent(evidence)
        case "undecided":
            return _undecided(evidence)


def _better(evidence: Evidence, winner: str, loser: str) -> str:
    rule = evidence.rule
    direction = "higher" if rule.higher_is_better else "lower"
    assert evidence.bounds is not None  # `decide` says better only with an interval
    margin = rule.equivalence_margin
    small = margin is not None and min(map(abs, evidence.bounds)) < margin
    tail = f", though it may still be smaller than the margin {margin:g}" if small else ""
    return (
        f"{winner} does better than {loser}, with the {direction} {metric_words(rule.metric)} over "
        f"{_seeds(evidence)}{_tried(evidence)}: {_estimate(evidence)} and the sign-flip p is "
        f"{p_words(evidence.sign_flip_p)}{_adjusted(evidence)}{tail}."
    )


def _equivalent(evidence: Evidence) -> str:
    a, b = _names(evidence)
    rule = evidence.rule
    told = "can nevertheless be told" if evidence.differs else "cannot be told"
    return (
        f"{a} and {b} are equivalent in {metric_words(rule.metric)} within the margin "
        f"{rule.equivalence_margin:g} over {_seeds(evidence)}{_tried(evidence)}: "
        f"{_estimate(evidence)}, {_inner(evidence)} "
        f"lies inside the margin, and the difference {told} from zero."
    )


def _undecided(evidence: Evidence) -> str:
    a, b = _names(evidence)
    what = f"whether {a} and {b} differ in {metric_words(evidence.rule.metric)}{_tried(evidence)}"
    if evidence.compared.awaited and evidence.mean is not None:
        return (
            f"{_seeds(evidence)} do not decide {what}: {_estimate(evidence)}; the verdict comes "
            "when every planned seed has ended, since whoever stops at a lucky moment is misled."
        )
    if evidence.compared.awaited:
        return f"It is not known yet {what}: no seed has finished in both; {_need(evidence)}."
    if evidence.mean is None:
        return f"Nothing can be said about {what}: no seed has finished in both; {_need(evidence)}."
    return f"{_seeds(evidence)} cannot tell {what}: {_estimate(evidence)}; {_missing(evidence)}."


def _missing(evidence: Evidence) -> str:
    """Why no claim is made, and what would allow one."""
    if all_collapsed(evidence.compared):
        return "networks that learned nothing decide nothing"
    n, alpha = len(evidence.pairs), evidence.rule.alpha
    fewest = fewest_pairs(alpha / evidence.family)
    if evidence.bounds is None or n < FEWEST_PAIRS:
        return _need(evidence)
    if _lies_inside_margin(evidence):
        below, above = strictness_of_tost(evidence.reach)
        why = _short_side(evidence, max(below, above), above=above > below)
        return f"{_inner(evidence)} lies inside the margin, but {why}"
    if holds_zero(evidence.bounds):
        margin = evidence.rule.equivalence_margin
        sizes = "other differences"
        if margin is not None:
            sizes = f"differences as large as the margin {margin:g}"
        return f"the interval includes both zero and {sizes}, and more seeds would narrow it"
    if evidence.sign_flip_p is None or evidence.sign_flip_p > alpha:
        disagree = (
            f"the interval excludes zero, but the sign-flip p {p_words(evidence.sign_flip_p)}"
        )
        if n < fewest_pairs(alpha):
            return f"{disagree} cannot reach {alpha:g} with fewer than {fewest} seeds"
        return f"{disagree} is above {alpha:g}, so more seeds are needed"
    if evidence.held_back:
        strictness = strictness_of_better(evidence.mean, evidence.reach, alpha)
        why = _short_side(evidence, strictness, above=(evidence.mean or 0) > 0)
        return f"the interval excludes zero, but {why}"
    alone = f"alone it would tell them apart, but not among {evidence.family} comparisons"
    if n < fewest:
        return f"{alone}, which takes at least {fewest} seeds"
    return f"{alone}: by Holm's rule p is {p_words(evidence.holm_p)}, so more seeds are needed"


def _lies_inside_margin(evidence: Evidence) -> bool:
    """Whether TOST alone would pass, had it not to pass at a stricter level."""
    margin, inner = evidence.rule.equivalence_margin, evidence.inner_bounds
    if margin is None or inner is None or max(strictness_of_tost(evidence.reach)) == 1:
        return False
    return max(map(abs, inner)) < margin


def _inner(evidence: Evidence) -> str:
    """The interval that TOST reads."""
    confidence = 1 - 2 * evidence.rule.alpha
    return f"the {_interval(evidence, evidence.inner_bounds, confidence)}"


def _short_side(evidence: Evidence, strictness: float, *, above: bool) -> str:
    """Why a test that passed has to pass at a level that is so many times stricter: the differences
    end on the side that the claim is about."""
    reach = evidence.reach
    assert reach is not None  # without one no level is stricter
    end, tail = ("above", "below") if above else ("below", "above")
    share = 100 * reach.shorter(above=above)
    often = significant(share, 2) if share >= 0.1 else "less than 0.1"
    return (
        f"the differences end soon {end} their mean (as {often} % of normal samples do), as where "
        f"a long tail {tail} it has not shown itself yet, so the level is "
        f"{significant(evidence.rule.alpha / strictness, 3)} and more seeds are needed"
    )


def _adjusted(evidence: Evidence) -> str:
    if evidence.family == 1:
        return ""
    return f" ({p_words(evidence.holm_p)} by Holm's rule over {evidence.family} comparisons)"


def _need(evidence: Evidence) -> str:
    fewest = fewest_pairs(evidence.rule.alpha / evidence.family)
    beyond = f", and {fewest} to call one arm better" if fewest > FEWEST_PAIRS else ""
    return f"a verdict needs at least {FEWEST_PAIRS} seeds{beyond}"


def _estimate(evidence: Evidence) -> str:
    a, b = _names(evidence)
    assert evidence.mean is not None  # no sentence with an estimate is written without a pair
    size = metric_number(evidence.rule, evidence.mean)
    if evidence.bounds is None:
        return f"{a} minus {b} is {size}, and one seed gives no interval"
    interval = _interval(evidence, evidence.bounds, evidence.rule.confidence)
    return f"{a} minus {b} is {size} on average ({interval})"


def _interval(evidence: Evidence, bounds: Bounds | None, confidence: float) -> str:
    assert bounds is not None
    return interval_words(evidence.rule, bounds, confidence)


def _seeds(evidence: Evidence) -> str:
    count, planned = len(evidence.pairs), evidence.compared.expected_pairs
    if planned is not None and planned > count:
        so_far = " so far" if evidence.compared.awaited else ""
        return f"{count} of {planned} planned seeds{so_far}"
    return f"{count} seed" if count == 1 else f"{count} seeds"


def _tried(evidence: Evidence) -> str:
    """Under which settings the arms were compared; nothing where that is not known."""
    a, b = evidence.compared.a, evidence.compared.b
    if a.tuned is None or b.tuned is None:
        return ""
    if a.tuned.settings != b.tuned.settings:
        return f", {a.name} at {_best_of(a.tuned)} and {b.name} at {_best_of(b.tuned)}"
    if a.tuned.cells > 1:
        return f", every cell at {_best_of(a.tuned)}"
    if a.tuned.settings == 1:
        return " at one setting"
    return f", each at {_best_of(a.tuned)}"


def _best_of(tuned: Tuned) -> str:
    if tuned.settings == 1:
        return "one setting"
    anew = " anew under every seed" if tuned.each_seed else ""
    return f"the best of {tuned.settings} settings, chosen on validation{anew}"


def _names(evidence: Evidence) -> tuple[str, str]:
    return evidence.compared.a.name, evidence.compared.b.name
