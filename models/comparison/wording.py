"""How sentences write questions, and values of metrics with their intervals."""

from models.comparison.rule import DecisionRule, Question
from models.numbers_in_words import decimals, significant
from models.result_words import level_words


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
    """A value of the rule's metric, as `metric_size` writes it."""
    return metric_size(value, higher_is_better=rule.higher_is_better)


def metric_size(value: float | None, *, higher_is_better: bool, sign: str = "") -> str:
    """A value to 4 significant digits where lower is better, as of losses, else to 4 decimals; one
    that is more than noise never prints as 0. `sign` "+" marks what is above 0; None is a dash."""
    return (decimals if higher_is_better else significant)(value, 4, sign)


def interval_words(rule: DecisionRule, bounds: tuple[float, float], confidence: float) -> str:
    """An interval in a sentence: `95 % interval -0.001 to 0.002`."""
    low, high = (metric_number(rule, bound) for bound in bounds)
    return f"{level_words(confidence)} interval {low} to {high}"
