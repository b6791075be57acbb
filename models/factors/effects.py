"""The effects of a factorial experiment, judged by the rule of a comparison.

**The families.** The declared effects on the metric that decides are one family, over which Holm's
rule keeps the chance of one false `better` at 1 - confidence; those on other metrics are a second
one, which decides nothing. Pairs of cells are in neither: nobody asked about them.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.abandonment import while_wanted
from models.comparison.compare import adjusted_evidence
from models.comparison.evidence import Evidence
from models.comparison.inputs import ArmRuns, ArmValues, ComparisonInput
from models.comparison.lines import NO_LINES, Lines
from models.comparison.paired_t import mean_and_sd
from models.comparison.rule import DecisionRule
from models.comparison.schema import Multiplicity, Role, Statistic
from models.comparison.verdict import comparison_sentence, decide
from models.factors.contrasts import awaited_seeds, compared_sides, simple_differences
from models.factors.schema import Effect, EffectPair, Interaction, MainEffect, SimpleEffect
from models.factors.sentences import effect_warnings, meaning
from models.specs.factors import DeclaredEffect


@dataclass(frozen=True)
class EffectInput:
    """One effect to judge, on one metric."""

    declared: DeclaredEffect
    compared: ComparisonInput
    cells: Mapping[str, ArmValues]
    lines: Lines
    """What the metric is without any network that learned."""


def effect_input(
    declared: DeclaredEffect,
    cells: Mapping[str, ArmValues],
    rule: DecisionRule,
    lines: Lines,
    **more: Any,
) -> EffectInput:
    """An effect over the cells' values of the rule's metric; `more` is of `compared_sides`."""
    return EffectInput(declared, compared_sides(declared, cells, rule, **more), cells, lines)


def effects_on(
    declared: Sequence[DeclaredEffect],
    metrics: Sequence[str],
    runs: Mapping[str, ArmRuns],
    rule: DecisionRule,
    role: Role,
    expected_pairs: int | None,
    lines: Mapping[str, Lines],
) -> list[Effect]:
    """Every effect on each metric, as one family; by metric, then the largest first."""
    inputs = []
    for metric in metrics:
        cells = {name: arm.on(metric) for name, arm in runs.items()}
        inputs += [
            effect_input(
                effect,
                cells,
                rule.for_metric(metric),
                lines.get(metric, NO_LINES),
                expected_pairs=expected_pairs,
                role=role,
                awaited=awaited_seeds(effect, runs),
            )
            for effect in declared
        ]
    judged = judge(inputs)
    return [one for metric in metrics for one in largest_first(judged, metric)]


def judge(inputs: Sequence[EffectInput]) -> list[Effect]:
    """The effects, as one family. Raises `ValueError` for a value that is not finite."""
    evidence = adjusted_evidence([[one.compared for one in inputs]])
    return [_effect(*one) for one in while_wanted(zip(inputs, evidence, strict=True))]


def largest_first(effects: Sequence[Effect], metric: str) -> list[Effect]:
    """Those on a metric by the size of their difference; those without one come last."""
    own = (one for one in effects if one.metric == metric)
    return sorted(own, key=lambda one: smallness(one.mean_difference))


def smallness(difference: Statistic) -> float:
    """A key that sorts the largest difference first, and none at all last."""
    return math.inf if difference is None else -abs(difference)


def _effect(given: EffectInput, evidence: Evidence) -> Effect:
    # scipy.optimize is slow to import, and the API must start without it
    from models.comparison.power import power_analysis

    declared, compared, rule = given.declared, given.compared, evidence.rule
    verdict, simple = decide(evidence), _simple_effects(declared, given.cells)
    cells = [given.cells[name] for name in declared.cells]
    warnings = effect_warnings(compared, cells, given.lines)
    said = comparison_sentence(evidence, verdict, ())
    sentence = [
        said if declared.kind == "main" else said[:1].upper() + said[1:],  # no name begins it
        meaning(declared, simple, compared.rule),
        *(one.sentence for one in warnings),
    ]
    common: dict[str, Any] = {
        "factors": declared.factors,
        "a": compared.a.name,
        "b": compared.b.name,
        "metric": rule.metric,
        "higher_is_better": rule.higher_is_better,
        "pairs": tuple(EffectPair(seed=p.seed, difference=p.difference) for p in evidence.pairs),
        "mean_difference": evidence.mean,
        "sd_difference": evidence.sd,
        "interval": evidence.interval,
        "sign_flip_p": evidence.sign_flip_p,
        "equivalence": evidence.equivalence,
        "multiplicity": Multiplicity(family=evidence.family, p=evidence.p, holm_p=evidence.holm_p),
        "power": power_analysis(
            evidence.sd, len(evidence.pairs), rule.equivalence_margin, rule.alpha
        ),
        "verdict": verdict,
        "sentence": " ".join(filter(None, sentence)),
        "warnings": warnings,
        "role": compared.role,
    }
    if declared.kind == "main":
        (level,), (baseline,) = declared.levels, declared.baselines
        return MainEffect(kind="main", level=level, baseline=baseline, **common)
    return Interaction(
        kind="interaction",
        levels=declared.levels,
        baselines=declared.baselines,
        simple_effects=simple,
        **common,
    )


def _simple_effects(
    declared: DeclaredEffect, cells: Mapping[str, ArmValues]
) -> tuple[SimpleEffect, ...]:
    """Of an interaction: the first factor's difference at each of the second's two levels."""
    if declared.kind == "main":
        return ()
    factor = declared.factors[1]
    given = (f"{factor}={declared.levels[1]}", f"{factor}={declared.baselines[1]}")
    return tuple(
        SimpleEffect(given=level, mean_difference=mean_and_sd(differences)[0])
        for level, differences in zip(given, simple_differences(declared, cells), strict=True)
    )
