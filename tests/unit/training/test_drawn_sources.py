"""Runs whose seeds vary some sources alone: what is held is the same to the bit, what is varied is
not, and half of the training groups are drawn as slow plain code says."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.datasets.training_groups import training_groups
from models.specs.experiment import ExperimentSpec
from worker.training.batches import batch_rows
from worker.training.checkpoints import Checkpoints
from worker.training.events import Finished, Saved, Started
from worker.training.loop import Training, train
from worker.training.stack.loop import Failed, Member, Stack
from worker.training.training_rows import with_drawn_rows

from support.expect import expect
from support.stack import told_by, trained
from support.training import figures, killed_after_every_step, tiny_data, tiny_spec

DATA = tiny_data()
ALL = ["initial_weights", "batch_order", "training_rows"]


def varying(*sources: str, **more: Any) -> ExperimentSpec:
    return tiny_spec(seeds={"list": [2, 5, 6], "vary": list(sources), **more})


def beginning(spec: ExperimentSpec, seed: int, arm: str = "vanilla") -> tuple[bytes, bytes, bytes]:
    """The initial weights, the pairs that train, and the first batches of a run."""
    training = Training(spec, arm, seed, DATA, "cpu")
    weights = b"".join(
        tensor.numpy().tobytes() for tensor in training.encoder.state_dict().values()
    )
    train_rows = training.data.train
    order = training.draws.batch_order
    batches = np.concatenate([batch_rows(np.arange(60), order, step, 16) for step in range(1, 9)])
    return weights, train_rows.tobytes(), batches.tobytes()


def test_each_source_follows_the_seed_where_it_is_varied_and_the_first_seed_where_not() -> None:
    usual = {seed: beginning(tiny_spec(), seed) for seed in (2, 5)}
    for places, sources in [((0,), ALL[:1]), ((2,), ALL[1:2]), ((1,), ALL[2:]), ((0, 1, 2), ALL)]:
        first, other = (beginning(varying(*sources), seed) for seed in (2, 5))
        assert {i for i in range(3) if first[i] != other[i]} == set(places)
        for place in (0, 2):  # the draw of the seed is the one that it has always been
            assert other[place] == usual[5 if place in places else 2][place]


def test_both_arms_of_a_seed_share_every_draw() -> None:
    spec = varying(*ALL)
    assert beginning(spec, 5, "vanilla") == beginning(spec, 5, "modified")


def test_where_sources_are_told_apart_a_run_differs_from_that_of_the_seed_in_one() -> None:
    arms = [tiny_spec().model_dump(mode="json")["arms"][0]]
    spec = tiny_spec(arms=arms, seeds={"list": [2, 5], "vary": ALL, "tell_apart": True})
    own = beginning(spec, 5)
    for name, place in [("initial weights", 0), ("batch order", 2), ("training rows", 1)]:
        anew = beginning(spec, 5, f"other {name}")
        assert [i for i in range(3) if anew[i] != own[i]] == [place]
        assert anew[place] != beginning(spec, 2, f"other {name}")[place], "anew for each seed"


def test_a_run_with_drawn_rows_is_that_of_a_data_set_of_these_rows() -> None:
    drawn = with_drawn_rows(DATA, 5)
    assert set(drawn.train) < set(DATA.train)
    plain = dataclasses.replace(DATA, train=drawn.train)
    told, alone = train(varying(*ALL), "vanilla", 5, DATA), train(tiny_spec(), "vanilla", 5, plain)
    assert figures(list(told)) == figures(list(alone))


def test_a_run_that_is_killed_at_every_step_draws_the_same_rows_again(tmp_path: Path) -> None:
    spec = varying("training_rows", held_at=3)
    events = killed_after_every_step(spec, "modified", 5, DATA, tmp_path)
    assert figures(events) == figures(list(train(spec, "modified", 5, DATA)))
    other = list(train(varying("training_rows", held_at=4), "modified", 5, DATA))
    assert figures(events) != figures(other)


def test_no_run_resumes_from_one_that_was_held_elsewhere(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, due=lambda _step: True)
    for event in train(varying("batch_order"), "vanilla", 5, DATA, checkpoints=checkpoints):
        if isinstance(event, Saved):
            break
    held_elsewhere = varying("batch_order", held_at=6)
    first, *_ = train(held_elsewhere, "vanilla", 5, DATA, checkpoints=checkpoints)
    assert first == Started(0)


def test_runs_in_a_stack_draw_what_they_draw_alone(tmp_path: Path) -> None:
    spec = varying("training_rows", "batch_order")
    members = [("vanilla", 2), ("modified", 2), ("modified", 5)]
    told = trained(spec, members, DATA)
    for index, (arm, seed) in enumerate(members):
        (alone,) = (e for e in train(spec, arm, seed, DATA) if isinstance(e, Finished))
        found = expect(Finished, told[index][-1])
        np.testing.assert_allclose(found.scores, alone.scores, atol=1e-4)
    scores = [expect(Finished, told[index][-1]).scores for index in (1, 2)]
    assert np.abs(scores[0] - scores[1]).max() > 1e-3, "seeds differ, and not in the last digits"

    def stack() -> Stack:
        every = [
            Member(arm, seed, Checkpoints(tmp_path / f"{arm}{seed}", due=lambda _step: True))
            for arm, seed in members
        ]
        return Stack(spec, every, DATA, width=4)

    before: dict[int, list[Any]] = {index: [] for index in range(3)}
    for index, event in stack().events():
        assert not isinstance(event, Failed)
        before[index].append(event)
        if isinstance(event, Saved) and (index, event.step) == (2, 7):
            break
    after = told_by(stack())
    for index in range(3):
        assert figures([*before[index], *after[index]]) == figures(told[index])


@given(
    sizes=st.lists(st.integers(1, 9), min_size=2, max_size=30),
    seed=st.integers(0, 2**32),
    shuffle=st.randoms(use_true_random=False),
)
def test_half_of_the_groups_are_drawn_whole_and_no_other_row(
    sizes: list[int], seed: int, shuffle: Any
) -> None:
    of_pair = [group for group, size in enumerate(sizes) for _ in range(size)]
    shuffle.shuffle(of_pair)
    groups = np.repeat(np.array(of_pair, dtype=np.int32), 2)
    rows = np.arange(len(of_pair))
    few = shuffle.sample(range(len(of_pair)), len(of_pair) // 4)  # which are no training rows
    data = dataclasses.replace(DATA, groups=groups, train=np.delete(rows, few))
    present = {of_pair[row] for row in data.train}
    if len(present) < 2:
        return
    drawn = [int(row) for row in with_drawn_rows(data, seed).train]
    chosen = {of_pair[row] for row in drawn}
    assert len(chosen) == len(present) // 2
    assert drawn == [row for row in data.train if of_pair[row] in chosen]
    counted = training_groups(groups, data.train)
    pairs = sorted(sum(of_pair[row] == group for row in data.train) for group in present)
    half = sum(pairs[: len(present) // 2])
    assert (counted.pairs, counted.groups, counted.fewest) == (sum(pairs), len(present), half)
    assert len(drawn) >= counted.fewest


def test_every_group_is_drawn_as_often_as_any_other() -> None:
    counts = np.zeros(len(DATA.labels))
    seeds = 400
    for seed in range(seeds):
        counts[with_drawn_rows(DATA, seed).train] += 1
    shares = counts[DATA.train] / seeds
    assert len(DATA.train) > 80
    half = (len(DATA.train) // 2) / len(DATA.train)
    assert np.abs(shares - half).max() < 5 * np.sqrt(half * (1 - half) / seeds)
