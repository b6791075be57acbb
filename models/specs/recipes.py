"""Named specs that come with the service, and how a body that names one becomes a whole spec."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.errors import Invalid, Problem
from models.specs.experiment import FACTORIAL
from models.specs.merging import merge
from models.specs.seeds import SOURCES, WHAT_A_SEED_VARIES
from models.specs.splits import ROWS


@dataclass(frozen=True)
class Recipe:
    name: str
    about: str
    spec: Mapping[str, Any]


def _loss(*terms: Mapping[str, Any]) -> dict[str, Any]:
    return {"margin": 0.25, "reduction": "sum", "terms": list(terms)}


def _course_loss(second: Mapping[str, Any]) -> dict[str, Any]:
    """The course's first term, with another one in place of its second."""
    return _loss({"kind": "mean_negative"}, second)


def _closest(among: str) -> dict[str, Any]:
    return {"kind": "closest_negative", "among": among}


def _formula(row: str) -> dict[str, Any]:
    return {"kind": "formula", "row": row}


_HINGE = "relu(margin - s_ap"
_THREE, _RAMP = "topk(s_an, 3)", "min(step / 200, 1)"

_VANILLA = _course_loss(_closest("not_harder_than_positive"))
_GRU, _TRANSFORMER, _BAG = (
    {"kind": kind, "embedding_dim": 64, "init": "trax"} for kind in ("gru", "transformer", "bag")
)

_CLOSEST = _course_loss(_closest("all"))
_ARMS = [{"name": "vanilla", "loss": _VANILLA}, {"name": "modified", "loss": _CLOSEST}]

_SEMI_HARD_FIRST = {
    "kind": "closest_negative",
    "mining": [{"from_step": 1, "among": "semi_hard"}, {"from_step": 401, "among": "all"}],
}

_MINING_ARMS = [
    *_ARMS,
    {"name": "semi-hard first", "loss": _course_loss(_SEMI_HARD_FIRST)},
    {"name": "distance weighted", "loss": _course_loss({"kind": "distance_weighted"})},
    {"name": "selectively contrastive", "loss": _course_loss({"kind": "selectively_contrastive"})},
    {"name": "multiple negatives", "loss": _loss({"kind": "multiple_negatives"})},
]

# the sizes of the course, of which there has to be that much
_ON_QUORA = {
    "dataset": "quora-question-pairs",
    "split": {"kind": "in_order", "train_rows": 300_000, "test_rows": 10_240},
}

# small enough to watch, and available without an upload
_ON_GENERATED: dict[str, Any] = {
    "dataset": "questions-generated",
    "split": {"kind": "in_order", "train_rows": 20_000, "test_rows": 4_000},
    "encoder": {"kind": "lstm", "embedding_dim": 64, "hidden_dim": 64, "init": "trax"},
    "optimizer": {"schedule": {"kind": "warmup_rsqrt", "warmup_steps": 100}},
    "batch_size": 128,
    "steps": 300,
    "evaluate_every": 25,
    "validation_batches": 4,
    "validation_pairs": 1024,
    "seeds": {"count": 6},
}

_MASK = {
    "name": "mask",
    "levels": [
        {"name": "left out", "loss": _VANILLA},
        {"name": "kept", "loss": _CLOSEST},
    ],
}


def _rates(*rates: float) -> dict[str, Any]:
    levels = [{"name": f"{rate}", "optimizer": {"lr": rate}} for rate in rates]
    return {"name": "rate", "levels": levels}


_QUESTION = "Does leaving out harder negatives help?"

