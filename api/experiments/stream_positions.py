"""The ids of an event stream's messages: positions that stay short however many runs there are.

A position is the last event that was told, and what was told of each run's steps and evaluations.
For most runs this is nothing, or everything up to the run's end, so runs are written in groups, in
their order: `7-120xe.100:1.64x50:0` is event 7, then 120 runs that were told to their ends, one up
to step 100 and its first evaluation, and 64 up to step 50. Of the runs beyond, nothing was told.
What is long in this form is compressed. (Before there were groups each run had a place of its own,
`7-100:1.50:0`, which still means the same.)

**The end is the one that the run had at that event.** A retry is an event, after which a run is
told from its beginning again; without this a position would need the last step of every run that
failed. So only runs that go on, and have something told, take a place.
"""

import base64
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, repeat

Told = tuple[int, int]
"""What was told of a run: its last step, and the number of its evaluations; or `END`."""

NOTHING: Told = (0, 0)
END: Told = (-1, -1)

MOST_RUNS = 1_000_000  # in an id that is read; an experiment has 16,000 at most
_LONG = 100  # characters from which compressing is worth it
# characters of an id that was compressed; of 16,000 runs that differ from their neighbours, as many
# as are told in part at once, it has 40,000
_MOST_TEXT = 1 << 16

_GROUP = r"(?:\d{1,7}x)?(?:[en]|\d{1,10}:\d{1,10})"
_GROUPS = rf"{_GROUP}(?:\.{_GROUP})*"
PATTERN = rf"(\d{{1,18}})(?:-({_GROUPS})|~([A-Za-z0-9_-]+))?"
_POSITION = re.compile(PATTERN)


@dataclass(frozen=True)
class ToldRuns:
    """What was told of all runs of an experiment, as (count, what was told of each) in order."""

    groups: tuple[tuple[int, Told], ...] = ()

    @classmethod
    def of(cls, groups: Iterable[tuple[int, Told]]) -> "ToldRuns":
        """With neighbours that are alike in one group, and without runs at the end of which nothing
        was told."""
        joined: list[tuple[int, Told]] = []
        for count, told in groups:
            if joined and joined[-1][1] == told:
                joined[-1] = (joined[-1][0] + count, told)
            elif count:
                joined.append((count, told))
        if joined and joined[-1][1] == NOTHING:
            joined.pop()
        return cls(tuple(joined))

    def __iter__(self) -> Iterator[Told]:
        """What was told of each run, without end."""
        told = (repeat(one, count) for count, one in self.groups)
        return chain(chain.from_iterable(told), repeat(NOTHING))

    def with_run(self, index: int, told: Told) -> "ToldRuns":
        """The same but for one run. It costs as much as there are groups, not runs."""
        before, after = [], []
        left, skipped = index, 1
        for count, one in self.groups:
            first = min(count, left)
            left -= first
            own = min(count - first, skipped)
            skipped -= own
            before.append((first, one))
            after.append((count - first - own, one))
        return ToldRuns.of([*before, (left, NOTHING), (1, told), *after])

    @cached_property
    def text(self) -> str:
        """As it stands in an id; empty where nothing was told."""
        if not self.groups:
            return ""
        text = ".".join(map(_group_text, self.groups))
        if len(text) < _LONG:
            return f"-{text}"
        packed = base64.urlsafe_b64encode(zlib.compress(text.encode(), 9)).decode()
        return "~" + packed.rstrip("=")


@dataclass(frozen=True)
class Position:
    """What a stream has told: the events up to an id, and what of each run."""

    event: int = 0
    runs: ToldRuns = ToldRuns()

    @classmethod
    def parse(cls, text: str) -> "Position":
        """Read the id of a message. Raises ValueError where no stream writes such an id."""
        match = _POSITION.fullmatch(text)
        if match is None:
            raise ValueError(text)
        event, rest = match[1], match[2] or (_unpacked(match[3]) if match[3] else "")
        groups = [_group(one) for one in rest.split(".")] if rest else []
        if sum(count for count, _ in groups) > MOST_RUNS:
            raise ValueError(text)
        return cls(int(event), ToldRuns.of(groups))

    def __str__(self) -> str:
        return f"{self.event}{self.runs.text}"

    def with_run(self, index: int, told: Told) -> "Position":
        return replace(self, runs=self.runs.with_run(index, told))


def _group_text(group: tuple[int, Told]) -> str:
    count, told = group
    marks = {NOTHING: "n", END: "e"}
    return (f"{count}x" if count > 1 else "") + marks.get(told, f"{told[0]}:{told[1]}")


def _group(text: str) -> tuple[int, Told]:
    count, _, told = text.rpartition("x")
    if told in ("n", "e"):
        return int(count or 1), NOTHING if told == "n" else END
    step, _, evaluations = told.partition(":")
    return int(count or 1), (int(step), int(evaluations))


def _unpacked(text: str) -> str:
    """Raises ValueError for what `ToldRuns.text` does not write."""
    unpacking = zlib.decompressobj()
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        unpacked = unpacking.decompress(packed, _MOST_TEXT).decode()
    except (zlib.error, ValueError):
        raise ValueError(text) from None
    if not unpacking.eof or not re.fullmatch(_GROUPS, unpacked):
        raise ValueError(text)
    return unpacked
