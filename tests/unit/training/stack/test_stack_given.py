"""Given negatives in a stack: the figures of a training alone, and bits that need no neighbours."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.specs.experiment import ExperimentSpec
from worker.training.checkpoints import Checkpoints
from worker.training.events import Evaluated, Finished, Saved, Started, StepDone
from worker.training.loop import train
from worker.training.stack.loop import Member, Stack
from worker.training.stack.sharing import shares_stack

from support.expect import expect
from support.stack import TERMS, told_by, trained
from support.training import figures, tiny_data_with_given, tiny_spec

DATA = tiny_data_with_given()
WIDTH = 4
ARMS: dict[str, dict[str, Any]] = {
    "closest": {},
    "alone": {"negatives": {"given": 2, "in_batch": False}},
    "second": {"anchors": "second"},
    "ranking": {"term": "ranking"},
    "drawn": {"term": "drawn"},
    "circle": {"term": "circle"},
    "formula": {"term": "formula"},
    "known left out": {"exclude_known_duplicates": True, "reduction": "mean"},
}


def spec_of(**changes: Any) -> ExperimentSpec:
    """Arms of several losses, each with up to two given negatives, and one without any."""
    arms = []
    for name, own in ARMS.items():
        own = {**own}
        negatives = own.pop("negatives", {"given": 2})
        term = TERMS.get(own.pop("term", ""), {"kind": "closest_negative"})
        arms.append({"name": name, "loss": {"terms": [term], **own}, "negatives": negatives})
    arms.append({"name": "vanilla", "loss": {"terms": [{"kind": "closest_negative"}]}})
    small = {"steps": 6, "evaluate_every": 3, "batch_size": 9, "validation_batches": 2}
    return tiny_spec(arms=arms, **small, **changes)


SPEC = spec_of()
PADDED: dict[str, Any] = {"encoder": {**SPEC.encoder.model_dump(), "padding": "power_of_two"}}
DROPOUT: dict[str, Any] = {"encoder": {**SPEC.encoder.model_dump(), "dropout": 0.3}}


@cache
def by_itself(arm: str, seed: int) -> tuple[Any, ...]:
    """What a member tells that is alone in a stack of the same width."""
    return figures(trained(SPEC, [(arm, seed)], DATA, width=WIDTH)[0])


@pytest.mark.parametrize("changes", [{}, PADDED, DROPOUT], ids=["masked", "padded", "dropout"])
def test_a_member_tells_what_a_training_alone_tells(changes: dict[str, Any]) -> None:
    spec = spec_of(**changes)
    told = trained(spec, [(arm, 1) for arm in ARMS], DATA, width=len(ARMS))
    for index, arm in enumerate(ARMS):
        alone = list(train(spec, arm, 1, DATA))
        assert [type(event) for event in told[index]] == [type(event) for event in alone]
        for one, other in zip(told[index], alone, strict=True):
            if isinstance(one, StepDone):
                for name in ("loss", "s_an_mean", "s_given_mean", "given_harder_share"):
                    expected = pytest.approx(getattr(other, name), rel=1e-4, abs=1e-5)
                    assert getattr(one, name) == expected, (arm, name)
            if isinstance(one, Evaluated) and one.split == "validation":
                assert one.loss == pytest.approx(expect(Evaluated, other).loss, rel=1e-4), arm
        end, end_alone = expect(Finished, told[index][-1]), expect(Finished, alone[-1])
        assert end.scores == pytest.approx(end_alone.scores, abs=1e-4)


@settings(max_examples=12)
@given(
    members=st.lists(
        st.tuples(st.sampled_from(sorted(ARMS)), st.integers(0, 1)), min_size=2, max_size=WIDTH
    )
)
def test_a_member_among_others_has_the_bits_of_one_alone(members: list[tuple[str, int]]) -> None:
    told = trained(SPEC, members, DATA, width=WIDTH)
    for index, (arm, seed) in enumerate(members):
        assert figures(told[index]) == by_itself(arm, seed)


@pytest.mark.parametrize("stop", [1, 4])
def test_a_member_goes_on_to_the_same_bits_in_another_slot(stop: int, tmp_path: Path) -> None:
    own = Member("closest", 1, Checkpoints(tmp_path, due=lambda step: step == stop))
    before = []
    for member, event in Stack(SPEC, [own, Member("alone", 0)], DATA, width=WIDTH).events():
        if member == 0:
            before.append(event)
        if event == Saved(stop):
            break
    others = [Member("ranking", 0), Member("drawn", 1)]
    after = told_by(Stack(SPEC, [*others, own], DATA, width=WIDTH))[2]
    assert after[0] == Started(stop)
    assert figures(before + after) == by_itself("closest", 1)


@pytest.mark.parametrize("padding", ["masked", "power_of_two"])
def test_a_baseline_with_given_negatives_measures_members_that_have_none(padding: str) -> None:
    spec = spec_of(encoder={**SPEC.encoder.model_dump(), "padding": padding})
    decision = spec.decision.model_copy(update={"baseline": "closest"})
    turned = spec.model_copy(update={"decision": decision})
    (stacked,) = told_by(Stack(turned, [Member("vanilla", 0)], DATA, width=2)).values()
    measured = [
        [expect(float, e.baseline_loss) for e in events
         if isinstance(e, Evaluated) and e.split == "validation"]
        for events in (stacked, train(turned, "vanilla", 0, DATA))
    ]  # fmt: skip
    assert len(measured[0]) == 2
    assert measured[0] == pytest.approx(measured[1], rel=1e-4)


def test_arms_share_a_stack_that_are_given_as_many_whatever_else_counts() -> None:
    own = {arm: SPEC.for_arm(arm) for arm in (*ARMS, "vanilla")}
    assert shares_stack(own["closest"], own["alone"])
    assert not shares_stack(own["closest"], own["vanilla"])
    with pytest.raises(ValueError, match="vanilla and closest do not share a stack"):
        Stack(SPEC, [Member("closest", 0), Member("vanilla", 0)], DATA, width=2)
