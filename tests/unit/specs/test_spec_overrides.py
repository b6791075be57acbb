"""Arms that override training fields: what each trains with, and how its mistakes are named."""

from typing import Any

import pytest
from hypothesis import given, settings

from models.errors import Invalid
from models.specs.default_kinds import with_default_kinds
from models.specs.experiment import MAX_ARMS, OVERRIDABLE, ExperimentSpec
from models.specs.merging import merge
from models.specs.parse import parse_spec
from models.specs.training import GruEncoder, LstmEncoder

from support.expect import expect
from support.published import MODIFIED, PUBLISHED, VANILLA
from support.strategies import specs


def with_override(changes: dict[str, Any], **of_the_spec: Any) -> dict[str, Any]:
    """The published spec with `changes` in its second arm."""
    return {**PUBLISHED, "arms": [VANILLA, {**MODIFIED, **changes}], **of_the_spec}


def problems(document: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as raised:
        parse_spec(document)
    return {problem.pointer: problem.detail for problem in raised.value.problems}


def test_an_arm_changes_only_what_it_says() -> None:
    spec = parse_spec(with_override({"optimizer": {"lr": 0.5}, "batch_size": 8}))
    own = spec.for_arm("modified")
    assert own.optimizer == spec.optimizer.model_copy(update={"lr": 0.5})
    assert own.batch_size == 8
    unchanged = OVERRIDABLE - {"optimizer", "batch_size"}
    assert all(getattr(own, field) == getattr(spec, field) for field in unchanged)
    vanilla = spec.for_arm("vanilla")
    assert all(getattr(vanilla, field) == getattr(spec, field) for field in OVERRIDABLE)


@settings(max_examples=50)
@given(specs())
def test_an_arm_trains_as_a_spec_with_its_overrides_written_in(document: dict[str, Any]) -> None:
    spec = parse_spec(document)
    stored = parse_spec(spec.model_dump(mode="json"))
    plain = [{"name": arm["name"], "loss": arm["loss"]} for arm in document["arms"]]
    for arm in document["arms"]:
        said = {field: arm[field] for field in OVERRIDABLE & arm.keys()}
        own_parts = with_default_kinds(document)  # one that names none is of its default kind
        by_hand = {field: merge(own_parts.get(field), value) for field, value in said.items()}
        alone = parse_spec({**document, **by_hand, "arms": plain})
        own = spec.for_arm(arm["name"])
        assert own == stored.for_arm(arm["name"])
        for field in OVERRIDABLE:
            assert getattr(own, field) == getattr(alone, field)
        assert own.arm(arm["name"]).loss == alone.arm(arm["name"]).loss


def test_the_stored_spec_says_the_part_whole_and_leaves_other_arms_as_they_are() -> None:
    spec = parse_spec(with_override({"encoder": {"hidden_dim": 3}}))
    vanilla, modified = spec.model_dump(mode="json")["arms"]
    assert vanilla.keys() == {"name", "loss"}
    assert modified.keys() == {"name", "loss", "encoder"}
    usual = LstmEncoder(kind="lstm").model_dump()  # with fields that came after the example
    assert modified["encoder"] == {**usual, **PUBLISHED["encoder"], "hidden_dim": 3}


def test_another_kind_replaces_the_specs_part() -> None:
    encoder = {"kind": "lstm", "embedding_dim": 5, "hidden_dim": 7}
    spec = parse_spec(with_override({"encoder": {"kind": "gru"}}, encoder=encoder))
    own = spec.for_arm("modified").encoder
    assert (own.kind, expect(GruEncoder, own).embedding_dim) == ("gru", 128)


def test_a_part_without_its_kind_is_of_the_specs_kind() -> None:
    gru = {"kind": "gru", "hidden_dim": 7}
    spec = parse_spec(with_override({"encoder": {"embedding_dim": 9}}, encoder=gru))
    own = spec.for_arm("modified").encoder
    assert (own.kind, expect(GruEncoder, own).embedding_dim) == ("gru", 9)
    without = {name: part for name, part in PUBLISHED.items() if name != "encoder"}
    arms = with_override({"encoder": {"hidden_dim": 9}})["arms"]
    assert parse_spec({**without, "arms": arms}).for_arm("modified").encoder.kind == "lstm"


def test_an_arm_may_switch_early_stopping_off() -> None:
    stop = {"patience": 3}
    off = parse_spec(with_override({"early_stop": None}, early_stop=stop))
    assert off.for_arm("modified").early_stop is None
    assert off.for_arm("vanilla").early_stop is not None
    assert parse_spec(off.model_dump(mode="json")).for_arm("modified").early_stop is None
    silent = parse_spec(with_override({}, early_stop=stop))
    assert silent.for_arm("modified").early_stop == silent.early_stop


def test_a_view_of_one_arm_knows_no_other_arm() -> None:
    own = parse_spec(PUBLISHED).for_arm("modified")
    assert own.for_arm("modified") == own
    with pytest.raises(KeyError):
        own.for_arm("vanilla")


@pytest.mark.parametrize("field", sorted(OVERRIDABLE - {"early_stop"}))
def test_null_is_no_override(field: str) -> None:
    found = problems(with_override({field: None}))
    assert found == {f"/arms/1/{field}": "null overrides nothing; leave the field out"}


@pytest.mark.parametrize(
    "field", ["dataset", "split", "device", "validation_batches", "validation_pairs", "seeds"]
)
def test_what_pairs_the_runs_cannot_be_overridden(field: str) -> None:
    value = getattr(parse_spec(PUBLISHED), field)
    stored = value.model_dump() if hasattr(value, "model_dump") else value
    assert "unknown key" in problems(with_override({field: stored}))[f"/arms/1/{field}"]


def test_a_mistake_in_an_override_is_named_in_the_arm() -> None:
    assert list(problems(with_override({"steps": 0}))) == ["/arms/1/steps"]
    optimizer = {"optimizer": {"schedule": {"kind": "polynomial"}}}
    assert list(problems(with_override(optimizer))) == ["/arms/1/optimizer/schedule/kind"]


def test_a_mistake_that_an_arm_only_takes_over_is_named_once_in_the_spec() -> None:
    encoder = {"kind": "lstm", "hidden_dim": 0}
    found = problems(with_override({"encoder": {"embedding_dim": 4}}, encoder=encoder))
    assert list(found) == ["/encoder/hidden_dim"]
    both = problems(with_override({"encoder": {"hidden_dim": 0}}, encoder=encoder))
    assert list(both) == ["/encoder/hidden_dim", "/arms/1/encoder/hidden_dim"]


def test_heads_must_share_out_the_width_that_an_arm_ends_with() -> None:
    encoder = {"kind": "transformer", "heads": 8}
    found = problems(with_override({"encoder": {"embedding_dim": 100}}, encoder=encoder))
    assert "100" in found.pop("/arms/1/encoder/heads")
    assert not found


def test_arms_beyond_the_limit_are_counted_before_they_are_merged() -> None:
    arms = [{**VANILLA, "name": f"arm {n}", "encoder": {}} for n in range(MAX_ARMS + 1)]
    assert list(problems({**PUBLISHED, "arms": arms})) == ["/arms"]


def test_every_overridable_field_is_a_field_of_the_spec() -> None:
    assert OVERRIDABLE < ExperimentSpec.model_fields.keys()


def sharing(loss: Any, *own: dict[str, Any]) -> dict[str, Any]:
    arms = [{"name": "adam"}, {"name": "adamw", "optimizer": {"kind": "adamw"}}, *own]
    return {**PUBLISHED, "loss": loss, "arms": arms, "decision": {}}


def test_arms_without_a_loss_train_with_that_of_the_spec_and_are_stored_with_it() -> None:
    spec = parse_spec(sharing(VANILLA["loss"], MODIFIED))
    written = [{"name": "adam", "loss": VANILLA["loss"]}, {**sharing(None)["arms"][1]}, MODIFIED]
    written[1]["loss"] = VANILLA["loss"]
    assert spec == parse_spec({**PUBLISHED, "arms": written, "decision": {}})
    stored = spec.model_dump(mode="json")
    assert stored.get("loss") is None
    assert parse_spec(stored) == spec


def test_a_mistake_in_the_shared_loss_is_named_once_and_a_missing_one_in_the_arms() -> None:
    wrong = {"terms": [{"kind": "mean_negative", "among": "none"}], "margin": -1}
    found = problems(sharing(wrong))
    assert found.keys() == {"/loss/terms/0/among", "/loss/margin"}
    own = problems(sharing(VANILLA["loss"], {"name": "own", "loss": {"terms": []}}))
    assert list(own) == ["/arms/2/loss/terms"]
    missing = {name: part for name, part in sharing(None).items() if name != "loss"}
    assert list(problems(missing)) == ["/arms/0/loss", "/arms/1/loss"]
    useless = problems({**PUBLISHED, "loss": VANILLA["loss"]})
    assert useless == {"/loss": "every arm has a loss of its own; leave this one out, or theirs"}
