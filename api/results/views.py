"""The results document: the whole answer of an experiment.

Clients depend on its schema: a field may be added, but none may be renamed or removed.
"""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from api.experiments.views import LookView, ProgrammeView
from api.http.views import View
from api.vectors.views import ArmVectors
from models.comparison.schema import Comparison
from models.factors.schema import Cell, Effect, FactorPair
from models.noise_floor.schema import NoiseFloor, SeedSources
from models.specs.wording.arm_differences import ArmDifference
from models.specs.wording.terms_in_words import TermInWords
from models.states import RunState
from models.store.run_life.run_problems import RunProblem
from models.survival.matched_loss import MatchedAccuracy
from models.survival.schema import RestrictedMean, SurvivalCurve, TimeToEventComparison
from models.tuning.schema import TuningResult

Kind = Literal["leave_plateau", "reach_target_loss"]
MeasuredOn = Literal["training", "validation"]


class MetricLines(View):
    """What one metric is without training; an arm above none of these has gained nothing by it."""

    untrained: dict[str, float] | None
    """Of each arm before its first step, the mean over its runs, but for arms that start from a
    pretrained model; a run measures it just before its first evaluation. Null until one of such an
    arm has come to that, or where all began before this was measured."""
    tf_idf: float | None
    """Of the cosine of TF-IDF vectors (scikit-learn's weights, over the words of the training part,
    as the baseline's tokenizer has them), at a threshold chosen as the baseline's is; null until a
    run has begun, for losses, and for experiments from before it was measured."""
    zero_shot: dict[str, float] | None
    """Of each arm that starts from a pretrained model, what the model measures as it was uploaded;
    of each that starts from token vectors, what their mean measures without a network. The same
    cosine, pairs and choice of threshold; else as `untrained`."""


class Baselines(MetricLines):
    """Lines to hold every result against, since they need no training: two accuracies on the test
    pairs, and those of the metric that decides."""

    majority: float
    """Calling every pair what most pairs are."""
    collapsed: float
    """Calling every pair a duplicate, as a network does that maps all questions to one vector."""
    by_metric: dict[str, MetricLines]
    """The lines of every metric that is compared, by its name."""


class Curve(View):
    """Losses at the steps of the evaluations; `_per_row` is the loss divided by the rows of a
    batch, where the spec sums the loss over them."""

    model_config = ConfigDict(populate_by_name=True)

    step: list[int]
    train_loss: list[float] = Field(alias="train.loss")
    validation_loss: list[float | None] = Field(alias="validation.loss")
    train_loss_per_row: list[float] = Field(alias="train.loss_per_row")
    validation_loss_per_row: list[float | None] = Field(alias="validation.loss_per_row")


class RunResult(View):
    id: str
    seed: int
    setting: int = 0
    """Which of the spec's `tuning.planned` it was trained under; 0 where nothing is tuned."""
    state: RunState
    step: int
    attempts: int
    reason: str | None
    problem: RunProblem | None
    """What went wrong, where it failed or waits for another attempt."""
    stopped_early: bool
    """Whether it succeeded before its last step, since its validation no longer improved."""
    kept_step: int | None
    """The step whose weights were tested and kept; null until then."""
    metrics: dict[str, float]
    """Of the weights that were kept (until then the latest): `test.accuracy`, …"""
    untrained: dict[str, float] | None = None
    """The same before the first step, measured just before the first evaluation; null until then,
    where it ended without any, where it began before this was measured, and of tuning runs."""
    curve: Curve
    weights_sha256: str | None
    provenance: dict[str, Any] | None


class ArmResult(View):
    name: str
    terms: list[TermInWords]
    """Of its loss, in words and as formulas."""
    runs: list[RunResult]


class RunTimeView(View):
    """One run that succeeded."""

    id: str
    seed: int
    step: int
    """The step of the event; the last step that was checked where there was none (censored)."""
    reached: bool
    relapses: int | None = None
    """How many times it came back to the plateau after leaving it; null for a target loss."""
    on_plateau_at_end: bool | None = None


