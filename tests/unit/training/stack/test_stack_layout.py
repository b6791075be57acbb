"""The layout of a stack: every question has its place, whoever else is in the stack."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from worker.training.data import Int64, pad_to_power_of_two, pair_questions
from worker.training.stack.layout import (
    CHUNK,
    HALF,
    NONE,
    Layout,
    group_sizes,
    lay_out,
    room_for,
    time_steps,
)
from worker.training.stack.tokens import Tokens, groups_of

from support.stack import wild_data

DATA = wild_data()
ROWS = 128  # of a slot's embedding, more than there are words


def some_rows(slots: int, size: int, seed: int) -> Int64:
    return np.random.default_rng(seed).choice(DATA.train, (slots, size))


def words_of(layout: Layout, slot: int) -> list[list[int | None]]:
    """The words that a slot reads, question by question in the batch's order; None for padding."""
    table = torch.from_numpy(layout.table)
    rows = Tokens(DATA, torch.device("cpu")).of(table, layout.times, ROWS)
    slots, places = table.shape[1:]
    read: list[list[int]] = [[] for _ in range(places)]
    for group in groups_of(table, layout.times):
        block = rows[group.tokens].view(group.chunks, slots, CHUNK, group.size)[:, slot]
        for place, words in enumerate(block.reshape(group.times, group.size).T.tolist()):
            read[group.places.start + place] = words
    word = [[w - slot * ROWS for w in read[place]] for place in table[3, slot].tolist()]
    return [[w if w < DATA.vocabulary_size else None for w in words] for words in word]


@given(st.integers(1, 40))
def test_groups_cut_all_places_into_sizes_that_grow(units: int) -> None:
    sizes = group_sizes(2 * HALF * units)
    assert sum(sizes) == 2 * HALF * units
    assert all(size % (2 * HALF) == 0 for size in sizes)
    assert list(sizes) == sorted(sizes) or units < 4


@given(st.integers(0, 3000))
def test_a_group_runs_long_enough_and_in_whole_chunks(longest: int) -> None:
    times = time_steps(longest)
    assert longest <= times <= max(8, 2 * longest)
    assert times % CHUNK == 0


@given(
    size=st.integers(2, 80),
    seed=st.integers(0, 99),
    padded=st.booleans(),
    given=st.lists(st.integers(0, 90), min_size=3, max_size=3),
)
def test_a_slot_reads_the_tokens_that_a_training_alone_would(
    size: int, seed: int, padded: bool, given: list[int]
) -> None:
    """Of its pairs, and of the negatives that are given to them, in whatever number."""
    rows, room = some_rows(3, size, seed), room_for(max(given))
    further = 2 * some_rows(3, room, seed + 1) + 1
    for slot, number in enumerate(given):
        further[slot, number:] = NONE
    layout = lay_out(DATA, rows, np.array([True, False, True]), padded=padded, further=further)
    half = -(-size // HALF) * HALF
    for slot in (0, 2):
        alone = pair_questions(DATA, rows[slot], further[slot, : given[slot]])
        alone = pad_to_power_of_two(alone) if padded else alone
        expected = [ids.tolist() for ids in np.split(alone.ids, np.cumsum(alone.lengths)[:-1])]
        blank: list[list[int]] = [[]] * (half - size)
        wanted = expected[:size] + blank + expected[size : 2 * size] + blank + expected[2 * size :]
        found = [[w for w in words if w is not None] for words in words_of(layout, slot)]
        assert found == wanted + [[]] * (room - given[slot])
    assert all(set(words) <= {None} for words in words_of(layout, 1))


@given(seed=st.integers(0, 99), neighbours=st.lists(st.booleans(), min_size=3, max_size=3))
def test_where_a_slots_questions_stand_does_not_depend_on_the_others(
    seed: int, neighbours: list[bool]
) -> None:
    rows, further = some_rows(4, 20, seed), 2 * some_rows(4, HALF * 2, seed + 1)
    further[0, 5:] = NONE
    alone, among = (
        lay_out(DATA, rows, np.array([True, *others]), padded=False, further=further)
        for others in ([False] * 3, neighbours)
    )
    assert (alone.table[:, 0] == among.table[:, 0]).all()
    assert len(alone.times) == len(among.times)
    assert all(a <= b for a, b in zip(alone.times, among.times, strict=True))


@pytest.mark.parametrize("padded", [False, True])
def test_a_stack_without_members_has_no_time_steps(padded: bool) -> None:
    layout = lay_out(
        DATA, np.zeros((2, 16), dtype=np.int64), np.zeros(2, dtype=bool), padded=padded
    )
    assert set(layout.times) == {0}
