"""Formulas for tests: the built-in terms in other words, and random ones that are accepted."""

from functools import cache
from typing import Any

from hypothesis import strategies as st

from models.specs.formula.language import COMPARISONS, ELEMENTWISE, Kind

Text = st.SearchStrategy[str]

COURSE_PENALTY = "max(where(s_an > s_ap, s_an - 2, s_an))"

SAME_BITS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    **{
        f"mean among {among}": (
            {"kind": "mean_negative", "among": among},
            {"row": "relu(margin - s_ap + mean(s_an))", "among": among},
        )
        for among in ("all", "not_harder_than_positive", "semi_hard")
    },
    **{
        f"closest among {among}": (
            {"kind": "closest_negative", "among": among},
            {"row": "relu(margin - s_ap + max(s_an))", "among": among},
        )
        for among in ("all", "semi_hard")
    },
    "closest under the course's mask": (
        {"kind": "closest_negative", "among": "not_harder_than_positive"},
        {"row": f"relu(margin - s_ap + {COURSE_PENALTY})"},
    ),
    "selectively contrastive": (
        {"kind": "selectively_contrastive", "hard_weight": 3.0},
        {
            "row": "where(max(s_an) > s_ap, margin + 3 * (max(s_an) - detach(s_ap)), "
            "relu(margin - s_ap + max(s_an)))"
        },
    ),
    "multiple negatives": (
        {"kind": "multiple_negatives", "scale": 20.0},
        {"row": "cross_entropy(20 * s_ap, 20 * s_an)"},
    ),
    "multiple negatives at another scale": (
        {"kind": "multiple_negatives", "scale": 5.0},
        {"row": "cross_entropy(5 * s_ap, 5 * s_an)"},
    ),
}
"""A term that is computed here, and the formula that gives its bits."""

_WEIGHT = "exp(-3 * log(max(2 - 2 * s_an, 0.25)) - 2.5 * log(1 - max(2 - 2 * s_an, 0.25) / 4))"
_DRAWN = f"detach(where(2 - 2 * s_an < 1.96, {_WEIGHT}, 0))"

NEARLY: dict[str, tuple[dict[str, Any], str]] = {
    "distance weighted, expected, in 8 dimensions": (
        {"kind": "distance_weighted"},
        f"sum({_DRAWN} * relu(margin - s_ap + s_an)) / max(sum({_DRAWN}), 0.000001)",
    ),
    "contrastive": (
        {"kind": "contrastive", "positive_margin": 0.9, "negative_margin": 0.5},
        "relu(0.9 - s_ap) + sum(relu(s_an - 0.5)) / max(count(s_an > 0.5), 1)",
    ),
    "multi similarity": (
        {"kind": "multi_similarity", "alpha": 2.0, "beta": 10.0, "base": 0.5},
        "log(1 + exp(-2 * (s_ap - 0.5))) / 2 + log(1 + sum(exp(10 * (s_an - 0.5)))) / 10",
    ),
    "circle": (
        {"kind": "circle", "relaxation": 0.25, "scale": 8.0},
        "softplus(logsumexp(8 * detach(relu(s_an + 0.25)) * (s_an - 0.25)) "
        "- 8 * detach(relu(1.25 - s_ap)) * (s_ap - 0.75))",
    ),
    "batch hard soft margin": (
        {"kind": "batch_hard_soft_margin"},
        "softplus(max(s_an) - s_ap)",
    ),
}
"""A term that a library computes, or that draws, and a formula that gives its value."""

_numbers = st.sampled_from(["0", "0.5", "1", "2", "20", "margin", "batch_size", "step"])


@cache
def formulas(kind: Kind = Kind.ROW, depth: int = 4) -> Text:
    """Formulas of a kind, of every function, that are accepted wherever one of it may stand."""
    leaves = {Kind.NUMBER: _numbers, Kind.ROW: st.just("s_ap"), Kind.MATRIX: st.just("s_an")}
    if depth == 0:
        return leaves[kind]
    inner = {one: formulas(one, depth - 1) for one in Kind}
    narrower = st.one_of(*(inner[one] for one in Kind if one <= kind))
    pairs = st.tuples(inner[kind], narrower) | st.tuples(narrower, inner[kind])
    made = [
        leaves[kind],
        st.builds("({0[0]} {1} {0[1]})".format, pairs, st.sampled_from("+-*/")),
        st.builds("({} ^ {})".format, inner[kind], st.sampled_from(["2", "3", "0.5", "-1"])),
        st.builds("-{}".format, inner[kind]),
        st.builds("{}({})".format, st.sampled_from([*ELEMENTWISE, "detach"]), inner[kind]),
        st.builds("{1}({0[0]}, {0[1]})".format, pairs, st.sampled_from(["min", "max"])),
        st.builds("where({}, {}, {})".format, _truths(narrower), inner[kind], narrower),
    ]
    if kind is Kind.ROW:
        over = ["max", "min", "mean", "sum", "logsumexp", "logmeanexp", "count"]
        matrix = inner[Kind.MATRIX]
        made += [
            st.builds("{}({})".format, st.sampled_from(over), matrix),
            st.builds("topk({}, {})".format, matrix, st.integers(1, 4)),
            st.builds("cross_entropy({}, {})".format, inner[Kind.ROW], matrix),
        ]
    if kind is Kind.MATRIX:
        made.append(st.builds("rank({})".format, inner[Kind.MATRIX]))
    return st.one_of(*made)


def _truths(of: Text) -> Text:
    compared = st.builds("{} {} {}".format, of, st.sampled_from(COMPARISONS[:4]), of)
    return compared | st.builds("not ({}) or {}".format, compared, compared)


def accepted(text: str) -> str:
    """A formula like this one through which a gradient goes."""
    return f"{text} + 0.5 * s_ap"
