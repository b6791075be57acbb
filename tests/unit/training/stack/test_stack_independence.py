"""**A member's figures do not depend on which others share its stack**, bit for bit."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.specs.experiment import ExperimentSpec
from worker.training.checkpoints import Checkpoints
from worker.training.divergence import Diverged
from worker.training.events import (
    Evaluated,
    Event,
    Finished,
    Saved,
    Started,
    StepDone,
)
from worker.training.stack.loop import Failed, Member, Stack

from support.expect import expect
from support.stack import (
    TERMS,
    arms_of_every_loss,
    dropping,
    stack_spec,
    told_by,
    trained,
    wild_data,
)
from support.training import figures

DATA = wild_data()
WIDTH = 5
SPECS = {
    padding: stack_spec(
        arms=arms_of_every_loss(),
        batch_size=size,
        encoder={"kind": "lstm", "embedding_dim": d, "hidden_dim": h, "padding": padding},
    )
    for padding, size, d, h in (("masked", 17, 5, 7), ("power_of_two", 16, 8, 4))
}


@cache
def alone(padding: str, arm: str, seed: int) -> tuple[Any, ...]:
    """What a member tells that is alone in a stack of the same width."""
    return figures(trained(SPECS[padding], [(arm, seed)], DATA, width=WIDTH)[0])


members = st.lists(
    st.tuples(st.sampled_from(sorted(TERMS)), st.integers(0, 2)), min_size=2, max_size=WIDTH
)


@settings(max_examples=10)
@given(padding=st.sampled_from(sorted(SPECS)), members=members)
def test_a_member_among_others_has_the_bits_of_one_alone(
    padding: str, members: list[tuple[str, int]]
) -> None:
    told = trained(SPECS[padding], members, DATA, width=WIDTH)
    for index, (arm, seed) in enumerate(members):
        assert figures(told[index]) == alone(padding, arm, seed)


@settings(max_examples=10)
@given(dropped=st.integers(0, 3), step=st.integers(1, 5))
def test_a_member_that_is_dropped_leaves_the_others_untouched(dropped: int, step: int) -> None:
    arms = ("mean", "ranking", "mean", "circle")
    spec = SPECS["masked"]
    chosen = [(arm, 1) for arm in arms]
    told = trained(spec, chosen, DATA, width=WIDTH, until=dropping(dropped, step))
    for index, arm in enumerate(arms):
        if index == dropped:
            assert expect(StepDone, told[index][-1]).step == step
        else:
            assert figures(told[index]) == alone("masked", arm, 1)


@pytest.mark.parametrize("kind", [Started, StepDone, Evaluated, Finished])
def test_a_member_can_be_dropped_after_any_event_and_by_any_other(kind: type[Event]) -> None:
    """The third is dropped at the first such event of the first, and tells no more after it."""
    order = []

    def until(member: int, event: Event | Failed) -> list[int]:
        order.append((member, event))
        return [2] if member == 0 and isinstance(event, kind) else []

    told = trained(SPECS["masked"], [("mean", s) for s in range(3)], DATA, width=5, until=until)
    at = next(i for i, (m, e) in enumerate(order) if m == 0 and isinstance(e, kind))
    assert all(member != 2 for member, _ in order[at + 1 :])
    for index in (0, 1):
        assert figures(told[index]) == alone("masked", "mean", index)


@pytest.mark.parametrize("kind", [Started, StepDone, Evaluated, Saved])
def test_a_member_that_is_dropped_at_its_own_event_tells_nothing_more(
    tmp_path: Path, kind: type[Event]
) -> None:
    """The evaluation is the last one, of the test pairs; a checkpoint is due at every step."""
    checkpoints = Checkpoints(tmp_path, due=lambda _step: True)

    def until(member: int, event: Event | Failed) -> list[int]:
        last = isinstance(event, kind) and getattr(event, "split", "test") == "test"
        return [member] if last else []

    stack = Stack(SPECS["masked"], [Member("mean", 0, checkpoints)], DATA, width=WIDTH)
    told = told_by(stack, until)
    assert isinstance(told[0][-1], kind)
    others = 2 if kind is Evaluated else 0  # on validation
    assert sum(isinstance(event, kind) for event in told[0]) == 1 + others


def spec_with_one_that_breaks(**broken: Any) -> ExperimentSpec:
    """The arms of every loss, the mean's twice: `broken` is the second, with these overrides."""
    arms = arms_of_every_loss()
    return stack_spec(arms=[*arms, {**arms[0], "name": "broken", **broken}])


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_member_that_diverges_leaves_the_others_untouched(place: int) -> None:
    eps = {"eps": 1e-60, "schedule": {"kind": "constant"}}
    spec = spec_with_one_that_breaks(optimizer=eps)
    members = [("mean", 0), ("drawn", 1)]
    sound = trained(spec, members, DATA, width=4)
    told = trained(spec, [*members[:place], ("broken", 0), *members[place:]], DATA, width=4)
    *before, last = told.pop(place)
    assert isinstance(last, Failed)
    assert isinstance(last.error, Diverged)
    assert (last.error.step, last.error.culprit) == (2, "eps")
    assert [type(event) for event in before] == [Started, StepDone]
    assert [figures(events) for _, events in sorted(told.items())] == [
        figures(sound[0]),
        figures(sound[1]),
    ]