RECIPES: Mapping[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            "hard-negative-mining",
            "The forum's question on the Quora pairs, with padding masked: is a negative that is "
            "more similar to the anchor than the positive better left out?",
            {
                "name": _QUESTION,
                **_ON_QUORA,
                "encoder": {"kind": "lstm", "init": "trax"},
                "arms": _ARMS,
            },
        ),
        Recipe(
            "hard-negative-mining-tuned",
            "The forum's question with both arms tuned alike: learning rate and margin are chosen "
            "for each on validation, then twelve fresh seeds are trained. The threshold is chosen "
            "on validation too, since a margin moves the similarities.",
            {
                "name": f"{_QUESTION} Each at its best setting",
                **_ON_QUORA,
                "encoder": {"kind": "lstm", "init": "trax"},
                "threshold": {"kind": "validation"},
                "arms": _ARMS,
                "tuning": {
                    "grid": {
                        "/optimizer/lr": [0.001, 0.003, 0.01, 0.03],
                        "/loss/margin": [0.1, 0.25, 0.5],
                    },
                    "seeds": 2,
                    "choose_by": "validation.roc_auc",
                },
                "seeds": {"count": 12},
            },
        ),
        Recipe(
            "course-notebook",
            "The same question, faithful to the course notebook in every switch: initial weights "
            "of Trax, and padding to a power of two that is averaged over.",
            {
                "name": f"{_QUESTION} As in the course",
                **_ON_QUORA,
                "encoder": {"kind": "lstm", "init": "trax", "padding": "power_of_two"},
                "arms": _ARMS,
            },
        ),
        Recipe(
            "mining-rules",
            "Six answers to the forum's question on the Quora pairs: the course's rule against the "
            "hardest negative, semi-hard until the end of the warm-up and all from then on, "
            "distance weighted sampling, selectively contrastive, and cross-entropy over the row.",
            {
                "name": "Which negatives should a triplet loss use?",
                **_ON_QUORA,
                "encoder": {"kind": "lstm", "init": "trax"},
                "arms": _MINING_ARMS,
            },
        ),
        Recipe(
            "labelled-negatives",
            "Do pairs that people call no duplicates help as negatives? On the Quora pairs, where "
            "an anchor that has such a question is given one of them, beside those of its batch.",
            {
                "name": "Do labelled non-duplicates help as negatives?",
                **_ON_QUORA,
                "encoder": {"kind": "lstm", "init": "trax"},
                "vocabulary": {"rows": "all"},  # else their own words would be unknown, a shortcut
                "threshold": {"kind": "validation"},  # a loss moves the similarities
                "arms": [
                    {"name": "in batch", "loss": _CLOSEST},
                    {"name": "given too", "loss": _CLOSEST, "negatives": {"given": 1}},
                ],
            },
        ),
        Recipe(
            "hard-negative-mining-small",
            "The forum's question on generated questions, small enough to watch: a minute on two "
            "cores, with a network that averages word vectors.",
            {
                **_ON_GENERATED,
                "name": f"{_QUESTION} A small try",
                "encoder": {"kind": "bag", "embedding_dim": 64},
                "optimizer": {**_ON_GENERATED["optimizer"], "lr": 0.03},
                "arms": _ARMS,
                "seeds": {"count": 8},
            },
        ),
        Recipe(
            "noise-floor",
            "One arm, the course's loss, under twelve seeds on generated questions: how far apart "
            "two runs lie that differ in the seed alone, which any difference has to rise above.",
            {
                **_ON_GENERATED,
                "name": "How far apart are two runs that differ in the seed alone?",
                "arms": [_ARMS[0]],
                "seeds": {"count": 12},
            },
        ),
        Recipe(
            "sources-of-variation",
            "What makes two runs differ: the noise of one arm told apart into initial weights, "
            "order of batches and training rows, on generated questions. Each is drawn anew alone "
            "under twelve seeds, 48 runs.",
            {
                **_ON_GENERATED,
                "name": "What makes two runs differ: weights, order or training rows?",
                "arms": [_ARMS[0]],
                "seeds": {"count": 12, "vary": list(SOURCES), "tell_apart": True},
            },
        ),
        Recipe(
            "learning-rates",
            "Hyper-parameters as arms: the course's loss under three learning rates, each tested "
            "at its lowest validation loss, on generated questions.",
            {
                **_ON_GENERATED,
                "name": "Does the learning rate matter?",
                "checkpoint": "best_validation",
                "arms": [
                    {"name": f"lr {lr}", "loss": _VANILLA, "optimizer": {"lr": lr}}
                    for lr in (0.01, 0.003, 0.03)
                ],
            },
        ),
        Recipe(
            "own-formula",
            "A loss in your own words, as a formula: a soft maximum of the negatives in the place "
            "of the closest one, on generated questions. Change the formula and ask again.",
            {
                **_ON_GENERATED,
                "name": "Is a soft maximum better than the closest negative?",
                "threshold": {"kind": "validation"},  # a loss moves the similarities
                "arms": [
                    {"name": "closest", "loss": _loss(_formula(f"{_HINGE} + max(s_an))"))},
                    {
                        "name": "soft maximum",
                        "loss": _loss(_formula(f"{_HINGE} + logmeanexp(20 * s_an) / 20)")),
                    },
                ],
            },
        ),
        Recipe(
            "own-formula-ramp",
            "A formula that reads the step: from the mean of the negatives to the three closest "
            "over 200 steps, against either from the start, on generated questions.",
            {
                **_ON_GENERATED,
                "name": "Is it better to begin with easy negatives?",
                "threshold": {"kind": "validation"},  # a loss moves the similarities
                "arms": [
                    {"name": "closest three", "loss": _loss(_formula(f"{_HINGE} + {_THREE})"))},
                    {"name": "mean", "loss": _loss(_formula(f"{_HINGE} + mean(s_an))"))},
                    {
                        "name": "mean to closest three",
                        "loss": _loss(
                            _formula(f"{_HINGE} + {_RAMP} * {_THREE} + (1 - {_RAMP}) * mean(s_an))")
                        ),
                    },
                ],
            },
        ),
        Recipe(
            "encoders",
            "Networks as arms: LSTM, GRU, transformer and bag of words under the course's loss, "
            "until their validation loss no longer falls, on generated questions.",
            {
                **_ON_GENERATED,
                "name": "Does the network matter?",
                "checkpoint": "best_validation",
                "early_stop": {"patience": 4},
                "arms": [
                    {"name": "lstm", "loss": _VANILLA},
                    {"name": "gru", "loss": _VANILLA, "encoder": {**_GRU, "hidden_dim": 64}},
                    {"name": "transformer", "loss": _VANILLA, "encoder": _TRANSFORMER},
                    {"name": "bag", "loss": _VANILLA, "encoder": _BAG},
                ],
            },
        ),
        Recipe(
            "pretrained",
            "Fine-tuning a pretrained encoder, on generated questions: the course's loss or a "
            "cross-entropy over the row? It starts from a model that you upload first, under the "
            "name minilm or that of encoder.model.",
            {
                **_ON_GENERATED,
                "name": "Which loss should train a pretrained encoder?",
                "encoder": {"kind": "pretrained", "model": "minilm", "max_tokens": 64},
                "optimizer": {
                    "kind": "adamw",
                    "lr": 2e-5,
                    "schedule": {"kind": "linear", "warmup_steps": 10},
                },
                "batch_size": 32,
                "steps": 100,
                "split": {"kind": "in_order", "train_rows": 20_000, "test_rows": 2_000},
                "validation_pairs": 512,
                "threshold": {"kind": "validation"},  # a loss moves the similarities
                "arms": [
                    {"name": "course", "loss": _VANILLA},
                    {"name": "multiple negatives", "loss": _loss({"kind": "multiple_negatives"})},
                ],
            },
        ),
        Recipe(
            "what-matters-most",
            "Factors: the forum's question under both initial weights and three learning rates, "
            "on the Quora pairs. What matters most, and does one choice depend on another? Twelve "
            "cells under twelve seeds, 144 runs.",
            {
                "name": "What matters most: negatives, initial weights or learning rate?",
                **_ON_QUORA,
                "encoder": {"kind": "lstm"},
                "factors": [
                    _MASK,
                    {
                        "name": "init",
                        "levels": [
                            {"name": init, "encoder": {"init": init}} for init in ("trax", "torch")
                        ],
                    },
                    _rates(0.01, 0.003, 0.03),
                ],
                "effects": "with_interactions",
                "seeds": {"count": 12},
            },
        ),
        Recipe(
            "what-matters-most-small",
            "Factors on generated questions, small enough to watch: the forum's question at two "
            "learning rates, and whether the answer depends on the rate. Ten minutes on two cores.",
            {
                **_ON_GENERATED,
                "name": "Does leaving out harder negatives help at each learning rate?",
                "factors": [_MASK, _rates(0.01, 0.03)],
                "effects": "with_interactions",
                "seeds": {"count": 8},
            },
        ),
    )
}


