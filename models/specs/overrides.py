"""An arm's overrides: completing the partial parts that a person sends, and the loss that arms
without one share.

`{"name": "slow", "loss": …, "optimizer": {"lr": 0.001}}` trains with the spec's optimiser except
for its learning rate. The stored spec has the arm's whole optimiser; a whole part merged over the
spec's stays as it is, so posting the stored spec gives the same experiment.
"""

import re
from collections.abc import Collection, Sequence
from typing import Any

from models.errors import Problem
from models.specs.experiment import MAX_ARMS, OVERRIDABLE
from models.specs.merging import merge


def overrides_made_whole(document: dict[str, Any]) -> dict[str, Any]:
    """A copy of a spec's document with each arm's overrides merged over the spec's own parts."""
    arms = document.get("arms")
    if not isinstance(arms, list) or len(arms) > MAX_ARMS:  # refused later, so not copied
        return dict(document)
    return {**document, "arms": [_made_whole(arm, document) for arm in arms]}


def _made_whole(arm: Any, document: dict[str, Any]) -> Any:
    if not isinstance(arm, dict):
        return arm
    return {
        name: merge(document.get(name, {}), value) if name in OVERRIDABLE else value
        for name, value in arm.items()
    }


def with_shared_loss(document: dict[str, Any]) -> dict[str, Any]:
    """A copy of a spec's document in which arms that have no loss have the spec's. It is gone from
    the spec then, whose stored form has the loss of each arm."""
    loss, arms = document.get("loss"), document.get("arms")
    if loss is None or not isinstance(arms, list) or not any(_lacks_loss(arm) for arm in arms):
        return dict(document)
    others = {name: part for name, part in document.items() if name != "loss"}
    return {**others, "arms": [{**arm, "loss": loss} if _lacks_loss(arm) else arm for arm in arms]}


def _lacks_loss(arm: Any) -> bool:
    return isinstance(arm, dict) and "loss" not in arm


def at_shared_loss(problems: Collection[Problem], document: dict[str, Any]) -> list[Problem]:
    """These problems, those of the spec's loss once and there, and not in each arm that has it."""
    found: dict[Problem, None] = {}
    for problem in problems:
        place = re.fullmatch(r"/arms/\d+(/loss(?:/.+)?)", problem.pointer, re.DOTALL)
        shared = place and "loss" in document and not stands_in(document, problem.parts[:3])
        found[problem.moved(place[1]) if place and shared else problem] = None
    return list(found)


def inherited(problems: Collection[Problem], document: dict[str, Any]) -> set[Problem]:
    """Those of `problems` that an arm only inherited from the spec's own part: they are reported
    there, and the place inside the arm does not exist in the document that was sent."""
    known, from_spec = set(problems), set()
    for problem in problems:
        place = re.fullmatch(r"/arms/\d+(/.+)", problem.pointer, re.DOTALL)
        if place and problem.moved(place[1]) in known:
            if not stands_in(document, problem.parts):
                from_spec.add(problem)
    return from_spec


def stands_in(document: Any, parts: Sequence[str]) -> bool:
    """Whether these keys and indexes lead to a place in the document."""
    for key in parts:
        if isinstance(document, list):
            document = dict(enumerate(document)).get(int(key))
        elif isinstance(document, dict) and key in document:
            document = document[key]
        else:
            return False
    return True
