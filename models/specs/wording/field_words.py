"""The fields of a spec and their values as a person would say them."""

from collections.abc import Mapping, Sequence
from typing import Any

from models.numbers_in_words import in_full

FIELDS = {
    "among": "negatives",
    "anchors": "which question is the anchor",
    "checkpoint": "weights that are tested",
    "clip": "gradient clipped to",
    "embedding_dim": "embedding width",
    "eps": "epsilon",
    "evaluate_every": "steps between evaluations",
    "exclude_known_duplicates": "known duplicates left out of the negatives",
    "feedforward_dim": "feed-forward width",
    "given": "negatives given to a row",
    "hidden_dim": "hidden width",
    "in_batch": "negatives from the batch",
    "init": "initial weights",
    "lr": "learning rate",
    "max_size": "largest vocabulary",
    "max_tokens": "tokens read of a text",
    "mining": "negatives over the steps",
    "min_count": "fewest times a word occurs",
    "optimizer": "optimiser",
    "reduction": "rows of a batch are",
    "row": "formula",
    "rows": "words from which rows",
    "train_layers": "layers that are trained",
    "train_vectors": "token vectors are trained",
    "vectors": "token vectors",
    "weight_shrink": "shrinking of weights",
}
"""Fields that are not said as they are written."""

FORM_FIELDS = FIELDS | {
    "among": "negatives that count",
    "at": "stops, as shares of the steps",
    "baseline": "arm that the others are compared with",
    "choose_by": "setting chosen by",
    "confidence": "confidence of the verdict",
    "count": "number of seeds",
    "dataset": "data set",
    "decision": "what decides",
    "design": "which levels meet",
    "device": "where it is trained",
    "each_seed": "a choice for each seed",
    "early_stop": "early stopping",
    "effects": "effects that are judged",
    "equivalence_margin": "difference that does not matter",
    "from_step": "from this step on",
    "futility": "end where more seeds would decide nothing",
    "grid": "values of each field",
    "halving": "leave out settings that are behind",
    "heads": "attention heads",
    "held_at": "seed of what does not vary",
    "high": "highest value",
    "keep": "share of the settings that goes on",
    "list": "seeds, one by one",
    "looks": "numbers of seeds at the looks",
    "low": "lowest value",
    "max": "most seeds",
    "metric": "metric that decides",
    "min": "fewest seeds",
    "min_delta": "least improvement",
    "nesterov": "Nesterov momentum",
    "patience": "evaluations without improvement",
    "ranges": "range of each field",
    "seed": "seed of the points",
    "settings": "number of settings",
    "split": "training, validation and test rows",
    "tell_apart": "tell the sources apart",
    "threshold": "threshold of a duplicate",
    "time_limit": "time limit of a run, in seconds",
    "tuning": "tuning before the comparison",
    "until_decided": "add seeds until it is decided",
    "validation_batches": "batches of the validation losses",
    "validation_fraction": "share for validation",
    "value": "similarity",
    "vary": "what differs between seeds",
    "warmup_steps": "steps of the warm-up",
    "whole": "whole numbers only",
}
"""As `FIELDS`, where a person is asked for the value and sees nothing around it."""

VALUES = {
    "best_validation": "best validation loss",
    "cls": "first token",
    "gru": "GRU",
    "auto": "what there is",
    "cpu": "CPU",
    "cuda": "CUDA",
    "adam": "Adam",
    "adamw": "AdamW",
    "sgd": "SGD",
    "bag": "bag of words",
    "lstm": "LSTM",
    "duplicates": "duplicate pairs only",
    "last": "last step",
    "mean": "averaged",
    "not_harder_than_positive": "not harder than the positive",
    "power_of_two": "averaged over padding (power of two)",
    "semi_hard": "semi-hard",
    "sum": "added up",
    "torch": "PyTorch",
    "trax": "Trax",
    "warmup_cosine": "warm-up, then cosine",
    "warmup_rsqrt": "warm-up, then inverse square root",
    "linear": "warm-up, then linear",
}
"""Words of the language of specs that are not said as they are written."""

POOLED = {"mean": "mean over the tokens"}
SCALES = {"log": "logarithmic", "linear": "linear"}
TERM_PARTS = ("kind", "weight", "row")


def field_words(parts: Sequence[str], term_kind: str | None = None) -> str:
    """Say the field at these keys inside an arm; `term_kind` is that of the term it belongs to."""
    if parts[:2] == ["loss", "terms"]:
        term = f"term {int(parts[2]) + 1}"
        if len(parts) == 3:
            return term
        inner = " ".join(_field(part) for part in parts[3:])
        return f"{inner} of {term}" + (f" ({spaced(term_kind)})" if term_kind else "")
    *path, last = parts
    if last == "kind" or parts == ["seeds", "count"]:
        return _field(path[-1])
    owner = path[-1] if path and path[-1] != "loss" else ""
    return f"{_field(last)} ({_field(owner)})" if owner else _field(last)


def pointer_words(pointer: str) -> str:
    """Say the field at this JSON pointer inside an arm."""
    return field_words(pointer.split("/")[1:])


def term_words(term: Mapping[str, Any]) -> str:
    """Say a term of a loss whole: its weight where it is not 1, its kind or formula, its rule."""
    weight = "" if term["weight"] == 1 else f"{in_full(term['weight'])} × "
    rest = rest_of_term(term)
    return weight + (term.get("row") or spaced(term["kind"])) + (f", {rest}" if rest else "")


def rest_of_term(term: Mapping[str, Any]) -> str:
    """Say what a term was given beside its kind, weight and formula, but no rule where all
    negatives count."""
    return ", ".join(
        f"{_field(field)} {value_words(field, value)}"
        for field, value in term.items()
        if field not in TERM_PARTS and value is not None and (field, value) != ("among", "all")
    )


def value_words(field: str, value: Any) -> str:
    """Say the value of a field of this name."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return in_full(value)
    if field == "mining":
        return ", ".join(
            f"{value_words('among', stage['among'])} from step {stage['from_step']:,}"
            for stage in value
        )
    if field == "among" and value == "all":
        return "all of them"
    if isinstance(value, list):
        return ", ".join(value_words(field, one) for one in value)
    if field == "pooling":
        return POOLED.get(value, VALUES.get(value, spaced(value)))
    if field == "scale":
        return SCALES.get(value, spaced(value))
    if field in ("row", "model", "vectors"):
        return str(value)
    return VALUES.get(value, spaced(str(value)))


def spaced(name: str) -> str:
    return name.replace("_", " ")


def _field(name: str) -> str:
    return FIELDS.get(name, spaced(name))
