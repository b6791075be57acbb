"""Questions as a tree of their beginnings: every question is a path, and no beginning is twice."""

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


def firsts(layout: Beginnings) -> list[int]:
    """The number of each level's first node."""
    return [sum(layout.sizes[:level]) for level in range(len(layout.sizes) + 1)]


def parents(layout: Beginnings) -> list[int | None]:
    """The number of each node's parent, from how the levels hang on each other."""
    found: list[int | None] = [None] * layout.sizes[0]
    for level, branches in enumerate(layout.branches[1:], start=1):
        places = range(layout.sizes[level]) if branches is None else branches.parents.tolist()
        found += [firsts(layout)[level - 1] + place for place in places]
    return found


def lists(rows: Tensor, starts: Tensor) -> list[list[int]]:
    return [part.tolist() for part in torch.tensor_split(rows, starts[1:])]


def words_above(layout: Beginnings, node: int | None) -> list[int]:
    """The words from a node's first ancestor down to itself."""
    if node is None:
        return []
    word = int(layout.distinct[layout.index[node]])
    return [*words_above(layout, parents(layout)[node]), word]


@pytest.mark.parametrize("depth", [1, 3, 32])
@given(texts=alike)
@settings(max_examples=40, deadline=None)
def test_a_questions_path_has_its_words_and_goes_from_parent_to_child(
    depth: int, texts: list[list[int]]
) -> None:
    layout = shared_down_to(depth, texts)
    above = parents(layout)
    paths = lists(*layout.paths)
    assert [words_above(layout, path[-1]) for path in paths] == texts
    for path in paths:
        assert [above[node] for node in path] == [None, *path[:-1]]
    assert above[layout.sizes[0] :] == layout.above.tolist()


@pytest.mark.parametrize("depth", [1, 3, 32])
@given(texts=alike)
@settings(max_examples=40, deadline=None)
def test_down_to_a_depth_every_beginning_has_one_node(depth: int, texts: list[list[int]]) -> None:
    layout = shared_down_to(depth, texts)
    for level, size in enumerate(layout.sizes):
        words = [tuple(text[: level + 1]) for text in texts if len(text) > level]
        assert size == len(set(words) if level < depth else words)


@given(texts=alike)
@settings(max_examples=40, deadline=None)
def test_the_lists_of_children_questions_and_words_are_those_of_the_paths(
    texts: list[list[int]],
) -> None:
    layout = shared_down_to(3, texts)
    above, paths = parents(layout), lists(*layout.paths)
    count = len(layout.index)
    below = [[q for q, path in enumerate(paths) if node in path] for node in range(count)]
    assert lists(*layout.below) == below
    words = layout.index.tolist()
    same = [[n for n in range(count) if words[n] == word] for word in range(len(layout.distinct))]
    assert lists(*layout.same) == same
    first = firsts(layout)
    for level, inner in enumerate(layout.inner):
        with_children = set(above[first[level] :])
        here = [n for n in range(first[level], first[level + 1]) if n in with_children]
        assert here == list(range(first[level], first[level] + inner)), "they come first"
    for level, branches in enumerate(layout.branches[1:], start=1):
        if branches is not None:
            hanging: list[list[int]] = [[] for _ in range(layout.inner[level - 1])]
            for place, parent in enumerate(branches.parents.tolist()):
                hanging[parent].append(place)
            assert lists(*branches.children) == hanging


def shared_down_to(depth: int, texts: list[list[int]]) -> Beginnings:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(beginnings, "SHARED", depth)
        return lay_out(questions(*texts), CPU)


def test_equal_questions_have_the_same_bits_and_cost_nothing_more() -> None:
    layout = lay_out(questions([4, 5, 6], [4, 5, 6], [4, 5]), CPU)
    assert layout.sizes == (1, 1, 1)
    assert layout.paths.sums(torch.eye(3)).tolist() == [[1, 1, 1], [1, 1, 1], [1, 1, 0]]
