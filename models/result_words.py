"""Metrics, verdicts and confidence levels in words, alike in sentences, reports and the command.

It imports little, since the command is started for one answer.
"""

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


def level_words(confidence: float) -> str:
    """A level of confidence, to two digits of what it leaves out: `95 %`, `98.2 %`, `99.917 %`."""
    left_out = significant(100 * (1 - confidence), 2)
    places = len(left_out.partition(".")[2])
    return f"{decimals(100 * confidence, places)} %"


def verdict_words(verdict: str, a: str, b: str) -> str:
    """Say which of two does better, or that neither is known to."""
    match verdict:
        case "a_better":
            return f"{a} does better than {b}"
        case "b_better":
            return f"{b} does better than {a}"
        case "equivalent":
            return f"{a} and {b} are equivalent"
        case _:
            return f"{a} against {b}: undecided"


def short_verdict(verdict: str, a: str, b: str) -> str:
    """A verdict beside the names of both, as in a row of a table: `modified better`."""
    return {"a_better": f"{a} better", "b_better": f"{b} better"}.get(verdict, verdict)


def interaction_verdict(verdict: str) -> str:
    """The verdict on the interaction of two factors, as in a row of a table."""
    words = {"a_better": "better together", "b_better": "worse together"}
    return words.get(verdict, verdict)


def differences_heading(*, of_cells: bool) -> str:
    """What the table of `arms_differ` shows, of arms or of the cells of factors."""
    if of_cells:
        return "How levels differ from the baseline's, one factor at a time"
    return "How the arms differ"
