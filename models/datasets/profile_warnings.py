"""What in the profile of a data set will surprise whoever trains on it, in sentences."""

from typing import Protocol

from models.datasets.shapes import Shape

LONG = 8
"""So many times as long as 99 of 100 questions, a question is a burden for its batch."""
FEW_TOKENS = 3.0
"""Tokens a question on average, below which words may not have been found."""
MANY_WORDS = 0.5
"""Words for each distinct text, from which on a word is seldom seen twice."""
FEWEST_TEXTS = 100
"""With fewer texts, words are seldom seen twice in any language."""


class Profiled(Protocol):
    """The counts that are looked at, in rows, tokens and texts (see `Profile`)."""

    @property
    def rows(self) -> int: ...
    @property
    def duplicates(self) -> int: ...
    @property
    def empty_texts(self) -> int: ...
    @property
    def distinct_texts(self) -> int: ...
    @property
    def token_length_mean(self) -> float: ...
    @property
    def token_length_p99(self) -> float: ...
    @property
    def token_length_max(self) -> int: ...
    @property
    def vocabulary_size(self) -> int: ...


def profile_warnings(profiled: Profiled, shape: Shape = "labelled_pairs") -> list[str]:
    """The sentences; none where nothing is unusual. `shape` is that of the rows of its file."""
    warnings = [*_one_label(profiled, shape), *_empty(profiled)]
    longest, usual = profiled.token_length_max, max(profiled.token_length_p99, 1.0)
    if longest > LONG * usual:
        warnings.append(
            f"The longest question has {longest:,} tokens, and 99 of 100 have at most "
            f"{usual:,.0f}: a batch takes as long, and as much memory, as its longest question "
            "does, so a few such questions slow all training down. Cut them in the spec, with "
            f"`encoder.max_tokens` {usual:,.0f} or so, or shorten them and upload again."
        )
    words = profiled.vocabulary_size / max(profiled.distinct_texts, 1)
    if (
        profiled.distinct_texts >= FEWEST_TEXTS
        and profiled.token_length_mean < FEW_TOKENS
        and words >= MANY_WORDS
    ):
        warnings.append(
            f"A question has {profiled.token_length_mean:.1f} tokens on average, and hardly any "
            "occurs twice. Words are told apart by spaces and punctuation; texts without them are "
            "one word each, of which nothing can be learned. Set `tokenizer` to characters in the "
            "spec, or put spaces between words and upload again."
        )
    return warnings


def _one_label(profiled: Profiled, shape: Shape) -> list[str]:
    if 0 < profiled.duplicates < profiled.rows:
        return []
    label = int(profiled.duplicates > 0)
    if shape == "positive_pairs":
        return [
            "Every pair belongs together, and trains with the other pairs of its batch as "
            "negatives. No label can be tested, so accuracy and ROC-AUC say nothing here: decide "
            "by a metric that needs none, such as validation.baseline_loss."
        ]
    if shape == "scored_pairs":
        side = "reaches" if label else "is below"
        return [
            f"The score of every pair {side} `duplicate_from`, so "
            + ("there is nothing to tell duplicates from" if label else "there is none to train on")
            + ": upload again with another."
        ]
    lacks = "nothing to tell duplicates from" if label else "no duplicates to train on"
    return [f"Every row has the label {label}, so there is {lacks}: add rows of the other label."]


def _empty(profiled: Profiled) -> list[str]:
    if profiled.empty_texts == 0:
        return []
    one = profiled.empty_texts == 1
    texts = "1 text is" if one else f"{profiled.empty_texts:,} texts are"
    return [
        f"{texts} empty or only white space, which asks nothing. Such texts join no questions: in "
        "duplicate groups each counts as a question of its own. But there is nothing in them to "
        "learn, or to test with. Leave these rows out and upload again."
    ]
