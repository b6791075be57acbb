"""All comparisons of a document: which metrics, and in which families.

**The families.** The comparisons on the metric that decides are one family, and Holm's rule keeps
the chance of one false `better` among them at 1 - confidence: with two arms it is one comparison,
and nothing changes. All comparisons on other metrics are a second family, which decides nothing.
"""

from collections.abc import Mapping, Sequence

from models.comparison.compare import compare_family
from models.comparison.inputs import ArmPair, ArmRuns, ComparisonInput
from models.comparison.rule import DecisionRule
from models.comparison.schema import Comparison, Role
from models.specs.experiment import DecisionSpec, ExperimentSpec

SECONDARY = ("test.accuracy", "test.roc_auc", "test.average_precision")


def compare_arms(
    arms: Sequence[ArmPair],
    rule: DecisionRule,
    *,
    expected_pairs: int | None,
    chance: Mapping[str, float],
    secondary: Sequence[str] = SECONDARY,
) -> list[Comparison]:
    """Each pair of arms on the metric that decides, in order, then each on the secondary ones."""
    others = [metric for metric in secondary if metric != rule.metric]
    return [
        *compare_on(arms, [rule.metric], rule, "primary", expected_pairs, chance),
        *compare_on(arms, others, rule, "secondary", expected_pairs, chance),
    ]


def compare_on(
    arms: Sequence[ArmPair],
    metrics: Sequence[str],
    rule: DecisionRule,
    role: Role,
    expected_pairs: int | None,
    chance: Mapping[str, float],
) -> list[Comparison]:
    """Each pair of arms on each metric, as one family.

    `chance` has, for some metrics, what they are without any learning (`chance_levels`).
    """
    # scipy.stats takes a second to import, and the API must start without it
    from models.comparison.run_statistics import with_run_statistics

    family = [(pair, metric) for pair in arms for metric in metrics]
    comparisons = compare_family(
        [
            ComparisonInput(
                a.on(metric),
                b.on(metric),
                rule.for_metric(metric),
                expected_pairs,
                role,
                awaited=_awaited(a, b),
                chance=chance.get(metric),
            )
            for (a, b), metric in family
        ]
    )
    return with_run_statistics(comparisons, [pair for pair, _ in family], rule.confidence)


def _awaited(a: ArmRuns, b: ArmRuns) -> int:
    """How many pairs are still to come: seeds of both arms, of which a run has not ended."""
    of_a, of_b = (arm.metrics.keys() | arm.awaited for arm in (a, b))
    return len(of_a & of_b & (a.awaited | b.awaited))


def declared_rule(decision: DecisionSpec) -> DecisionRule:
    """The rule that a spec declares."""
    return DecisionRule(decision.metric, decision.equivalence_margin, decision.confidence)


def pairs_of_arms(spec: ExperimentSpec) -> list[tuple[str, str]]:
    """The names of every two arms: each arm against the baseline first, then the other pairs in
    the order of the spec."""
    baseline = spec.decision.baseline
    others = [arm.name for arm in spec.arms if arm.name != baseline]
    with_baseline = [(name, baseline) for name in others]
    return with_baseline + [(a, b) for index, b in enumerate(others) for a in others[index + 1 :]]
