"""The results document: the whole answer of an experiment. A new field is no breach of it; a
renamed one is."""

from typing import Any

from pydantic import Field

from api.views import LookView, View
from api.waiting_views import WaitingTimes
from models.evidence.shapes import Comparison
from models.run_problems import RunProblem
from models.states import RunState


class Baselines(View):
    """Accuracies on the test pairs of two models that need no training."""

    majority: float
    """Every pair called what most pairs are."""
    collapsed: float
    """Every pair called a duplicate, as a network does that gives all questions one vector."""


class Curve(View):
    """Losses at the steps of the evaluations; `_per_row` is the same, divided by the rows of a
    batch where the spec adds them up."""

    step: list[int]
    train_loss: list[float] = Field(serialization_alias="train.loss")
    validation_loss: list[float | None] = Field(serialization_alias="validation.loss")
    train_loss_per_row: list[float] = Field(serialization_alias="train.loss_per_row")
    validation_loss_per_row: list[float | None] = Field(
        serialization_alias="validation.loss_per_row"
    )


class RunResult(View):
    id: str
    seed: int
    state: RunState
    step: int
    attempts: int
    reason: str | None
    problem: RunProblem | None
    """What went wrong, where it failed or waits to be tried again."""
    stopped_early: bool
    """Whether it succeeded before its last step, since its validation no longer improved."""
    kept_step: int | None
    """The step whose weights were tested and kept; null until then."""
    metrics: dict[str, float]
    """Of the weights that were kept (until then the latest): `test.accuracy`, …"""
    curve: Curve
    weights_sha256: str | None
    provenance: dict[str, Any] | None


class ArmResult(View):
    name: str
    runs: list[RunResult]


class Results(View):
    experiment: str
    name: str
    state: RunState
    complete: bool
    """Whether every run has ended; until then the comparisons are of what is there."""
    spec: dict[str, Any]
    test_pairs: int
    left_out_pairs: int | None
    """Pairs that the split left out, since their questions lie in different parts; null for an
    experiment from before they were counted."""
    baselines: Baselines
    arms: list[ArmResult]
    comparisons: list[Comparison]
    """On the metric that decides: each arm against the baseline first (`b` is the baseline), then
    the other pairs of arms. After these, in the same order, the secondary metrics of each pair."""
    waiting_times: WaitingTimes
    """Steps to leave the plateau, to reach a target loss, and accuracy at matched loss."""
    plan: list[LookView]
    """The looks at the verdict, where seeds are added until it is decided; else empty. Verdicts
    are then those of the last look taken, and figures are of the runs so far."""
