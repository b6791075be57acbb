"""What each word means that a field of a spec can have: for the form and the OpenAPI document."""

from collections.abc import Mapping

MEANINGS: Mapping[str, Mapping[str, str]] = {
    "among": {
        "all": "every negative counts",
        "not_harder_than_positive": "the course's mask: no negative with s_an > s_ap counts",
        "semi_hard": "not harder than the positive, and within the margin of it",
    },
    "anchors": {
        "first": "the first question of each pair",
        "second": "the second question of each pair",
        "both": "the two directions are averaged",
    },
    "checkpoint": {
        "last": "those of the last step",
        "best_validation": "those of the evaluation with the lowest validation.loss (the arm's "
        "own; the earliest of equal ones)",
    },
    "design": {
        "full": "every level with every level of the others",
        "one_at_a_time": "every level with the first of the others, which is cheaper and shows no "
        "interaction",
    },
    "device": {
        "auto": "a CUDA device where the worker has one, else the processor",
        "cpu": "the processor",
        "cuda": "a CUDA device, and the run waits for a worker that has one",
    },
    "effects": {
        "main": "each level against the first of its factor",
        "with_interactions": "also every two levels of two factors",
    },
    "init": {
        "torch": "as PyTorch draws them by default",
        "trax": "as Trax does, which the course used",
    },
    "padding": {
        "masked": "padding is ignored, so a question's vector does not depend on its batch, beyond "
        "the rounding of float32 (below 1e-6; with a bag of words not at all)",
        "power_of_two": "as in the course, both sides are padded to the longest question of the "
        "batch rounded up to a power of two, and the network reads and averages the padding too",
    },
    "pooling": {
        "mean": "the mean over the tokens",
        "cls": "the output of the first token",
    },
    "reduction": {
        "sum": "the loss of a batch is the sum over its rows",
        "mean": "the loss of a batch is the mean over its rows",
    },
    "rows": {
        "duplicates": "the words of the training rows' duplicate pairs (validation included), as "
        "in the course",
        "all": "those of the other training rows too, which given negatives may be in",
    },
    "scale": {
        "log": "even in the logarithm of the value, as suits a learning rate",
        "linear": "even in the value",
    },
    "tokenizer": {
        "word": "words and punctuation, case kept",
        "lower": "words and punctuation in lower case",
        "characters": "each character but white space, for scripts without spaces between words",
    },
    "vary": {
        "initial_weights": "the weights before the first step",
        "batch_order": "the order of the batches, and the negatives that a term draws, and dropout",
        "training_rows": "each seed trains on the pairs of half of the duplicate groups, drawn for "
        "it (without, all training rows train)",
    },
}
"""Field -> word -> its meaning, as the rest of a sentence."""
