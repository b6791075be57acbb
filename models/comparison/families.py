"""All comparisons of a document: which metrics, and in which families.

**The families.** The comparisons on the metric that decides are one family, and Holm's rule keeps
the chance of one false `better` among them at 1 - confidence: with two arms it is one comparison,
and nothing changes. All comparisons on other metrics are a second family. They are described, and
decide nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from models.comparison.arm_runs import Sides
from models.comparison.compare import Asked, compare_family
from models.comparison.schema import Comparison, Role
from models.comparison.verdict import is_loss
from models.specs.experiment import DecisionSpec, ExperimentSpec

SECONDARY = ("test.accuracy", "test.roc_auc", "test.average_precision")


@dataclass(frozen=True)
class Rule:
    """What was declared before the results: the metric that decides, margin and confidence."""

    metric: str
    equivalence_margin: float | None
    confidence: float

    def margin_for(self, metric: str) -> float | None:
        """The margin is in the unit of its metric: it holds for every share, or for losses."""
        return self.equivalence_margin if is_loss(metric) == is_loss(self.metric) else None


def compare_arms(
    sides: Sides, rule: Rule, *, expected_pairs: int | None, secondary: Sequence[str] = SECONDARY
) -> list[Comparison]:
    """Each pair of arms on the metric that decides, in order, then each on the secondary ones."""
    others = [metric for metric in secondary if metric != rule.metric]
    return [
        *compare_on(sides, [rule.metric], rule, "primary", expected_pairs),
        *compare_on(sides, others, rule, "secondary", expected_pairs),
    ]


def compare_on(
    sides: Sides, metrics: Sequence[str], rule: Rule, role: Role, expected_pairs: int | None
) -> list[Comparison]:
    """Each pair of arms on each metric, as one family."""
    # scipy.stats takes a second to import, which starting the API need not wait for
    from models.comparison.run_figures import with_runs

    wanted = [(a, b, metric) for a, b in sides for metric in metrics]
    found = compare_family(
        [
            Asked(
                a.values(metric),
                b.values(metric),
                a_name=a.name,
                b_name=b.name,
                metric=metric,
                equivalence_margin=rule.margin_for(metric),
                confidence=rule.confidence,
                expected_pairs=expected_pairs,
                role=role,
            )
            for a, b, metric in wanted
        ]
    )
    return with_runs(found, [(a, b) for a, b, _ in wanted], rule.confidence)


def rule_of(decision: DecisionSpec) -> Rule:
    return Rule(decision.metric, decision.equivalence_margin, decision.confidence)


def pairs_of_arms(spec: ExperimentSpec) -> list[tuple[str, str]]:
    """Every arm against the baseline first, then the others in the order of the spec."""
    baseline = spec.decision.baseline
    others = [arm.name for arm in spec.arms if arm.name != baseline]
    with_baseline = [(name, baseline) for name in others]
    return with_baseline + [(a, b) for index, b in enumerate(others) for a in others[index + 1 :]]
