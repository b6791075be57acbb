"""What makes two runs of an arm differ, as plain English."""

from models.comparison.rule import DecisionRule
from models.comparison.schema import Interval
from models.comparison.wording import metric_number
from models.noise_floor.schema import FEWEST_RUNS, SeedSources, SourceSpread
from models.noise_floor.sentence import COLLAPSED
from models.result_words import level_words, metric_words
from models.specs.seeds import SOURCE_WORDS


def sources_sentence(
    found: SeedSources, rule: DecisionRule, planned: int | None, awaited: int, collapsed: int
) -> str:
    """The spread of each source and of all together, and whether their order is sure."""
    known = [one for one in found.sources if one.sd is not None]
    seeds = _seeds(found, planned, awaited)
    if not known or found.sd is None:
        return (
            f"{seeds} are too few to tell what makes runs of {found.arm} differ, which takes "
            f"{FEWEST_RUNS}."
        )
    if not any(one.sd for one in known):
        return f"{seeds} of {found.arm}: whatever was drawn anew, no {_what(found)} differed."
    parts = [f"{SOURCE_WORDS[one.source]} {_size(rule, one.sd, one.sd_interval)}" for one in known]
    sentence = (
        f"What makes two runs of {found.arm} differ in {_what(found)}, as the standard deviation "
        f"that each source makes with all else the same: {', then '.join(parts)}. All together "
        f"make {_size(rule, found.sd, found.sd_interval)}, over {seeds}."
    )
    if len(known) > 1 and _overlap(known[0], known[1]):
        sentence += " The intervals of the first two overlap, so which is larger is not sure."
    missing = [SOURCE_WORDS[one.source] for one in found.sources if one.sd is None]
    if missing:
        sentence += f" Of {' and '.join(missing)} there are too few pairs of runs."
    if found.held:
        sentence += f" All runs have the {' and the '.join(found.held)}."
    if collapsed:
        every = found.n + sum(one.summary.n for one in found.sources)
        sentence += f" {collapsed} of all {every} runs {COLLAPSED}; they count in all of this."
    return sentence


def _what(found: SeedSources) -> str:
    return metric_words(found.metric)


def _size(rule: DecisionRule, sd: float | None, interval: Interval | None) -> str:
    assert sd is not None
    if interval is None:
        return metric_number(rule, sd)
    low, high = metric_number(rule, interval.low), metric_number(rule, interval.high)
    return (
        f"{metric_number(rule, sd)} ({level_words(interval.confidence)} interval {low} to {high})"
    )


def _overlap(first: SourceSpread, second: SourceSpread) -> bool:
    if first.sd_interval is None or second.sd_interval is None:
        return False
    return second.sd_interval.high > first.sd_interval.low


def _seeds(found: SeedSources, planned: int | None, awaited: int) -> str:
    if planned is not None and planned > found.n:
        return f"{found.n} of {planned} planned seeds{' so far' if awaited else ''}"
    return f"{found.n} seed" if found.n == 1 else f"{found.n} seeds"
