"""`questions-generated`: the project's own question pairs, the same bytes on every machine.

Why it exists: tests and the demo need data that is free, small and *hard in the way that the
service is about*. A duplicate expresses one intent with the same fillers in other words; most
non-duplicates keep the wording and change one filler, or keep the fillers and change the intent.
So early in training the closest negative of a batch is often closer than the positive. A few
labels are wrong, as people's labels are, so no honest run reaches an accuracy of 1.

Why raw Philox words and not `Generator.random`: numpy promises never to change the stream of the
former, but that of the latter only within a version.
"""

import re
from dataclasses import dataclass

import numpy as np

from models.datasets.generated.phrases import CLOSINGS, CONTRACTIONS, FAMILIES, OPENINGS
from models.datasets.generated.slots import SLOTS
from models.datasets.pairs import Pairs, make_pairs

GENERATED = "questions-generated"
"""The name of the data set that every service has from its start."""
DUPLICATE_SHARE = 0.37
OTHER_INTENT_SHARE = 0.3  # of the non-duplicates that share words; the rest change one filler
SKEW = 1.5  # above 1: the first values of a slot are asked about more often, as in life
MAX_ROWS = 200_000  # distinct pairs get scarce beyond
SLOT_NAME = re.compile(r"\{(\w+)\}")
FAMILY_SLOTS = [tuple(SLOT_NAME.findall(family[0][0])) for family in FAMILIES]
BLOCK = 1 << 16


@dataclass(frozen=True)
class Style:
    """What one set of generated questions has more of than another."""

    easy: float = 0.12
    """Share of the non-duplicates that have nothing in common; the others share most words."""
    noise: float = 0.12
    """Chance of each change of surface in a question: an opening, no question mark, no capitals."""
    wrong_labels: float = 0.02


STYLES = {
    "usual": Style(),
    "close": Style(easy=0.0),
    "easy": Style(easy=0.8),
    "typed": Style(noise=0.6),
    "doubtful": Style(wrong_labels=0.12),
}
"""By name; `usual` is that of `questions-generated`."""


class Draws:
    """Numbers from a counter-based stream, drawn in blocks, since one call for each is slow."""

    def __init__(self, seed: int) -> None:
        self._philox = np.random.Philox(seed)
        self._block: list[float] = []

    def unit(self) -> float:
        """The next number in [0, 1)."""
        if not self._block:
            raw = self._philox.random_raw(BLOCK)
            self._block = ((raw >> np.uint64(11)) * 2.0**-53).tolist()
        return self._block.pop()

    def below(self, count: int) -> int:
        """The next integer in [0, count), all equally likely."""
        return int(self.unit() * count)

    def other(self, count: int, than: int) -> int:
        """The next integer in [0, count) that is not `than`."""
        return (than + 1 + self.below(count - 1)) % count


@dataclass(frozen=True)
class Question:
    """A question before its wording: the number of a value for each slot of the family."""

    family: int
    intent: int
    values: tuple[int, ...]


def generate_pairs(rows: int = 24_000, seed: int = 0, style: Style = STYLES["usual"]) -> Pairs:
    """Make `rows` pairs, about 37 % of them duplicates, in random order.

    No pair occurs twice (in either order), and the two texts of a pair differ. The same arguments
    give the same bytes. ValueError for rows outside 1 to 200,000.
    """
    if not 1 <= rows <= MAX_ROWS:
        raise ValueError(f"rows must be between 1 and {MAX_ROWS:,}")
    draws = Draws(seed)
    seen: set[tuple[str, str]] = set()
    first: list[str] = []
    second: list[str] = []
    labels: list[int] = []
    while len(labels) < rows:
        one, other, label = _draw_pair(draws, style)
        key = (one, other) if one < other else (other, one)
        if one == other or key in seen:
            continue
        seen.add(key)
        first.append(one)
        second.append(other)
        labels.append(label)
    return make_pairs(first, second, labels)


def _draw_pair(draws: Draws, style: Style) -> tuple[str, str, int]:
    question = _draw_question(draws)
    wording = draws.below(len(FAMILIES[question.family][question.intent]))
    duplicate = draws.unit() < DUPLICATE_SHARE
    partner, other_wording = (
        (question, draws.other(len(FAMILIES[question.family][question.intent]), wording))
        if duplicate
        else _draw_negative(draws, question, wording, style.easy)
    )
    wrong = draws.unit() < style.wrong_labels
    label = int(duplicate != wrong)
    first = _worded(draws, question, wording, style.noise)
    return first, _worded(draws, partner, other_wording, style.noise), label


def _draw_question(draws: Draws) -> Question:
    family = draws.below(len(FAMILIES))
    values = tuple(int(len(SLOTS[s]) * draws.unit() ** SKEW) for s in FAMILY_SLOTS[family])
    return Question(family, draws.below(len(FAMILIES[family])), values)


def _draw_negative(
    draws: Draws, question: Question, wording: int, easy: float
) -> tuple[Question, int]:
    """A question with another meaning, and a wording for it."""
    family = FAMILIES[question.family]
    if draws.unit() < easy:
        other = _draw_question(draws)
        while other.family == question.family:
            other = _draw_question(draws)
        return other, draws.below(len(FAMILIES[other.family][other.intent]))
    if draws.unit() < OTHER_INTENT_SHARE:
        intent = draws.other(len(family), question.intent)
        other = Question(question.family, intent, question.values)
        return other, draws.below(len(family[intent]))
    place = draws.below(len(question.values))
    count = len(SLOTS[FAMILY_SLOTS[question.family][place]])
    values = list(question.values)
    values[place] = draws.other(count, values[place])
    other = Question(question.family, question.intent, tuple(values))
    wordings = len(family[question.intent])
    return other, wording if draws.unit() < 0.5 else draws.below(wordings)


def _worded(draws: Draws, question: Question, wording: int, noise: float) -> str:
    """The question in words: drawn names of its values, then the noise of people's typing."""
    text = FAMILIES[question.family][question.intent][wording]
    for slot, value in zip(FAMILY_SLOTS[question.family], question.values, strict=True):
        names = SLOTS[slot][value]
        text = text.replace(f"{{{slot}}}", names[draws.below(len(names))])
    if draws.unit() < noise * 2:
        for long, short in CONTRACTIONS:
            text = text.replace(long, short)
    if draws.unit() < noise:
        text = OPENINGS[draws.below(len(OPENINGS))] + text[0].lower() + text[1:]
    if draws.unit() < noise:
        text += CLOSINGS[draws.below(len(CLOSINGS))]
    if draws.unit() < noise:
        text = text.rstrip("?")
    if draws.unit() < noise:
        text = text.lower()
    return text