def expand_recipe(document: Any) -> Any:
    """Merge a body such as `{"recipe": "course-notebook", "steps": 700}` over its recipe.

    Merging follows RFC 7396 (objects are merged, anything else replaces), except that an object
    whose `kind` differs, and `seeds`, replace the recipe's: their keys do not fit together. What a
    seed varies stays that of the recipe, unless it is named. Arms replace the factors of a recipe,
    and factors its arms.
    Raises `Invalid` for a recipe that is not known.
    """
    if not isinstance(document, dict) or "recipe" not in document:
        return document
    name = document["recipe"]
    if not isinstance(name, str) or name not in RECIPES:
        known = ", ".join(RECIPES)
        raise Invalid([Problem("/recipe", f"no recipe has this name; the recipes are {known}")])
    changes = {key: value for key, value in document.items() if key != "recipe"}
    return merged_over(RECIPES[name].spec, changes)


def merged_over(spec: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The changes merged over a spec, as over a recipe."""
    return {**merge(_without_rivals(spec, changes), changes), **_seeds(spec, changes)}


def _without_rivals(spec: Mapping[str, Any], changes: Mapping[str, Any]) -> Mapping[str, Any]:
    """The recipe without its arms where there are factors in `changes`, and the other way round;
    and without its numbers of rows where these give a share."""
    rivals: frozenset[str] = frozenset()
    if changes.get("factors") is not None:
        rivals = frozenset({"arms"})
    elif changes.get("arms") is not None:
        rivals = FACTORIAL
    kept = {key: value for key, value in spec.items() if key not in rivals}
    split = changes.get("split")
    if "split" in kept and isinstance(split, Mapping) and split.get("train_share") is not None:
        kept["split"] = {k: part for k, part in kept["split"].items() if k not in ROWS}
    return kept


def _seeds(spec: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The seeds of the changes, where they name any; they vary what those of the recipe do."""
    seeds = changes.get("seeds")
    if not isinstance(seeds, Mapping):
        return {} if seeds is None else {"seeds": seeds}
    known = spec.get("seeds")
    own = known if isinstance(known, Mapping) else {}  # of a spec that was not parsed yet
    means = {k: part for k, part in own.items() if k in WHAT_A_SEED_VARIES}
    named = {k: part for k, part in seeds.items() if k in WHAT_A_SEED_VARIES}
    others = {k: part for k, part in seeds.items() if k not in WHAT_A_SEED_VARIES}
    if not others:
        others = {k: part for k, part in own.items() if k not in means}
    return {"seeds": {**others, **merge(means, named)}}
