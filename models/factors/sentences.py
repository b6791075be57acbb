"""What an effect says in words, beside what a comparison says of its two sides."""

from collections.abc import Iterator, Mapping, Sequence

from models.comparison.comparison_warnings import all_collapsed, below_lines, held_warning
from models.comparison.inputs import ArmValues, ComparisonInput
from models.comparison.lines import Lines
from models.comparison.rule import DecisionRule
from models.comparison.schema import ComparisonWarning, Verdict
from models.comparison.wording import metric_size
from models.factors.schema import Effect, MainEffect, SimpleEffect
from models.result_words import metric_words
from models.specs.factors import DeclaredEffect
from models.specs.wording.field_words import pointer_words

MOST_NAMED = 3  # effects in the sentence on what matters most
_WORDS: Mapping[Verdict, str] = {
    "a_better": "better",
    "b_better": "worse",
    "equivalent": "equivalent",
    "undecided": "undecided",
}


def meaning(effect: DeclaredEffect, simple: Sequence[SimpleEffect], rule: DecisionRule) -> str:
    """What the difference is a mean of; of an interaction, the two differences that it is of."""
    others = _listed(effect.others)
    where = ""
    if effect.settings > 1:
        where = f"the mean over the {effect.settings} settings of {others}"
    if effect.kind == "main":
        if where:
            return f"That is {where}."
        if not others:
            return ""
        verb = "are at their first levels" if len(effect.others) > 1 else "is at its first level"
        return f"In all of these runs {others} {verb}."
    (factor, *_), (level, *_), (baseline, *_) = effect.factors, effect.levels, effect.baselines
    known = [one for one in simple if one.mean_difference is not None]
    if not known:
        return ""
    higher = rule.higher_is_better
    sizes = " and ".join(
        f"{metric_size(one.mean_difference, higher_is_better=higher, sign='+')} with {one.given}"
        for one in known
    )
    tail = f", {where}" if where else ""
    return f"{factor}={level} minus {factor}={baseline} is {sizes}{tail}."


def effect_warnings(
    compared: ComparisonInput, cells: Sequence[ArmValues], lines: Lines
) -> tuple[ComparisonWarning, ...]:
    """The warnings on an effect: every run of its cells collapsed, or no cell's mean is above what
    takes no learning; where they were tuned, that their settings differ, or are at the edge of
    those tried; and what was held at one draw in all runs."""
    return (
        *_learned_too_little(compared, cells, lines),
        *_different_settings(cells),
        *_at_edge(cells),
        *held_warning(cells),
    )


def _different_settings(cells: Sequence[ArmValues]) -> Iterator[ComparisonWarning]:
    chosen = {cell.tuned.chosen for cell in cells if cell.tuned is not None}
    if None in chosen or len(chosen) < 2:
        return  # the same, not known, or chosen anew under every seed
    sentence = (
        f"These {len(cells)} cells were given {len(chosen)} different settings, so this is the "
        "difference of cells with their settings, which few tuning seeds may have chosen by chance."
    )
    yield ComparisonWarning(kind="different_settings", sentence=sentence)


def _at_edge(cells: Sequence[ArmValues]) -> Iterator[ComparisonWarning]:
    at_edge = {cell.name: cell.tuned.at_edge for cell in cells if cell.tuned is not None}
    named = [name for name, fields in at_edge.items() if fields]
    if not named:
        return
    fields = dict.fromkeys(field for own in at_edge.values() for field in own)
    some = f"{len(named)} of these {len(cells)}" if len(named) < len(cells) else f"all {len(cells)}"
    sentence = (
        f"The settings that were chosen for {some} cells are at the edge of those tried in "
        f"{_listed([pointer_words(one) for one in fields])}, so better ones may lie beyond."
    )
    yield ComparisonWarning(kind="chosen_at_edge", sentence=sentence)


def _learned_too_little(
    compared: ComparisonInput, cells: Sequence[ArmValues], lines: Lines
) -> tuple[ComparisonWarning, ...]:
    if all_collapsed(compared):
        runs = sum(len(cell.by_seed) for cell in cells)
        sentence = (
            f"All {runs} runs of these {len(cells)} cells ended collapsed, with one vector for all "
            "questions, so they say nothing about the choice."
        )
        return (ComparisonWarning(kind="all_collapsed", sentence=sentence),)
    nobody = f"None of these {len(cells)} cells is"
    return below_lines(cells, lines, compared.rule, nobody)


def what_matters_most(effects: Sequence[Effect]) -> str | None:
    """The largest effects on the metric that decides, in one sentence; None before any."""
    known = [one for one in effects if one.mean_difference is not None]
    if not known:
        return None
    named = ", then ".join(_in_brief(one) for one in known[:MOST_NAMED])
    left = len(effects) - len(known[:MOST_NAMED])
    more = f" {left} more {'is' if left == 1 else 'are'} smaller or not known yet." if left else ""
    return f"What matters most for {metric_words(known[0].metric)}: {named}.{more}"


def no_verdict_on_effect(effect: Effect, why: str) -> str:
    """The sentence where the plan of looks allows no verdict now: the difference, and why."""
    count = len(effect.pairs)
    if effect.mean_difference is None:
        return f"No seed has finished in every cell of {_subject(effect)}. {why}"
    seeds = "1 seed" if count == 1 else f"{count} seeds"
    size = metric_size(effect.mean_difference, higher_is_better=effect.higher_is_better)
    difference = f"{size} in {metric_words(effect.metric)}"
    return f"{effect.a} minus {effect.b} is {difference} on average over {seeds}. {why}"


def _in_brief(effect: Effect) -> str:
    difference = effect.mean_difference
    assert difference is not None  # `what_matters_most` asks only where it is known
    size = metric_size(difference, higher_is_better=effect.higher_is_better, sign="+")
    return f"{_subject(effect)} ({size}, {_WORDS[effect.verdict]})"


def _subject(effect: Effect) -> str:
    if isinstance(effect, MainEffect):
        return f"{effect.factors[0]}={effect.level} against {effect.baseline}"
    levels = zip(effect.factors, effect.levels, strict=True)
    return f"the interaction of {' and '.join(f'{name}={level}' for name, level in levels)}"


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
