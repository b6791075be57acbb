"""The spec: defaults as promised, frozen, and the same back and forth."""

import json
from typing import Any

import pytest
from hypothesis import given
from pydantic import ValidationError

from models.specs.parse import parse_spec
from models.specs.splits import InOrderSplit
from models.specs.terms import MeanNegative
from models.specs.training import LstmEncoder, WarmupRsqrt

from support.published import MINIMAL, PUBLISHED, VANILLA, changed
from support.strategies import specs


def test_what_is_left_out_takes_the_published_figures() -> None:
    short = {**MINIMAL, "name": PUBLISHED["name"], "split": PUBLISHED["split"]}
    assert parse_spec(short) == parse_spec(PUBLISHED)


def test_the_loss_has_the_published_defaults() -> None:
    bare = {"name": "bare", "loss": {"terms": [{"kind": "mean_negative"}]}}
    loss = parse_spec({**MINIMAL, "arms": [bare, VANILLA]}).arm("bare").loss
    assert (loss.margin, loss.reduction, loss.anchors) == (0.25, "sum", "first")
    [term] = loss.terms
    assert isinstance(term, MeanNegative)
    assert (term.among, term.weight, term.margin) == ("all", 1.0, None)


def test_a_part_without_its_kind_is_of_the_default_kind() -> None:
    spec = parse_spec(
        {
            **MINIMAL,
            "split": {"train_rows": 500},
            "encoder": {"hidden_dim": 32},
            "optimizer": {"schedule": {"warmup_steps": 7}},
        }
    )
    assert isinstance(spec.split, InOrderSplit)
    assert isinstance(spec.encoder, LstmEncoder)
    assert (spec.split.kind, spec.split.train_rows) == ("in_order", 500)
    assert (spec.encoder.kind, spec.encoder.hidden_dim) == ("lstm", 32)
    schedule = spec.optimizer.schedule
    assert isinstance(schedule, WarmupRsqrt)
    assert (schedule.kind, schedule.warmup_steps) == ("warmup_rsqrt", 7)


def test_everything_of_the_published_spec_is_kept() -> None:
    def contains(whole: Any, part: Any) -> bool:
        if isinstance(part, dict):
            return all(key in whole and contains(whole[key], part[key]) for key in part)
        if isinstance(part, list):
            return len(whole) == len(part) and all(map(contains, whole, part))
        return bool(whole == part)

    assert contains(parse_spec(PUBLISHED).model_dump(mode="json"), PUBLISHED)


@given(specs())
def test_a_stored_spec_posted_back_is_the_same_spec(document: dict[str, Any]) -> None:
    spec = parse_spec(document)
    stored = json.loads(json.dumps(spec.model_dump(mode="json")))
    assert parse_spec(stored) == spec
    assert parse_spec(stored).model_dump(mode="json") == stored


@given(specs())
def test_a_spec_has_a_run_for_each_arm_and_seed(document: dict[str, Any]) -> None:
    spec = parse_spec(document)
    assert spec.run_count == len(spec.arms) * len(spec.seeds.values())
    assert len(set(spec.seeds.values())) == len(spec.seeds.values())
    assert spec.baseline.name == document.get("decision", {}).get(
        "baseline", document["arms"][0]["name"]
    )


def test_a_spec_is_frozen() -> None:
    spec = parse_spec(PUBLISHED)
    with pytest.raises(ValidationError, match="frozen"):
        spec.steps = 3  # type: ignore[misc]


def test_the_collapsed_loss_per_row_is_the_sum_of_weighted_margins() -> None:
    loss = parse_spec(PUBLISHED).arm("vanilla").loss
    assert loss.collapsed_loss_per_row == 0.5
    weighted = changed(
        "/arms/0/loss/terms",
        [{"kind": "mean_negative", "weight": 3}, {"kind": "closest_negative", "margin": 0.5}],
    )
    assert parse_spec(weighted).arm("vanilla").loss.collapsed_loss_per_row == 1.25
    drawn = [{"kind": "distance_weighted"}, {"kind": "selectively_contrastive", "weight": 2}]
    own = parse_spec(changed("/arms/0/loss/terms", drawn)).arm("vanilla").loss
    assert own.collapsed_loss_per_row == 0.75


@pytest.mark.parametrize(
    "kind", ["multiple_negatives", "contrastive", "multi_similarity", "circle"]
)
def test_a_loss_with_another_term_has_no_one_collapsed_value(kind: str) -> None:
    terms = [{"kind": "mean_negative"}, {"kind": kind}]
    loss = parse_spec(changed("/arms/0/loss/terms", terms)).arm("vanilla").loss
    assert loss.collapsed_loss_per_row is None
