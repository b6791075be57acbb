"""What makes a comparison say little of the choice between its arms, whatever the verdict."""

from collections.abc import Iterable, Sequence
from statistics import fmean

from models.comparison.inputs import ArmValues, ComparisonInput
from models.comparison.lines import Lines
from models.comparison.rule import DecisionRule
from models.comparison.schema import ComparisonWarning, WarningKind
from models.comparison.wording import metric_number
from models.specs.wording.field_words import pointer_words

ONE_SIDED = ("precision", "recall")
"""Metrics of one kind of mistake, which are traded for the other."""


def all_collapsed(compared: ComparisonInput) -> bool:
    """Whether every run of both arms ended collapsed."""
    arms = (compared.a, compared.b)
    return all(arm.by_seed and arm.collapsed >= arm.by_seed.keys() for arm in arms)


def warnings_of(compared: ComparisonInput) -> tuple[ComparisonWarning, ...]:
    """The warnings on two arms: all collapsed, or neither above a line that takes no training;
    where they were tuned, that their settings differ, or are at the edge of those tried; and what
    was the same in all runs, so that nothing is said of other draws of it."""
    tuned = [_different_settings(compared), _at_edge(compared.a), _at_edge(compared.b)]
    return (
        *_learned_too_little(compared),
        *(one for one in tuned if one is not None),
        *held_warning([compared.a, compared.b]),
    )


def held_warning(arms: Iterable[ArmValues]) -> tuple[ComparisonWarning, ...]:
    """That these arms were trained at one draw of a source alone, where one was held."""
    held = dict.fromkeys(one for arm in arms for one in arm.held)
    if not held:
        return ()
    sentence = f"All runs have the {' and the '.join(held)}, so this says nothing of other ones."
    return (ComparisonWarning(kind="held_source", sentence=sentence),)


def _different_settings(compared: ComparisonInput) -> ComparisonWarning | None:
    """Fresh seeds judge the settings that were chosen. That an arm was given another one than the
    other arm may itself be chance, which no fresh seed can tell (`benchmarks/README.md`)."""
    a, b = compared.a.tuned, compared.b.tuned
    if a is None or b is None or a.chosen is None or b.chosen is None:
        return None  # not known, or chosen anew under every seed: its luck is in the interval
    if a.settings != b.settings or a.chosen == b.chosen:
        return None
    sentence = (
        f"{compared.a.name} and {compared.b.name} were given different settings, so this is the "
        "difference of both with their settings, which few tuning seeds may have chosen by chance."
    )
    return ComparisonWarning(kind="different_settings", sentence=sentence)


def _at_edge(arm: ArmValues) -> ComparisonWarning | None:
    if arm.tuned is None or not arm.tuned.at_edge:
        return None
    fields = " and ".join(pointer_words(one) for one in arm.tuned.at_edge)
    sentence = (
        f"The setting that was chosen for {arm.name} is at the edge of those tried in {fields}, so "
        "a better one may lie beyond."
    )
    return ComparisonWarning(kind="chosen_at_edge", sentence=sentence)


def _learned_too_little(compared: ComparisonInput) -> tuple[ComparisonWarning, ...]:
    a, b = compared.a, compared.b
    if all_collapsed(compared):
        runs = len(a.by_seed) + len(b.by_seed)
        sentence = (
            f"All {runs} runs of both arms ended collapsed, with one vector for all questions, so "
            "they say nothing about the choice."
        )
        return (ComparisonWarning(kind="all_collapsed", sentence=sentence),)
    nobody = f"Neither {a.name} nor {b.name} is"
    return below_lines((a, b), compared.lines, compared.rule, nobody)


def below_lines(
    arms: Sequence[ArmValues], lines: Lines, rule: DecisionRule, nobody: str
) -> tuple[ComparisonWarning, ...]:
    """The warnings where the mean of no arm is above what takes no learning; else, above what an
    untrained network of one of them measures, its pretrained model or token vectors, or TF-IDF.
    `nobody` begins their sentences.

    None while an arm has no run. Of losses, which are better when lower, above means below. Of the
    two kinds of mistakes alone there is no such line: a network that calls all pairs duplicates has
    the best recall.
    """
    means = [fmean(arm.by_seed.values()) for arm in arms if arm.by_seed]
    if len(means) < len(arms):
        return ()
    best, above = (max, "above") if rule.higher_is_better else (min, "below")

    def beaten_by(line: float | None) -> bool:
        return line is not None and best(line, *means) == line

    said = f"{nobody} {above}"
    if lines.chance is not None and beaten_by(lines.chance):
        sentence = (
            f"{said} {lines.chance:.4f}, which takes no learning, so they have not learned enough "
            "to be compared."
        )
        return (ComparisonWarning(kind="nothing_learned", sentence=sentence),)
    if rule.metric.rpartition(".")[2] in ONE_SIDED:
        return ()
    found = []
    for kind, known in _starts(arms):
        start = best(known) if known else None
        if start is not None and beaten_by(start):
            sentence = (
                f"{said} {metric_number(rule, start)}, which {known[start]}, so training has "
                "gained nothing here."
            )
            found.append(ComparisonWarning(kind=kind, sentence=sentence))
    if lines.tf_idf is not None and beaten_by(lines.tf_idf):
        sentence = (
            f"{said} {metric_number(rule, lines.tf_idf)}, which the cosine of TF-IDF vectors has "
            "without any network, so counting words does as well."
        )
        found.append(ComparisonWarning(kind="below_tf_idf", sentence=sentence))
    return tuple(found)


def _starts(arms: Sequence[ArmValues]) -> tuple[tuple[WarningKind, dict[float, str]], ...]:
    """What there is before any training: the warning, and each value with what has it."""
    untrained, zero_shot = {}, {}
    for arm in reversed(arms):
        of_model = f"the pretrained model of {arm.name} has untouched"
        of_vectors = f"the mean of the token vectors of {arm.name} has"
        if arm.untrained is not None:
            untrained[arm.untrained] = f"{arm.name} has before its first step"
        if arm.zero_shot is not None:
            zero_shot[arm.zero_shot] = of_model if arm.pretrained else of_vectors
    return ("below_untrained", untrained), ("below_zero_shot", zero_shot)
