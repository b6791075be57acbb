"""Hypothesis strategies for the project's values. Documents are what a person would POST."""

from string import ascii_letters, digits
from typing import Any

from hypothesis import strategies as st

from models.specs.losses import MAX_TERMS
from models.specs.seeds import SOURCES, USUAL

Strategy = st.SearchStrategy[Any]

AMONG = ("all", "not_harder_than_positive", "semi_hard")


def maybe(**optional: Strategy) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with any of these keys, or none."""
    return st.fixed_dictionaries({}, optional=optional)


def _open_interval(low: float, high: float) -> Strategy:
    return st.floats(low, high, exclude_min=True, exclude_max=True)


def _kind(name: str, **optional: Strategy) -> Strategy:
    return st.fixed_dictionaries({"kind": st.just(name)}, optional=optional)


margins = st.floats(0.01, 2)


def stages(last: int = 1) -> Strategy:
    """Mining schedules whose stages all begin at step `last` or before."""

    def begun(steps: set[int]) -> Strategy:
        return st.tuples(
            *(
                st.fixed_dictionaries({"from_step": st.just(s), "among": st.sampled_from(AMONG)})
                for s in sorted({1, *steps})
            )
        ).map(list)

    return st.sets(st.integers(1, last), max_size=4).flatmap(begun)


_similarities = st.floats(-1, 1)
_factors = st.floats(0.001, 1000)

TERM_FIELDS: dict[str, dict[str, Strategy]] = {
    "distance_weighted": {"margin": st.none() | margins},
    "selectively_contrastive": {"margin": st.none() | margins, "hard_weight": _factors},
    "multiple_negatives": {"scale": _factors},
    "contrastive": {"positive_margin": _similarities, "negative_margin": _similarities},
    "multi_similarity": {"alpha": _factors, "beta": _factors, "base": _similarities},
    "circle": {"relaxation": st.floats(0.01, 0.99), "scale": _factors},
    "batch_hard_soft_margin": {},
}


def _with_row(term: dict[str, Any]) -> Strategy:
    """A formula that reads whatever else the term may have."""
    rows = ["relu(margin - s_ap + max(s_an))", "margin * mean(s_an) - s_ap", "min(s_an) * margin"]
    return st.sampled_from(rows).map(lambda row: {**term, "row": row})


def terms() -> Strategy:
    """Terms of every kind; a schedule has one stage, so it fits a training of any length."""
    mined = {"weight": _factors, "margin": st.none() | margins}
    rules = ({"among": st.none() | st.sampled_from(AMONG)}, {"mining": stages()})
    return st.one_of(
        *(
            _kind(kind, **mined, **rule)
            for kind in ("mean_negative", "closest_negative")
            for rule in rules
        ),
        *(_kind(kind, weight=_factors, **fields) for kind, fields in TERM_FIELDS.items()),
        *(_kind("formula", **mined, **rule).flatmap(_with_row) for rule in rules),
    )


@st.composite
def losses(draw: st.DrawFn) -> dict[str, Any]:
    """Losses whose terms differ, as a spec demands."""
    loss = draw(
        maybe(
            margin=margins,
            exclude_known_duplicates=st.booleans(),
            reduction=st.sampled_from(["sum", "mean"]),
            anchors=st.sampled_from(["first", "second", "both"]),
        )
    )

    def identity(term: dict[str, Any]) -> Any:
        if term["kind"] in TERM_FIELDS:
            return term["kind"]
        margin, rule = term.get("margin"), term.get("among") or "all"
        if "mining" in term:
            rule = tuple((stage["from_step"], stage["among"]) for stage in term["mining"])
        return (
            term["kind"],
            term.get("row"),
            rule,
            loss.get("margin", 0.25) if margin is None else margin,
        )

    unique = st.lists(terms(), min_size=1, max_size=MAX_TERMS, unique_by=identity)
    return {**loss, "terms": draw(unique)}


# no control characters: a name is one line that every database can store
_line = st.characters(exclude_categories=["Cc", "Cs"])
_first = st.sampled_from(ascii_letters + digits)
_rest = st.text(ascii_letters + digits + " _.+-", max_size=63)
arm_names = st.builds(str.__add__, _first, _rest)

_recurrent = {"embedding_dim": st.integers(1, 4096), "hidden_dim": st.integers(1, 4096)}
# any of these heads share out any of these widths, so one may override the other
_attention = {
    "embedding_dim": st.integers(1, 64).map(lambda n: 8 * n),
    "heads": st.sampled_from([1, 2, 4, 8]),
    "layers": st.integers(1, 24),
    "feedforward_dim": st.integers(1, 4096),
}

encoders = st.one_of(
    *(
        _kind(
            kind,
            padding=st.sampled_from(["masked", "power_of_two"]),
            init=st.sampled_from(["torch", "trax"]),
            max_tokens=st.none() | st.integers(1, 100_000),
            dropout=st.floats(0, 1, exclude_max=True),
            **extra,
        )
        for kind, extra in (
            ("lstm", _recurrent),
            ("gru", _recurrent),
            ("bag", {"embedding_dim": st.integers(1, 4096)}),
            ("transformer", _attention),
        )
    )
)

schedules = st.one_of(
    _kind("constant"),
    _kind("warmup_rsqrt", warmup_steps=st.integers(0, 10**6)),
    _kind("warmup_cosine", warmup_steps=st.integers(0, 10**6)),
    _kind("linear", warmup_steps=st.integers(0, 10**6)),
)

_any_optimizer: dict[str, st.SearchStrategy[Any]] = {
    "lr": _open_interval(0, 10),
    "clip": st.none() | _open_interval(0, 100),
    "schedule": schedules,
}
optimizers = st.one_of(
    maybe(**_any_optimizer),  # of whichever kind
    _kind(
        "adam",
        eps=_open_interval(0, 1),
        weight_shrink=st.floats(0, 1, exclude_max=True),
        **_any_optimizer,
    ),
    _kind("adamw", eps=_open_interval(0, 1), weight_decay=st.floats(0, 1), **_any_optimizer),
    _kind("sgd", momentum=st.floats(0.1, 0.9), nesterov=st.booleans(), **_any_optimizer),
)

early_stops = st.none() | maybe(
    metric=st.sampled_from(["validation.loss", "validation.accuracy"]),
    patience=st.integers(1, 10_000),
    min_delta=st.floats(0, 10),
)

# what a spec says for all of its arms, and an arm may say for itself
training_fields = maybe(
    tokenizer=st.sampled_from(["word", "lower"]),
    vocabulary=maybe(
        rows=st.sampled_from(["duplicates", "all"]),
        min_count=st.integers(1, 100),
        max_size=st.none() | st.integers(1, 10**6),
    ),
    encoder=encoders,
    optimizer=optimizers,
    batch_size=st.integers(2, 8192),
    negatives=maybe(given=st.integers(1, 8), in_batch=st.booleans()).map(
        lambda one: {"given": 1, **one}
    ),
    steps=st.integers(1, 10**6),
    evaluate_every=st.integers(1, 10**6),
    early_stop=early_stops,
    checkpoint=st.sampled_from(["last", "best_validation"]),
    threshold=_kind("fixed", value=st.floats(-1, 1)) | _kind("validation"),
)

fractions = _open_interval(0, 1)

splits = st.one_of(
    maybe(
        kind=st.just("in_order"),
        train_rows=st.integers(2, 10**6),
        test_rows=st.integers(1, 10**6),
        validation_fraction=fractions,
    ).map(lambda split: {"kind": "in_order", **split}),
    _kind("given", validation_fraction=fractions),
    _kind("connected_groups", test_rows=st.integers(1, 10**6), validation_fraction=fractions),
    _kind("in_order", train_share=fractions, validation_fraction=fractions),
    _kind("connected_groups", train_share=fractions, validation_fraction=fractions),
)

which_seeds = st.one_of(
    st.fixed_dictionaries({"count": st.integers(1, 1000)}),
    st.fixed_dictionaries(
        {"list": st.lists(st.integers(0, 2**31 - 1), min_size=1, max_size=20, unique=True)}
    ),
    st.fixed_dictionaries(
        {
            "until_decided": maybe(
                min=st.integers(6, 40), max=st.integers(40, 1000), futility=st.booleans()
            )
        }
    ),
)


@st.composite
def seeds(draw: st.DrawFn) -> dict[str, Any]:
    """Which seeds there are, and what they vary; some hold a source at a seed that is named."""
    chosen: dict[str, Any] = dict(draw(which_seeds))
    if draw(st.booleans()):
        vary = st.lists(st.sampled_from(SOURCES), min_size=1, max_size=3, unique=True)
        chosen["vary"] = draw(vary)
        if not set(USUAL) <= set(chosen["vary"]) and draw(st.booleans()):
            chosen["held_at"] = draw(st.integers(0, 2**31 - 1))
    return chosen


@st.composite
def specs(draw: st.DrawFn) -> dict[str, Any]:
    """Whole spec documents that are accepted; each part is there or left to its default."""
    names = draw(st.lists(arm_names, min_size=2, max_size=4, unique=True))
    spec = draw(
        maybe(
            name=st.text(_line, min_size=1, max_size=200),
            split=splits,
            device=st.sampled_from(["auto", "cpu", "cuda"]),
            time_limit=st.none() | st.floats(0.001, 1000),
            seeds=seeds(),
            decision=maybe(
                baseline=st.sampled_from(names),
                equivalence_margin=st.floats(0.0001, 1),
                confidence=_open_interval(0.5, 1),
            ),
        )
    )
    spec |= draw(training_fields)
    overrides: st.SearchStrategy[dict[str, Any]] = st.just({}) | training_fields
    arms = [{"name": name, "loss": draw(losses()), **draw(overrides)} for name in names]
    return {**spec, "dataset": draw(st.text(_line, min_size=1, max_size=100)), "arms": arms}
