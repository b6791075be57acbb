"""Verdicts of experiments that have ended, worked out once.

The list is what everybody opens, and the verdicts of one large experiment take seconds. They follow
from its values and its rule alone, so they are kept under a hash of just these: after a retry, a
deleted run or another rule the hash is another one, and nothing has to be told that it is out of
date.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence

from models.comparison.compare import verdicts
from models.comparison.inputs import ComparisonInput
from models.comparison.schema import Statistic, Verdict

MOST_KEPT = 1_000  # families; each is a number and a word for each pair of arms

Judged = list[tuple[Statistic, Verdict]]


class KeptVerdicts:
    """`verdicts`, with the results of the last `most` families. Any thread may call it."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._kept: OrderedDict[bytes, Judged] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, family: Sequence[ComparisonInput]) -> Judged:
        """The same as `verdicts`."""
        # the text has every field of the inputs, and floats to the last bit
        key = hashlib.sha256(repr(list(family)).encode()).digest()
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        judged = verdicts(family)
        with self._lock:
            self._kept[key] = judged
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return judged


kept_verdicts = KeptVerdicts()
"""Those of this process."""
