"""An arm's overrides, from the partial parts that a person sends to whole ones.

`{"name": "slow", "loss": …, "optimizer": {"lr": 0.001}}` trains with the spec's own optimiser but
for its learning rate. The stored spec says the arm's optimiser whole; whole parts laid over the
spec's give themselves, so posting it back gives the same experiment.
"""

import re
from collections.abc import Collection, Sequence
from typing import Any

from models.errors import Problem
from models.specs.experiment import MAX_ARMS, OVERRIDABLE
from models.specs.merging import merge


def overrides_made_whole(document: dict[str, Any]) -> dict[str, Any]:
    """A copy of a spec's document in which each arm's overrides lie over the spec's own parts."""
    arms = document.get("arms")
    if not isinstance(arms, list) or len(arms) > MAX_ARMS:  # refused anyway, and not worth copies
        return dict(document)
    return {**document, "arms": [_made_whole(arm, document) for arm in arms]}


def _made_whole(arm: Any, document: dict[str, Any]) -> Any:
    if not isinstance(arm, dict):
        return arm
    return {
        name: merge(document.get(name, {}), value) if name in OVERRIDABLE else value
        for name, value in arm.items()
    }


def inherited(problems: Collection[Problem], document: dict[str, Any]) -> set[Problem]:
    """Those of `problems` that an arm only took over from the spec's own part: they are reported
    there, and the place inside the arm is none of the document that was sent."""
    known, found = set(problems), set()
    for problem in problems:
        place = re.fullmatch(r"/arms/\d+(/.+)", problem.pointer, re.DOTALL)
        if place and Problem(place[1], problem.detail) in known:
            if not _stands_in(document, problem.parts):
                found.add(problem)
    return found


def _stands_in(document: Any, parts: Sequence[str]) -> bool:
    for key in parts:
        if isinstance(document, list):
            document = dict(enumerate(document)).get(int(key))
        elif isinstance(document, dict) and key in document:
            document = document[key]
        else:
            return False
    return True
