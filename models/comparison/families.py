"""All comparisons of a document: which metrics, and in which families.

**The families.** The comparisons on the metric that decides are one family, and Holm's rule keeps
the chance of one false `better` among them at 1 - confidence: with two arms it is one comparison,
and nothing changes. All comparisons on other metrics are a second family, which decides nothing.
"""

from collections.abc import Iterator, Mapping, Sequence

from models.comparison.compare import adjusted_evidence
from models.comparison.declared_rule import declared_rule
from models.comparison.inputs import ArmPair, ArmRuns, ComparisonInput
from models.comparison.lines import NO_LINES, Lines
from models.comparison.rule import DecisionRule, fewest_pairs
from models.comparison.schema import Comparison, Role
from models.comparison.sequential.group_sequential import plan
from models.specs.experiment import ExperimentSpec

SECONDARY = ("test.accuracy", "test.roc_auc", "test.average_precision")

Family = list[tuple[ArmPair, ComparisonInput]]
"""Comparisons to make, with the runs behind them."""


def family_on(
    arms: Sequence[ArmPair],
    metrics: Sequence[str],
    rule: DecisionRule,
    role: Role,
    expected_pairs: int | None,
    lines: Mapping[str, Lines],
) -> Family:
    """Each pair of arms on each metric.

    `lines` has, for some metrics, what they are without any network that learned.
    """
    return [
        (
            (a, b),
            ComparisonInput(
                a.on(metric),
                b.on(metric),
                rule.for_metric(metric),
                expected_pairs,
                role,
                awaited=_awaited(a, b),
                lines=lines.get(metric, NO_LINES),
            ),
        )
        for a, b in arms
        for metric in metrics
    ]


def compare_runs(families: Sequence[Family], *, first: int | None = None) -> Iterator[Comparison]:
    """The comparisons of each family in order, with what the runs add to them, one at a time, since
    sixty arms have thousands; only the `first` so many, where that is given."""
    # scipy takes a third of a second to import, and the API must start without it
    from models.comparison.conclusion import conclude
    from models.comparison.run_statistics import run_statistics

    evidences = adjusted_evidence([[one for _, one in family] for family in families])[:first]
    arms = [pair for family in families for pair, _ in family][:first]
    for comparison, more in zip(conclude(evidences), run_statistics(evidences, arms), strict=True):
        yield comparison.model_copy(update=more)


def _awaited(a: ArmRuns, b: ArmRuns) -> int:
    """How many pairs are still to come: seeds of both arms, of which a run has not ended."""
    of_a, of_b = (arm.metrics.keys() | arm.awaited for arm in (a, b))
    return len(of_a & of_b & (a.awaited | b.awaited))


def seeds_needed(spec: ExperimentSpec) -> int:
    """The fewest seeds with which anything that a spec asks can be called better: no sign-flip p of
    N pairs is below 2/2^N, which Holm's rule multiplies by the comparisons, or effects."""
    looks = plan(spec)
    if looks:
        able = [look.pairs for look in looks if 2 / 2.0**look.pairs <= look.level]
        return able[0] if able else looks[-1].pairs
    asked = len(spec.declared_effects) or len(pairs_of_arms(spec))
    return fewest_pairs(declared_rule(spec).alpha / max(asked, 1))


def arms_against_baseline(spec: ExperimentSpec) -> list[str]:
    """The arms that are compared with the baseline; none where no arms are compared."""
    if not spec.compares_arms:
        return []
    return [arm.name for arm in spec.arms if arm.name != spec.decision.baseline]


def pairs_of_arms(spec: ExperimentSpec) -> list[tuple[str, str]]:
    """The names of every two arms: each arm against the baseline first, then the other pairs in
    the order of the spec. None where no arms are compared."""
    if not spec.compares_arms:
        return []
    baseline = spec.decision.baseline
    others = [arm.name for arm in spec.arms if arm.name != baseline]
    with_baseline = [(name, baseline) for name in others]
    return with_baseline + [(a, b) for index, b in enumerate(others) for a in others[index + 1 :]]