def test_a_member_that_diverges_before_an_evaluation_is_found_there() -> None:
    spec = spec_with_one_that_breaks(
        evaluate_every=1, optimizer={"eps": 1e-60, "schedule": {"kind": "constant"}}
    )
    told = trained(spec, [("broken", 0), ("mean", 0)], DATA, width=4)
    fault = expect(Diverged, expect(Failed, told[0][-1]).error)
    assert fault.metrics == {}
    assert fault.step == 1
    assert figures(told[1]) == figures(trained(spec, [("mean", 0)], DATA, width=4)[0])


def test_a_checkpoint_that_cannot_be_written_ends_its_member_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way of a folder")
    broken = Checkpoints(tmp_path / "file" / "folder", due=lambda step: step == 2)
    members = [Member("mean", 0, broken), Member("mean", 1)]
    told = told_by(Stack(SPECS["masked"], members, DATA, width=WIDTH))
    assert isinstance(expect(Failed, told[0][-1]).error, OSError)
    assert expect(StepDone, told[0][-2]).step == 2
    assert figures(told[1]) == alone("masked", "mean", 1)


@settings(max_examples=6)
@given(stop=st.integers(1, 5), slot=st.integers(0, 3), company=st.integers(0, 3))
def test_a_member_goes_on_to_the_same_bits_in_any_slot_and_any_company(
    tmp_path_factory: pytest.TempPathFactory, stop: int, slot: int, company: int
) -> None:
    """It was stopped at one step, and goes on beside others that begin, or are elsewhere."""
    folder = tmp_path_factory.mktemp("run")
    checkpoints = Checkpoints(folder, due=lambda step: step == stop)
    spec, before = SPECS["masked"], []
    first = Stack(spec, [Member("mined", 2, checkpoints), Member("mean", 0)], DATA, width=WIDTH)
    for member, event in first.events():
        if member == 0:
            before.append(event)
        if event == Saved(stop):
            break
    others = [Member("ranking", seed) for seed in range(company)]
    slot = min(slot, company)
    members = [*others[:slot], Member("mined", 2, checkpoints), *others[slot:]]
    after = told_by(Stack(spec, members, DATA, width=WIDTH))[slot]
    assert after[0] == Started(stop)
    assert figures(before + after) == alone("masked", "mined", 2)


def test_a_checkpoint_is_gone_on_from_at_the_width_it_was_made_at_only(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, due=lambda step: step == 3)

    def begins_at(width: int) -> int:
        stack = Stack(SPECS["masked"], [Member("mean", 0, checkpoints)], DATA, width=width)
        _, started = next(iter(stack.events()))
        return expect(Started, started).step

    told_by(Stack(SPECS["masked"], [Member("mean", 0, checkpoints)], DATA, width=2))
    assert (begins_at(2), begins_at(3)) == (3, 0)


def test_a_member_that_is_dropped_before_the_first_event_tells_nothing() -> None:
    stack = Stack(SPECS["masked"], [Member("mean", s) for s in range(3)], DATA, width=WIDTH)
    stack.drop(1)
    told = told_by(stack)
    assert set(told) == {0, 2}
    assert figures(told[2]) == alone("masked", "mean", 2)
