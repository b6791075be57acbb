"""How sentences write metrics and their values."""

from models.comparison.rule import DecisionRule, Question
from models.numbers_in_words import decimals, significant

WRITTEN = {
    "f1": "F1",
    "mcc": "MCC",
    "mrr_at_10": "MRR@10",
    "recall_at_1": "recall@1",
    "recall_at_10": "recall@10",
    "map_at_r": "MAP@R",
    "ndcg_at_10": "nDCG@10",
    "spearman": "Spearman",
    "pearson": "Pearson",
}
"""Metrics that a sentence writes otherwise than their names."""


def metric_words(metric: str) -> str:
    """The name of a metric in a sentence."""
    split, dot, name = metric.rpartition(".")
    written = WRITTEN.get(name, name.replace("roc_auc", "ROC-AUC"))
    return f"{split}{dot}{written}".replace(".", " ").replace("_", " ")


def question_words(question: Question) -> str:
    """Which question it is: `7th question of the programme 'mine', level 0.008`."""
    place = f"{ordinal(question.number)} question of the programme '{question.programme}'"
    return f"{place}, level {significant(question.level, 3)}"


def ordinal(number: int) -> str:
    """The number as a place: 1st, 2nd, 3rd, 11th, 22nd."""
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def metric_number(rule: DecisionRule, value: float) -> str:
    """A value to 4 significant digits where lower is better, as of losses, else to 4 decimals; one
    that is more than noise never prints as 0."""
    return decimals(value) if rule.higher_is_better else significant(value, 4)


def interval_words(rule: DecisionRule, bounds: tuple[float, float], confidence: float) -> str:
    """An interval in a sentence: `95 % interval -0.001 to 0.002`."""
    low, high = (metric_number(rule, bound) for bound in bounds)
    return f"{confidence * 100:.6g} % interval {low} to {high}"
