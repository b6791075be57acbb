"""Questions as a tree of their beginnings: every question is a path, and no beginning is twice."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from worker.training.encoders import beginnings
from worker.training.encoders.beginnings import Beginnings, lay_out

from support.questions import questions

CPU = torch.device("cpu")
alike = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=7), min_size=1, max_size=9)


def words_of(layout: Beginnings, node: int) -> list[int]:
    """The words from a node's first ancestor down to itself."""
    word = int(layout.distinct[layout.tokens[node]])
    above = parent_of(layout, node)
    return [word] if above is None else [*words_of(layout, above), word]


def parent_of(layout: Beginnings, node: int) -> int | None:
    level = level_of(layout, node)
    return int(layout.starts[level - 1] + layout.parents[node]) if level else None


def level_of(layout: Beginnings, node: int) -> int:
    return int(np.searchsorted(layout.starts, node, side="right")) - 1


def lists(rows: Tensor, starts: Tensor) -> list[list[int]]:
    return [part.tolist() for part in torch.tensor_split(rows, starts[1:])]


def shared_down_to(depth: int, texts: list[list[int]]) -> Beginnings:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(beginnings, "SHARED", depth)
        return lay_out(questions(*texts), CPU)


@pytest.mark.parametrize("depth", [1, 3, 32])
@given(texts=alike)
@settings(max_examples=40, deadline=None)
def test_a_question_ends_at_a_node_whose_ancestors_have_its_words(
    depth: int, texts: list[list[int]]
) -> None:
    layout = shared_down_to(depth, texts)
    assert [words_of(layout, layout.ends[end]) for end in layout.end_of] == texts
    assert layout.distinct.tolist() == sorted({word for text in texts for word in text})


@pytest.mark.parametrize("depth", [1, 3, 32])
@given(texts=alike)
@settings(max_examples=40, deadline=None)
def test_down_to_a_depth_every_beginning_has_one_node(depth: int, texts: list[list[int]]) -> None:
    layout = shared_down_to(depth, texts)
    for level, size in enumerate(np.diff(layout.starts)):
        words = [tuple(text[: level + 1]) for text in texts if len(text) > level]
        assert size == len(set(words) if level < depth else words)


@given(texts=alike)
@settings(max_examples=40, deadline=None)
def test_the_nodes_that_have_children_come_first_and_know_them(texts: list[list[int]]) -> None:
    layout = shared_down_to(3, texts)
    for level in range(layout.levels):
        last = level + 1 == layout.levels
        below = [] if last else layout.parents[layout.nodes(level + 1)].tolist()
        children: dict[int, list[int]] = {}
        for place, parent in enumerate(below):
            children.setdefault(parent, []).append(place)
        assert sorted(children) == list(range(layout.inner[level])), "they come first"
        if children:
            assert lists(*layout.children(level)) == [children[p] for p in sorted(children)]
            own = all(parent == place for place, parent in enumerate(below))
            assert layout.branched[level + 1] == (not own)


@given(texts=alike)
@settings(max_examples=40, deadline=None)
def test_words_know_their_nodes_from_the_deepest_up_and_ends_their_questions(
    texts: list[list[int]],
) -> None:
    layout = shared_down_to(3, texts)
    deepest_first = sorted(range(len(layout.tokens)), key=lambda n: (-level_of(layout, n), n))
    same = [
        [n for n in deepest_first if layout.tokens[n] == u] for u in range(len(layout.distinct))
    ]
    assert lists(*layout.same) == same
    ending = [[q for q, at in enumerate(layout.end_of) if at == e] for e in range(len(layout.ends))]
    assert lists(*layout.ending) == ending


def test_equal_questions_share_all_their_nodes() -> None:
    layout = lay_out(questions([4, 5, 6], [4, 5, 6], [4, 5]), CPU)
    assert np.diff(layout.starts).tolist() == [1, 1, 1]
    assert layout.ends[layout.end_of].tolist() == [2, 2, 1]
