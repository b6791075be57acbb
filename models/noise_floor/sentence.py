"""The noise floor of an arm as plain English, without a word of a verdict."""

from collections.abc import Sequence

from models.comparison.rule import DecisionRule
from models.comparison.schema import ComparisonWarning
from models.comparison.wording import metric_number
from models.noise_floor.schema import FEWEST_RUNS, NoiseFloor
from models.result_words import metric_words

COLLAPSED = "ended collapsed, with one vector for all questions"
NOTHING = "nothing of a network that learns"


def noise_floor_sentence(
    floor: NoiseFloor,
    rule: DecisionRule,
    planned: int | None,
    awaited: int,
    below: Sequence[ComparisonWarning],
) -> str:
    """How noisy single runs of the arm are, and what that means for a comparison of two; `below`
    are the lines that their mean is not above."""
    runs = _runs(floor.n, planned, awaited)
    if floor.mean is None:
        return f"Nothing is known of the noise of {floor.arm}: no run of it has finished."
    if floor.n < FEWEST_RUNS:
        verb = "is" if floor.n == 1 else "are"
        return f"{runs} of {floor.arm} {verb} too few to tell its noise, which takes {FEWEST_RUNS}."
    mean, what = metric_number(rule, floor.mean), metric_words(floor.metric)
    if floor.two_runs_differ_by.median is None:
        said = f"{runs} of {floor.arm} all have a {what} of {mean}, so no noise was seen."
    else:
        said = f"{_spread(floor, rule, runs, mean, what)} {_seeds(floor)}"
    if floor.collapsed == floor.n:
        return f"{said} All {floor.n} runs {COLLAPSED}, so they tell {NOTHING}."
    said = " ".join([said, *(_below(one) for one in below)])
    return f"{said}{_collapsed(floor)}"


def _below(line: ComparisonWarning) -> str:
    if line.kind != "nothing_learned":
        return line.sentence
    return f"{line.sentence.rpartition(',')[0]}; it tells {NOTHING}."


def _spread(floor: NoiseFloor, rule: DecisionRule, runs: str, mean: str, what: str) -> str:
    apart, cannot_see = floor.two_runs_differ_by, floor.one_run_each_cannot_see
    assert floor.sd is not None
    assert apart.median is not None
    assert apart.in_1_of_20 is not None
    assert cannot_see is not None
    half, rare, missed, sd = (
        metric_number(rule, value)
        for value in (apart.median, apart.in_1_of_20, cannot_see, floor.sd)
    )
    return (
        f"{runs} of {floor.arm} have a {what} of {mean} on average, with a standard deviation of "
        f"{sd}. Two runs that differ in the seed alone differ by more than {half} in half of all "
        f"cases, and by more than {rare} in 1 of 20; so one run each of two arms cannot show a "
        f"difference below {missed}."
    )


def _seeds(floor: NoiseFloor) -> str:
    seeds = floor.seeds_for_margin
    count = "more than 100,000" if seeds is None else f"about {seeds:,}"
    return f"To find one as large as the margin {floor.margin:g} takes {count} seeds."


def _collapsed(floor: NoiseFloor) -> str:
    if not floor.collapsed:
        return ""
    counted = "it counts" if floor.collapsed == 1 else "they count"
    return f" {floor.collapsed} of the {floor.n} runs {COLLAPSED}; {counted} in all of this."


def _runs(n: int, planned: int | None, awaited: int) -> str:
    if planned is not None and planned > n:
        return f"{'So far ' if awaited else ''}{n} of {planned} planned runs"
    return f"{n} run" if n == 1 else f"{n} runs"
