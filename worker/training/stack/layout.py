"""How the questions of a stack's batches are laid out: sorted, in groups, padded to fixed lengths.

**No shape depends on what is in the other slots**, except the number of time steps, and further
time steps only add zeros. A slot has `2 * half` places, the first questions of its pairs and
then the second ones, each side filled up to a multiple of 32 by questions of no token. Behind them
there is room for as many given negatives as a batch can have, filled up in the same way. Sorted by
length, longest first, they are cut into groups of fixed sizes: small ones for the few long
questions, large ones for the many short. A group runs for as many time steps as its longest
question in any slot, rounded up to one of few numbers.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from worker.training.data import Int64, RunData

HALF = 32  # a side is filled up to a multiple of this, and a group is one of 2 x HALF rows
CHUNK = 4  # time steps whose products are one where they can be; all `TIMES` are multiples of it
TIMES = (0, 8, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 192, 256)
BEYOND = 64  # past the last of `TIMES`, multiples of this
NONE = -1  # in place of a question's number


@dataclass(frozen=True)
class Layout:
    """Where the questions of every slot stand in its batch, and where when sorted, longest first.

    A row of `table` has a value for each place p. Of the question that is at place p when sorted:

    0. its number,
    1. how many of its tokens are read, padding that is read included; 0 where there is none,
    2. its place in the order of the batch.

    Of the question that is at place p of the batch:

    3. its place when sorted,
    4. its duplicate group,
    5. how many of its tokens are read, as in 1.
    """

    times: tuple[int, ...]  # time steps of each group
    table: Int64  # (6, slots, places)


def half_of(size: int) -> int:
    """The places of one side of a batch of `size` pairs."""
    return -(-size // HALF) * HALF


def room_for(questions: int) -> int:
    """The places behind the pairs of a batch that has up to so many given negatives."""
    return half_of(-(-questions // 2)) * 2


def lay_out(
    data: RunData,
    rows: Int64,
    live: npt.NDArray[np.bool_],
    *,
    padded: bool,
    further: Int64 | None = None,
) -> Layout:
    """The layout of batches `rows` (slots, B), behind each of which stand the questions `further`
    (slots, `room_for` so many), `NONE` where there is none; a slot that is not `live` has no
    questions.

    With `padded` all questions of a slot are read to the longest of them, rounded up to a power
    of two, as `pad_to_power_of_two` does it.
    """
    questions = _questions(rows, further)
    there = questions != NONE
    questions[~there] = 0  # one that exists, of which no token is read
    lengths = np.maximum(data.offsets[questions + 1] - data.offsets[questions], 1) * there
    if padded:
        widths = [1 << int(longest - 1).bit_length() for longest in lengths.max(axis=1)]
        lengths = np.array(widths)[:, None] * there
    lengths[~live] = 0
    order = np.argsort(-lengths, axis=1, kind="stable")
    place = np.argsort(order, axis=1, kind="stable")
    shown = np.take_along_axis(lengths, order, axis=1)
    table = np.stack(
        (
            np.take_along_axis(questions, order, axis=1),
            shown,
            order,
            place,
            data.groups[questions],
            lengths,
        )
    )
    longest, start, times = shown.max(axis=0), 0, []
    for group in group_sizes(questions.shape[1]):
        times.append(time_steps(int(longest[start])))
        start += group
    return Layout(tuple(times), table)


def _questions(rows: Int64, further: Int64 | None) -> Int64:
    """The number of the question at every place of the batches; `NONE` where there is none."""
    slots, size = rows.shape
    sides = np.full((slots, 2, half_of(size)), NONE, dtype=np.int64)
    sides[:, 0, :size], sides[:, 1, :size] = 2 * rows, 2 * rows + 1
    pairs = sides.reshape(slots, -1)
    return pairs if further is None else np.concatenate((pairs, further), axis=1)


def group_sizes(places: int) -> tuple[int, ...]:
    """The sizes of the groups that `places`, a multiple of 2 x HALF, are cut into."""
    units = places // (2 * HALF)
    smallest, sizes = max(1, units // 8), []
    while units > smallest:
        sizes.append(max(units // 2, smallest))
        units -= sizes[-1]
    sizes.append(units)
    return tuple(2 * HALF * size for size in reversed(sizes))


def time_steps(longest: int) -> int:
    """The number of time steps of a group whose longest question has this many tokens."""
    for times in TIMES:
        if longest <= times:
            return times
    return -(-longest // BEYOND) * BEYOND