class ArmTimesView(View):
    """One arm over the runs that succeeded; its statistics are null while there are none."""

    arm: str
    plateau_level: float | None
    """The loss per row below which a run is off the plateau; null for a target loss, and for an
    arm whose loss has no plateau."""
    runs: list[RunTimeView]
    censored: int
    left_out: dict[RunState, int]
    """Runs without a time, by state: not ended yet, failed, cancelled."""
    never_on_plateau: int
    """Runs that succeeded and have no time, since they were never on the plateau that others left:
    they began below it, or had large losses without a collapse."""
    curve: SurvivalCurve | None
    median: int | None
    """The first step by which at least half of the runs had the event; null when fewer had."""
    restricted_mean: RestrictedMean | None
    sentence: str


class TimeToEventComparisonView(TimeToEventComparison):
    """An arm against the baseline, with a sentence that says the result."""

    sentence: str


class EndpointView(View):
    """One event, with the time to it in each run, and the arms compared."""

    kind: Kind
    measured_on: MeasuredOn
    about: str
    """The exact definition, and whose loss is the yardstick."""
    target_loss: float | None = None
    """In the baseline's loss as its spec reduces a batch; null for the plateau."""
    target_loss_per_row: float | None = None
    horizon: int | None
    """The step to which every run was followed, and at which restricted means are cut."""
    arms: list[ArmTimesView]
    comparisons: list[TimeToEventComparisonView]
    """Each arm against the baseline (`b`); none with factors, which ask for effects."""


class MatchedLoss(View):
    """The accuracy of each arm at its first evaluation at the loss that both arms reached."""

    about: str
    comparisons: list[MatchedAccuracy]


class TimeToEventView(View):
    """The time-to-event analysis: each endpoint, and the accuracies at matched loss."""

    times: list[EndpointView]
    """Leaving the plateau, on validation and on training steps; and the target loss, if given."""
    matched_loss: MatchedLoss


class Results(View):
    experiment: str
    name: str
    state: RunState
    complete: bool
    """Whether every run has ended; until then, the comparisons are of the runs so far."""
    spec: dict[str, Any]
    test_pairs: int
    left_out_pairs: int | None
    """Pairs that the split left out, because their questions are in different parts; null for an
    experiment that was created before they were counted."""
    baselines: Baselines
    arms: list[ArmResult]
    arms_differ: list[ArmDifference]
    """The fields in which the arms differ, in words, and nothing else; of the cells of factors,
    those are told that differ from the baseline in one factor at most. Empty for one arm. What
    tuning chose for each arm is in `tuning`."""
    comparisons: list[Comparison]
    """On the metric that decides: each arm against the baseline first (`b` is the baseline), then
    the other pairs of arms. After these, in the same order, the secondary metrics of each pair.
    Empty with factors, which ask for effects; `GET /v1/comparisons` has any two cells."""
    programme: ProgrammeView | None
    """Which question of its programme it is, and its level; null without one."""
    noise_floor: NoiseFloor | None
    """What the seed alone does to an arm that is compared with no other, on the metric that
    decides; else null."""
    seed_sources: SeedSources | None
    """How much of that each source makes, where sources are told apart; else null."""
    what_matters_most: str | None
    """The largest effects in one sentence; null without factors, and before any is known."""
    effects: list[Effect]
    """The declared effects of factors, the largest first: on the metric that decides, then on each
    of the secondary ones. Empty without factors."""
    cells: list[Cell]
    """The cells of factors, in the order of the arms; empty without factors."""
    factor_pairs: list[FactorPair]
    """Every two factors of a full design, with the means of every two of their levels."""
    waiting_times: TimeToEventView
    """Steps to leave the plateau and to reach a target loss, and accuracies at matched loss."""
    plan: list[LookView]
    """The interim looks, where seeds are added until the verdict is decided; else empty. Verdicts
    are then those of the last look taken, and statistics are of the runs so far."""
    vectors: list[ArmVectors]
    """What token vectors cover of the vocabulary of each arm that starts from some, once one of its
    runs has succeeded; else empty."""
    tuning: TuningResult | None = None
    """The settings that were tried, and which was chosen for each arm; null where nothing is tuned.
    Its runs are in none of the above."""
