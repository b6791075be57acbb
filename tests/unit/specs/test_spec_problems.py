"""Every wrong field of a spec is named by its place in the document that was sent."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import Invalid
from models.specs.parse import parse_spec

from support.published import MODIFIED, PUBLISHED, VANILLA, changed
from support.strategies import specs


def problems(document: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as raised:
        parse_spec(document)
    return {problem.pointer: problem.detail for problem in raised.value.problems}


@given(specs(), st.data())
def test_an_unknown_key_anywhere_is_refused_by_its_place(
    document: dict[str, Any], data: st.DataObject
) -> None:
    places = list(_objects(document, ""))
    pointer, place = data.draw(st.sampled_from(places))
    place["hiden_dim"] = 1
    assert problems(document) == {
        f"{pointer}/hiden_dim": "unknown key; remove it or check its spelling"
    }


def test_an_unknown_key_that_is_nearly_known_is_told_which_is_meant() -> None:
    wrong = {"seed": {"count": 2}, "decison": {}, "encoder": {"kind": "lstm", "seed": 1}}
    said = problems({**PUBLISHED, **wrong})
    assert said["/seed"] == "unknown key; is 'seeds' meant?"
    assert said["/decison"] == "unknown key; is 'decision' meant?"
    assert said["/encoder/seed"] == "unknown key; remove it or check its spelling"


def _objects(value: Any, pointer: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict):
        yield pointer, value
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from _objects(item, f"{pointer}/{key}")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/name", ""),
        ("/name", "x" * 201),
        ("/name", "two\nlines"),
        ("/name", "a\x00b"),
        ("/dataset", ""),
        ("/dataset", "a\x00b"),
        ("/split/train_rows", 1),
        ("/split/test_rows", 0),
        ("/split/validation_fraction", 1),
        ("/encoder/hidden_dim", 0),
        ("/encoder/embedding_dim", 4097),
        ("/encoder/pooling", "max"),
        ("/encoder/padding", "left"),
        ("/encoder/kind", "transformer-xl"),
        ("/optimizer/lr", 0),
        ("/optimizer/lr", float("nan")),
        ("/optimizer/lr", float("inf")),
        ("/optimizer/eps", 0),
        ("/optimizer/weight_shrink", 1),
        ("/optimizer/kind", "lion"),
        ("/optimizer/schedule/kind", "polynomial"),
        ("/optimizer/schedule/warmup_steps", -1),
        ("/batch_size", 1),
        ("/batch_size", "256"),
        ("/batch_size", 256.5),
        ("/batch_size", True),
        ("/steps", 0),
        ("/evaluate_every", 0),
        ("/threshold/value", 1.5),
        ("/threshold/kind", "guessed"),
        ("/arms/0/name", "a/b"),
        ("/arms/1/loss/margin", 0),
        ("/arms/1/loss/reduction", "median"),
        ("/arms/1/loss/terms", []),
        ("/arms/1/loss/terms/0/kind", "closest"),
        ("/arms/1/loss/terms/1/among", "easy"),
        ("/arms/1/loss/terms/1/weight", 0),
        ("/arms/1/loss/terms/1/margin", -0.1),
        ("/seeds/count", 0),
        ("/seeds", {"list": [1, -1]}),
        ("/decision/metric", "train.loss"),
        ("/decision/equivalence_margin", 0),
        ("/decision/confidence", 0.5),
    ],
)
def test_a_value_out_of_range_is_refused_by_its_place(path: str, value: Any) -> None:
    pointer = "/seeds/list/1" if path == "/seeds" else path
    [(found, detail)] = problems(changed(path, value)).items()
    assert found == pointer
    assert len(detail) > 10


@pytest.mark.parametrize("path", ["/seeds", "/encoder", "/split", "/optimizer", "/arms", "/name"])
@pytest.mark.parametrize("value", [3, None])
def test_a_value_of_another_type_is_refused_by_its_place(path: str, value: Any) -> None:
    assert list(problems(changed(path, value))) == [path]


def test_what_is_required_is_named_where_it_is_missing() -> None:
    assert problems({}) == dict.fromkeys(("/dataset", "/arms"), "required, but not given")
    assert problems(changed("/arms/1", {"name": "modified"})) == {
        "/arms/1/loss": "required, but not given"
    }


def test_a_contradiction_names_the_field_to_change() -> None:
    term = {"kind": "mean_negative"}
    assert (
        "two arms are called 'vanilla'"
        in problems(changed("/arms/1/name", "vanilla"))["/arms/1/name"]
    )
    assert "vanilla, modified" in problems(changed("/decision/baseline", "x"))["/decision/baseline"]
    twice = problems(changed("/arms/1/loss/terms", [term, {**term, "margin": 0.25}]))
    assert "listed twice" in twice["/arms/1/loss/terms/1"]
    assert "listed twice" in problems(changed("/seeds", {"list": [4, 4]}))["/seeds/list"]


def test_one_arm_is_a_spec_and_leaves_nothing_to_decide() -> None:
    spec = parse_spec(changed("/arms", [VANILLA]))
    assert (spec.run_count, spec.baseline.name) == (10, "vanilla")
    alone = changed("/arms", [VANILLA]) | {"seeds": {"until_decided": {}}}
    found = problems(alone)
    assert "one arm leaves nothing to decide" in found["/seeds/until_decided"]
    assert parse_spec(changed("/seeds", {"until_decided": {}})).until_decided


def test_keys_of_another_variant_are_refused() -> None:
    bag = {"kind": "bag", "hidden_dim": 8}
    assert list(problems(changed("/encoder", bag))) == ["/encoder/hidden_dim"]
    assert list(problems(changed("/seeds", {"list": [1], "count": 1}))) == ["/seeds/count"]


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("distance_weighted", "among", "all"),
        ("selectively_contrastive", "mining", [{"from_step": 1, "among": "all"}]),
        ("multiple_negatives", "margin", 0.5),
        ("contrastive", "among", "semi_hard"),
        ("multi_similarity", "scale", 20),
        ("circle", "margin", 0.25),
        ("batch_hard_soft_margin", "margin", 0.25),
        ("mean_negative", "scale", 20),
    ],
)
def test_a_key_of_another_kind_of_term_is_unknown(kind: str, key: str, value: Any) -> None:
    found = problems(changed("/arms/1/loss/terms/1", {"kind": kind, key: value}))
    assert found == {f"/arms/1/loss/terms/1/{key}": "unknown key; remove it or check its spelling"}


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("distance_weighted", "margin", 0),
        ("selectively_contrastive", "hard_weight", 0),
        ("multiple_negatives", "scale", -20),
        ("contrastive", "positive_margin", 1.1),
        ("contrastive", "negative_margin", -1.1),
        ("multi_similarity", "alpha", 0),
        ("multi_similarity", "beta", 0),
        ("multi_similarity", "base", 2),
        ("circle", "relaxation", 1),
        ("circle", "scale", 0),
        ("batch_hard_soft_margin", "weight", 0),
    ],
)
def test_a_terms_value_out_of_range_is_refused_by_its_place(
    kind: str, key: str, value: float
) -> None:
    [pointer] = problems(changed("/arms/1/loss/terms/1", {"kind": kind, key: value}))
    assert pointer == f"/arms/1/loss/terms/1/{key}"


def test_a_variants_name_used_as_a_key_is_still_found_in_its_place() -> None:
    encoder = {"kind": "lstm", "lstm": 1, "hidden_dim": 0}
    assert set(problems(changed("/encoder", encoder))) == {"/encoder/lstm", "/encoder/hidden_dim"}


def test_an_unknown_kind_comes_with_the_kinds_that_are_known() -> None:
    detail = problems(changed("/encoder/kind", "rnn"))["/encoder/kind"]
    assert "'rnn'" in detail
    assert "'lstm'" in detail
    assert "'bag'" in detail


def test_too_few_arms_are_counted_as_they_were_sent() -> None:
    assert problems(changed("/arms", [])) == {"/arms": "needs 1 or more, has 0"}
    [wrong] = problems(changed("/arms", [VANILLA, {**MODIFIED, "name": ""}]))
    assert wrong == "/arms/1/name"
    assert list(problems(changed("/arms", [{**VANILLA, "name": ""}]))) == ["/arms/0/name"]


def test_every_problem_is_reported_at_once() -> None:
    document = {**PUBLISHED, "steps": 0, "batch_size": 1, "a/b~c": 1}
    assert set(problems(document)) == {"/steps", "/batch_size", "/a~1b~0c"}


@pytest.mark.parametrize("document", [None, 3, "spec", [], [PUBLISHED]])
def test_a_spec_must_be_an_object(document: Any) -> None:
    assert problems(document) == {"": "the spec must be a JSON object"}
