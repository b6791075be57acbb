"""What a study says in words: one sentence of its verdict, and what cannot be said."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.comparison.evidence import Evidence
from models.comparison.rule import DecisionRule, holds_zero
from models.comparison.schema import Bounds, Multiplicity, Verdict
from models.comparison.wording import interval_words, metric_number
from models.numbers_in_words import p_words
from models.result_words import metric_words
from models.studies.equal_weights import FEWEST_DATA_SETS, EqualWeights
from models.studies.schema import StudyExperiment

AFTERWARDS = "The experiments were joined after they were made, and not planned as one study."


@dataclass(frozen=True)
class Said:
    """All that the words of one comparison of a study rest on."""

    a: str
    b: str
    rule: DecisionRule
    experiments: tuple[StudyExperiment, ...]
    counted: Sequence[Evidence]
    pooled: EqualWeights
    multiplicity: Multiplicity
    goes_on: bool
    planned: bool = True
    verdict: Verdict = "undecided"

    @property
    def data_sets(self) -> str:
        k, every = len(self.counted), len(self.experiments)
        if k < every:
            return f"{k} of {every} data sets"
        return "1 data set" if k == 1 else f"{k} data sets"


def study_sentence(said: Said) -> str:
    """Who, on what, by how much, over how many data sets, how sure; then on how many of them."""
    afterwards = "" if said.planned else AFTERWARDS
    parts = [_verdict(said), _in_how_many(said), *_left_out(said), afterwards]
    return " ".join(filter(None, parts))


def what_is_missing(said: Said) -> tuple[str, ...]:
    """What too few data sets do not allow to say; while experiments go on, theirs count as well."""
    k = _possible(said) if said.goes_on else len(said.counted)
    if k >= FEWEST_DATA_SETS:
        return ()
    words = [
        f"No verdict on data sets in general: that needs at least {FEWEST_DATA_SETS}, and there "
        f"{'is 1' if k == 1 else f'are {k}'}."
    ]
    if k < 2:
        words.append("No interval: one data set does not show how much data sets differ.")
    words.append(
        "No heterogeneity and no prediction for another data set: so few do not show how much the "
        "difference varies between them."
    )
    return tuple(words)


def _possible(said: Said) -> int:
    """How many data sets can count once every experiment has ended."""
    return sum(one.id is not None for one in said.experiments)


def _verdict(said: Said) -> str:
    match said.verdict:
        case "a_better":
            return _better(said, said.a, said.b)
        case "b_better":
            return _better(said, said.b, said.a)
        case "equivalent":
            return _equivalent(said)
        case "undecided":
            return _undecided(said)


def _better(said: Said, winner: str, loser: str) -> str:
    rule, family = said.rule, said.multiplicity
    direction = "higher" if rule.higher_is_better else "lower"
    holm = ""
    if family.family > 1:
        holm = f", and p is {p_words(family.holm_p)} by Holm's rule over {family.family} arms"
    return (
        f"On data sets like these {winner} does better than {loser}, with the {direction} "
        f"{metric_words(rule.metric)} over {said.data_sets}{_tried(said)}: {_estimate(said)}{holm}."
        f"{_prediction(said)}"
    )


def _equivalent(said: Said) -> str:
    rule, bounds = said.rule, said.pooled.bounds
    assert bounds is not None  # `equivalent` is said only with an interval
    told = "cannot be told" if holds_zero(bounds) else "can nevertheless be told"
    return (
        f"On average over data sets like these {said.a} and {said.b} are equivalent in "
        f"{metric_words(rule.metric)} within the margin {rule.equivalence_margin:g}, over "
        f"{said.data_sets}{_tried(said)}: {_estimate(said)}, the "
        f"{_interval(said, said.pooled.inner_bounds, 1 - 2 * rule.alpha)} lies inside the margin, "
        f"and the difference {told} from zero.{_prediction(said)}"
    )


def _undecided(said: Said) -> str:
    what = f"whether {said.a} and {said.b} differ in {metric_words(said.rule.metric)}{_tried(said)}"
    if said.pooled.mean is None and said.goes_on:
        return f"It is not known yet {what}: no data set has enough runs yet; {_why_not(said)}."
    if said.pooled.mean is None:
        return f"Nothing can be said about {what}: no data set has enough runs."
    verb = "does" if len(said.counted) == len(said.experiments) == 1 else "do"
    return f"{said.data_sets} {verb} not decide {what}: {_estimate(said)}; {_why_not(said)}."


def _why_not(said: Said) -> str:
    rule, bounds = said.rule, said.pooled.bounds
    if said.goes_on and _possible(said) >= FEWEST_DATA_SETS:
        return "the verdict comes when every experiment has ended"
    if bounds is None or len(said.counted) < FEWEST_DATA_SETS:
        return f"a study needs at least {FEWEST_DATA_SETS} data sets for a verdict"
    if not holds_zero(bounds):
        family = said.multiplicity
        return (
            f"alone it would tell them apart, but not among {family.family} arms: by Holm's rule p "
            f"is {p_words(family.holm_p)}"
        )
    sizes = "other differences"
    if rule.equivalence_margin is not None:
        sizes = f"differences as large as the margin {rule.equivalence_margin:g}"
    return f"the interval includes both zero and {sizes}, and more data sets would narrow it"


def _in_how_many(said: Said) -> str:
    counted = [one for one in said.experiments if one.left_out is None]
    if not counted:
        return ""
    better, worse = (
        sum(one.verdict == verdict for one in counted) for verdict in ("a_better", "b_better")
    )
    return (
        f"Each by itself, {said.a} is better in {better or 'none'} of {len(counted)} and worse in "
        f"{worse or 'none'}."
    )


def _left_out(said: Said) -> list[str]:
    return [
        f"{one.dataset} does not count: {one.left_out}."
        for one in said.experiments
        if one.left_out is not None and not (said.goes_on and one.id is not None)
    ]


def _prediction(said: Said) -> str:
    if said.pooled.prediction is None:
        return ""
    low, high = (metric_number(said.rule, bound) for bound in said.pooled.prediction)
    return (
        " An experiment on one more data set, with as many seeds, would come out between "
        f"{low} and {high}."
    )


def _estimate(said: Said) -> str:
    assert said.pooled.mean is not None  # no estimate is written without a data set
    size = metric_number(said.rule, said.pooled.mean)
    if said.pooled.bounds is None:
        return f"{said.a} minus {said.b} is {size}"
    interval = _interval(said, said.pooled.bounds, said.rule.confidence)
    return f"{said.a} minus {said.b} is {size} on average ({interval})"


def _interval(said: Said, bounds: Bounds | None, confidence: float) -> str:
    assert bounds is not None
    return interval_words(said.rule, bounds, confidence)


def _tried(said: Said) -> str:
    """Under which settings the arms were compared; nothing where that is not known."""
    tried = {
        tuned.settings > 1
        for evidence in said.counted
        for tuned in (evidence.compared.a.tuned, evidence.compared.b.tuned)
        if tuned is not None
    }
    if not tried:
        return ""
    if tried == {True}:
        return ", each arm tuned on each of them"
    return " at one setting" if tried == {False} else ", with arms tuned on some of them"
