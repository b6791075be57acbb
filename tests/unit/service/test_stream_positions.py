"""The ids of an event stream's messages: they read back, and are short for any number of runs."""

import base64
import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.experiments.event_stream import MOST_PARTLY
from api.experiments.stream_positions import END, NOTHING, Position, Told, ToldRuns

RUNS = 16_000  # of the largest experiment: 16 arms, 1,000 seeds
HEADER = 8_000  # characters of a header that proxies let through, as nginx does by default

counts = st.integers(0, 10**9)
told = st.sampled_from([NOTHING, END]) | st.tuples(counts, counts)


def is_read(text: str) -> bool:
    try:
        Position.parse(text)
    except ValueError:
        return False
    return True


def of_each(runs: ToldRuns, count: int) -> list[Told]:
    return [one for one, _ in zip(runs, range(count), strict=False)]


@given(counts, st.lists(st.tuples(st.integers(0, 20_000), told), max_size=30))
def test_a_position_reads_back_from_its_text(event: int, groups: list[tuple[int, Told]]) -> None:
    position = Position(event, ToldRuns.of(groups))
    assert Position.parse(str(position)) == position


@given(st.lists(st.tuples(st.integers(0, 40), told), max_size=60))
def test_runs_in_groups_are_told_as_runs_one_by_one_would_be(
    changes: list[tuple[int, Told]],
) -> None:
    grouped, each = ToldRuns(), [NOTHING] * 41
    for index, one in changes:
        grouped = grouped.with_run(index, one)
        each[index] = one
        assert of_each(grouped, 41) == each
        assert grouped == ToldRuns.of((1, same) for same in each)


def test_the_id_after_the_last_of_sixteen_thousand_runs_is_short() -> None:
    position = Position(64_000)
    for index in range(RUNS):
        position = position.with_run(index, (500, 11)).with_run(index, END)
        assert len(str(position)) < 30
    assert Position.parse(str(position)) == position


@pytest.mark.parametrize("seed", range(3))
def test_no_id_is_longer_than_a_header_may_be(seed: int) -> None:
    """The worst there can be: every other run was retried, and the rest has ended or goes on."""
    draw = random.Random(seed)
    each = [draw.choice([NOTHING, END]) for _ in range(RUNS)]
    for index in draw.sample(range(RUNS), MOST_PARTLY):
        each[index] = (draw.randrange(1, 10**6), draw.randrange(1, 1000))
    position = Position(10**9, ToldRuns.of((1, one) for one in each))
    assert len(str(position)) < HEADER
    read = Position.parse(str(position))
    assert of_each(read.runs, RUNS) == each


def test_a_short_id_that_stands_for_very_many_groups_is_not_read() -> None:
    packed = zlib.compress(".".join(["e", "n"] * 50_000).encode(), 9)
    short = base64.urlsafe_b64encode(packed).decode().rstrip("=")
    assert len(short) < 1000
    assert not is_read(f"7~{short}")


def test_an_id_of_before_there_were_groups_means_the_same() -> None:
    text = "7-" + ".".join(f"{step}:{step // 50}" for step in (100, 100, 50, 0, 0))
    assert Position.parse(text) == Position(7, ToldRuns(((2, (100, 2)), (1, (50, 1)))))


@pytest.mark.parametrize(
    "text", ["", "x", "-1", "7-", "7-1", "7~", "7~AAAA", "7-1xx", "7-e.", "7~é"]
)
def test_what_no_stream_writes_is_not_read(text: str) -> None:
    assert not is_read(text)


def test_an_id_of_many_more_runs_than_there_can_be_is_not_read() -> None:
    assert is_read("7-999999xe")
    assert not is_read("7-999999xe.999999xn")
