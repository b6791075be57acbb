"""What an interim look judges, one at a time: an arm against the baseline, or an effect."""

from collections.abc import Mapping

from models.comparison.compare import compare_family
from models.comparison.inputs import ArmValues, ComparisonInput
from models.comparison.lines import Lines
from models.comparison.rule import DecisionRule
from models.comparison.schema import Comparison
from models.factors.effects import effect_input, judge
from models.factors.schema import Effect
from models.specs.experiment import ExperimentSpec


def judged_alone(
    spec: ExperimentSpec,
    name: str,
    values: Mapping[str, ArmValues],
    rule: DecisionRule,
    lines: Lines,
) -> Comparison | Effect:
    """The comparison of this arm with the baseline, or the effect of this name, as a family of one.

    `name` is one of `questions(spec)` in `models.comparison.sequential.group_sequential`.
    """
    for effect in spec.declared_effects:
        if effect.key == name:
            return judge([effect_input(effect, values, rule, lines)])[0]
    baseline = values[spec.decision.baseline]
    return compare_family([ComparisonInput(values[name], baseline, rule, lines=lines)])[0]
