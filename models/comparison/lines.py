"""Lines to hold a result against: what a metric is without any network that learned.

An arm that is not above a line has added nothing to it, whatever the verdict on two such arms. What
an untrained network measures is a line too, and each arm has its own: `ArmValues.untrained`. So is
what an arm starts from by itself, zero-shot: a pretrained model, or the mean of token vectors.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.comparison.rule import is_loss

MOST_NAMED = 6  # arms whose own lines are told
FAR = 3


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of one metric; None where there is none, or where it is not known."""

    chance: float | None = None
    """Without any learning: of an accuracy, calling all pairs alike."""
    tf_idf: float | None = None
    """Of the cosine of TF-IDF vectors."""


NO_LINES = Lines()

LinesInWords = Sequence[tuple[str, float]]
"""Whose line it is, and its value."""


def chance_levels(majority: float, duplicates: float) -> Mapping[str, float]:
    """What metrics are without any learning, from the share of the test pairs that have the more
    frequent label, and the share that are duplicates. The recall has no such level: whoever calls
    all pairs duplicates has the best there is."""
    return {
        "test.accuracy": majority,
        "test.average_precision": duplicates,
        "test.f1": 2 * duplicates / (1 + duplicates),
        "test.mcc": 0.0,
        "test.pearson": 0.0,
        "test.precision": duplicates,
        "test.roc_auc": 0.5,
        "test.spearman": 0.0,
        "validation.mcc": 0.0,
        "validation.pearson": 0.0,
        "validation.roc_auc": 0.5,
        "validation.spearman": 0.0,
    }


def lines_of(chance: Mapping[str, float], tf_idf: Mapping[str, float]) -> Mapping[str, Lines]:
    """The lines of each metric that has one, from those of both kinds."""
    metrics = chance.keys() | tf_idf.keys()
    return {metric: Lines(chance.get(metric), tf_idf.get(metric)) for metric in metrics}


def lines_in_words(baselines: Mapping[str, Any], metric: str) -> LinesInWords:
    """All lines of a metric, out of `baselines` of a results document."""
    if metric != "test.accuracy":
        return measured_lines(baselines, metric)
    return [
        ("calling every pair what most are", baselines["majority"]),
        ("calling every pair a duplicate (a collapsed network)", baselines["collapsed"]),
        *measured_lines(baselines, metric),
    ]


def measured_lines(baselines: Mapping[str, Any], metric: str) -> LinesInWords:
    """The lines that runs have measured; none in a document of before. What all arms start with is
    told once, and of very many that differ only the best one's."""
    own = baselines.get("by_metric", {}).get(metric, {})
    best = min if is_loss(metric) else max
    untrained = own.get("untrained") or {}
    starts = list(_starts(own.get("zero_shot") or {}, untrained))
    if len(untrained) > 1 and len(set(untrained.values())) == 1:
        untrained = {"every arm": best(untrained.values())}
    elif len(untrained) > MOST_NAMED:
        untrained = {f"the best of {len(untrained)} arms": best(untrained.values())}
    found = [(f"{arm} before its first step", value) for arm, value in untrained.items()]
    if len(starts) > MOST_NAMED:
        starts = [("the best start, zero-shot", best(value for _, value in starts))]
    found += starts
    if own.get("tf_idf") is not None:
        found.append(("the cosine of TF-IDF vectors", own["tf_idf"]))
    return found


def _starts(
    by_arm: Mapping[str, float], untrained: Mapping[str, float]
) -> Iterator[tuple[str, float]]:
    """Of arms that start from one model, or from the same token vectors, and read it alike, that
    once. An arm with vectors has an untrained network too, one with a model has none."""
    arms: defaultdict[tuple[str, float], list[str]] = defaultdict(list)
    for arm, value in by_arm.items():
        arms["token vectors" if arm in untrained else "model", value].append(arm)
    for (what, value), names in arms.items():
        of = " and ".join(names) if len(names) <= MOST_NAMED else f"{len(names)} arms"
        yield f"the {what} of {of}, zero-shot", value


def near_lines(lines: LinesInWords, values: Sequence[float], metric: str) -> LinesInWords:
    """The lines to draw beside values: the best one, and others no farther away from them.

    A weaker line tells less. One that is farther off than `FAR` times what the values differ by
    would leave them no room to differ in, and is said in words alone.
    """
    if not lines:
        return ()
    near = _best_and_nearer(lines, values, metric)
    if not values or min(values) == max(values):
        return near
    room = FAR * (max(values) - min(values))
    return [one for one in near if min(values) - room <= one[1] <= max(values) + room]


def _best_and_nearer(lines: LinesInWords, values: Sequence[float], metric: str) -> LinesInWords:
    if is_loss(metric):
        highest = max([*values, min(value for _, value in lines)])
        return [(words, value) for words, value in lines if value <= highest]
    lowest = min([*values, max(value for _, value in lines)])
    return [(words, value) for words, value in lines if value >= lowest]
