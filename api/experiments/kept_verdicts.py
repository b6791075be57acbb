"""Verdicts of experiments that have ended, worked out once.

The list is what everybody opens, and the verdicts of one large experiment take seconds. They follow
from its values and its rule alone, so they are kept under a hash of just these: after a retry, a
deleted run or another rule the hash is another one, and nothing has to be told that it is out of
date.
"""

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import fields

from models.abandonment import abandonable, stop_if_abandoned
from models.byte_cache import ByteCache
from models.comparison.compare import verdicts
from models.comparison.inputs import ComparisonInput
from models.comparison.schema import Statistic, Verdict

MOST_KEPT_BYTES = 2**23
PAIR_BYTES = 250  # about, of a pair of arms: a number, a word, and what holds them

_OTHERS = [field.name for field in fields(ComparisonInput) if field.name not in ("a", "b")]

Judged = list[tuple[Statistic, Verdict]]


class KeptVerdicts:
    """`verdicts`, with the results of families that were asked for lately. Any thread may call
    it."""

    def __init__(self, most_bytes: int = MOST_KEPT_BYTES) -> None:
        self._kept: ByteCache[Judged] = ByteCache(most_bytes)
        self._working = threading.Lock()

    def __call__(self, family: Sequence[ComparisonInput]) -> Judged:
        """The same as `verdicts`. Raises `Abandoned` where nobody waits for it before it is
        begun."""
        key = _key(family)
        judged = self._kept.get(key)
        if judged is not None:
            return judged
        with self._working:  # whoever waits here finds it kept
            judged = self._kept.get(key)
            if judged is None:
                stop_if_abandoned()
                # to the end, at most a second: else readers who leave sooner never find any kept
                with abandonable(lambda: False):
                    judged = verdicts(family)
                self._kept.put(key, judged, PAIR_BYTES * (1 + len(family)))
        return judged


def _key(family: Sequence[ComparisonInput]) -> bytes:
    """A hash of every field of the inputs, and of floats to the last bit."""
    arms = {id(arm): arm for one in family for arm in (one.a, one.b)}  # each in many pairs
    digests = {known: _hash(arm) for known, arm in arms.items()}
    others = (
        (digests[id(one.a)], digests[id(one.b)], *(getattr(one, name) for name in _OTHERS))
        for one in family
    )
    return _hash(list(others))


def _hash(value: object) -> bytes:
    return hashlib.sha256(repr(value).encode()).digest()


kept_verdicts = KeptVerdicts()
"""Those of this process."""
