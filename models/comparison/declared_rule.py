"""The rule that a spec declares, and the level that a programme gave it."""

from models.comparison.rule import DecisionRule, Question, confidence_at
from models.specs.experiment import ExperimentSpec


def declared_rule(spec: ExperimentSpec) -> DecisionRule:
    """The rule of the comparisons that decide. In a programme the level of its question is what a
    claim may err, and the spec's confidence is the promise of the whole programme."""
    decision, asked = spec.decision, question_of(spec)
    confidence = decision.confidence if asked is None else confidence_at(asked.level)
    metric, margin = decision.metric, decision.equivalence_margin
    return DecisionRule(metric, margin, confidence, question=asked)


def question_of(spec: ExperimentSpec) -> Question | None:
    """Its question of a programme, once the service has given it a level."""
    asked = spec.programme
    if asked is None or asked.question is None or asked.level is None:
        return None
    return Question(asked.name, asked.question, asked.level)
