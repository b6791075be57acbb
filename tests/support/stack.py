"""Stacks for tests: questions of very different lengths, arms of every loss, the events of each."""

import dataclasses
from collections.abc import Callable, Collection, Iterable
from typing import Any

import numpy as np

from models.specs.experiment import ExperimentSpec
from worker.training.data import RunData
from worker.training.events import Event, StepDone
from worker.training.stack.loop import Failed, Member, Stack

from support.training import WORDS, tiny_data, tiny_spec

TERMS: dict[str, dict[str, Any]] = {
    "mean": {"kind": "mean_negative"},
    "semi": {"kind": "closest_negative", "among": "semi_hard"},
    "mined": {
        "kind": "closest_negative",
        "mining": [{"from_step": 1, "among": "semi_hard"}, {"from_step": 4, "among": "all"}],
    },
    "selective": {"kind": "selectively_contrastive"},
    "ranking": {"kind": "multiple_negatives"},
    "drawn": {"kind": "distance_weighted"},
    "circle": {"kind": "circle"},
    "contrastive": {"kind": "contrastive"},
    "formula": {"kind": "formula", "row": "relu(margin - s_ap + logmeanexp(20 * s_an) / 20)"},
    "ramped": {
        "kind": "formula",
        "row": "step / 6 * sum(where(rank(s_an) <= 2, relu(s_an), 0)) + sqrt(1 - s_ap)"
        " + topk(s_an, 2) * sigmoid(cross_entropy(s_ap, s_an))",
    },
}
ANCHORS = ("first", "second", "both")

Told = dict[int, list[Event | Failed]]
"""The events of every member, by its index."""
Until = Callable[[int, Event | Failed], Collection[int]]
"""After an event of a member, the members to drop."""


def arms_of_every_loss() -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "loss": {
                "terms": [term],
                "anchors": ANCHORS[index % 3],
                "exclude_known_duplicates": index % 2 == 1,
                "reduction": "mean" if index % 4 == 2 else "sum",
            },
        }
        for index, (name, term) in enumerate(TERMS.items())
    ]


def wild_data(rows: int = 400, seed: int = 0) -> RunData:
    """As `tiny_data`, but one question in 25 has up to 70 tokens, and one in forty has none."""
    draw = np.random.default_rng(seed)
    data = tiny_data(rows, seed)
    lengths = draw.integers(1, 8, size=2 * rows)
    long = draw.random(2 * rows) < 0.04
    lengths[long] = draw.integers(9, 71, size=long.sum())
    lengths[draw.random(2 * rows) < 0.025] = 0
    return dataclasses.replace(
        data,
        ids=draw.integers(2, WORDS, size=lengths.sum()).astype(np.int32),
        offsets=np.concatenate(([0], np.cumsum(lengths))),
    )


def stack_spec(**changes: Any) -> ExperimentSpec:
    """The tiny spec for six steps; its encoder is named whole by those who change it."""
    return tiny_spec(**{"steps": 6, "evaluate_every": 3, **changes})


def told_by(stack: Stack, until: Until | None = None) -> Told:
    """The events of every member, by its index. `until` may say, after any event, whom to drop."""
    told: Told = {}
    for member, event in stack.events():
        told.setdefault(member, []).append(event)
        for dropped in (until(member, event) if until else None) or ():
            stack.drop(dropped)
    return told


def trained(
    spec: ExperimentSpec,
    members: Iterable[tuple[Any, ...]],
    data: RunData,
    *,
    width: int = 4,
    until: Until | None = None,
    device: str = "cpu",
) -> Told:
    """The events of every member of a stack of `members`, each an arm and a seed."""
    stack = Stack(spec, [Member(*member) for member in members], data, width=width, device=device)
    return told_by(stack, until)


def dropping(member: int, step: int) -> Until:
    """Drops `member` after its step `step`."""
    return lambda index, event: (
        [member] if index == member and isinstance(event, StepDone) and event.step == step else []
    )
