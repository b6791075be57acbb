"""The schema of each reply on experiments and recipes; results have their own."""

from datetime import datetime
from typing import Any, Literal

from pydantic import ConfigDict

from api.http.views import View
from api.runs.views import RunView
from api.vectors.views import ArmVectors
from models.comparison.schema import ComparisonWarning, Statistic, Verdict
from models.noise_floor.schema import TwoRunsDifferBy
from models.specs.seeds import Source
from models.specs.tuning import Setting
from models.specs.wording.arm_differences import ArmDifference
from models.states import LookState, RunState, TuningState


class LookView(View):
    """One planned look of an experiment that adds seeds until its verdict is decided."""

    number: int
    """Counted from 1."""
    pairs: int
    """Paired seeds at this look."""
    level: float
    """Nominal two-sided level of its tests; all planned looks together keep the total error."""
    spent: float
    """The error of one comparison that is spent once this look has been taken."""
    state: LookState
    taken_at: datetime | None = None
    futile_above: float | None = None
    """The look ends the experiment where every comparison that is not decided would stay so at the
    last look with a probability above this; null where it never does."""
    stays_undecided: float | None = None
    """That probability, at the spread seen when the look was taken: the smallest of the comparisons
    that it left undecided; null before, at the last look, and where it decided all."""
    asked_at: datetime | None = None
    """When a person asked for seeds up to this look (`/seeds`), after an earlier one had ended the
    plan; null where nobody did."""


class TuningPlanView(View):
    """What an experiment would train to choose the setting of each arm."""

    settings: list[Setting]
    """Every setting, in order; each arm is tried with all of them."""
    seeds: list[int]
    """The tuning seeds, under each of which every setting is trained."""
    runs: int
    """Tuning runs: arms x settings x seeds."""
    steps: int
    """Training steps of all of them."""
    stops: list[int]
    """The steps to which they are trained before settings are judged, the last of them to the end;
    with halving more than one."""


class TuningStepView(View):
    """The choice of each arm's setting; the results document has what it rests on."""

    state: TuningState
    reason: str | None
    """Where no setting could be chosen: why, and what to do."""
    chosen_at: datetime | None
    chosen: dict[str, int]
    """By arm, the index of its setting in the spec's `tuning.planned`; empty until chosen, and
    where every seed has a choice of its own."""
    chosen_under: dict[str, dict[int, int]]
    """Where every seed has a choice of its own: by arm and seed, this index."""


class VerdictView(View):
    """The verdict on one arm against the baseline, or on one effect of factors; the results
    document has the statistics."""

    a: str
    b: str
    """Of an effect: the level, or the combination of two, and what it is compared with."""
    verdict: Verdict
    mean_difference: float | None
    """a - b in the metric that decides."""
    warnings: list[ComparisonWarning]
    """Why it says little of the choice; empty where nothing is wrong."""


class NoiseFloorView(View):
    """What the seed alone does to the arm of an experiment that has one; results have the rest."""

    n: int
    """Runs that succeeded."""
    mean: Statistic
    sd: Statistic
    two_runs_differ_by: TwoRunsDifferBy
    sentence: str


class ProgrammeView(View):
    """Which question of its programme an experiment is, and what it may err."""

    name: str
    question: int
    """Its place among the questions of the programme, from 1."""
    level: float
    """What it may spend on a false `better`: it stands in place of 1 - confidence, and was stored
    before the first run. In a dry run, what it would be now."""
    sentence: str


class ExperimentSummary(View):
    """An experiment in a list."""

    id: str
    name: str
    state: RunState
    dataset: str
    created_at: datetime
    runs: dict[RunState, int]
    """How many runs are in each state."""
    arms: list[str]
    factors: list[str]
    """Names of the factors, where arms are their cells; else empty."""
    progress: float
    """Share of all steps that are done, as in the experiment itself."""
    metric: str
    """The metric that decides."""
    verdicts: list[VerdictView]
    """Each arm against the baseline (`b`), once the experiment has ended or a look has judged; with
    factors each declared effect, the largest first."""
    reason: str | None
    """Why the first of its failed runs failed; null where none has."""
    noise_floor: NoiseFloorView | None = None
    """Of an experiment with one arm, once it has ended."""
    programme: ProgrammeView | None = None
    owner: str | None = None
    """Id of the API key with which it was created."""
    tags: list[str]
    """Words that people gave it (`/labels`), in the order of letters."""
    problem: str | None = None
    """Why this version cannot read its stored spec; what the spec would say is then empty."""


class SpecWarning(View):
    """What is allowed, and yet will say less than its sender may expect."""

    kind: Literal["too_few_seeds", "coarse_margin", "long_warm_up", "long_text"]
    sentence: str


class ExperimentView(View):
    """An experiment and its runs; poll it with `wait` and `If-None-Match`, which is cheap."""

    id: str
    name: str
    state: RunState
    dataset: str
    created_at: datetime
    progress: float
    """Share of all steps that are done, from 0 to 1: of a run that has succeeded all, of any other
    those that it trained. While a look may still add runs, it is the share of the most runs that
    there can be."""
    seconds_left: float | None
    """Until the last of the present runs ends, estimated from the speed of its runs."""
    waiting_for: str | None
    """What a queued run needs to start and does not find: a worker, or one with a CUDA device."""
    runs: list[RunView]
    plan: list[LookView]
    """The interim looks, where seeds are added until the verdict is decided; else empty."""
    tuning: TuningStepView | None = None
    """The choice of each arm's setting; null where nothing is tuned."""
    programme: ProgrammeView | None = None
    """The sequence of experiments that it is a question of; null without one."""
    spec: dict[str, Any]
    """The normalised spec: every default filled in."""
    owner: str | None = None
    """Id of the API key with which it was created."""
    studies: list[str] = []
    """Ids of the studies that it belongs to, oldest first."""
    warnings: list[SpecWarning] = []
    """In the reply to the POST alone: what its spec cannot show, as in the dry run."""


class DeclaredEffectView(View):
    """An effect of factors that would be judged."""

    kind: Literal["main", "interaction"]
    factors: list[str]
    levels: list[str]
    baselines: list[str]
    """The first level of each of the factors."""
    cells: int
    """Cells of which it needs a run under a seed, so that the seed counts."""


class FittedSize(View):
    """A size that the body left open, or gave as a share, and that follows from the data set."""

    pointer: str
    """The field of the spec."""
    value: int | dict[str, Any]
    """What the stored spec has there."""
    sentence: str


class SeedSourcesView(View):
    """What differs between the seeds of an experiment."""

    varied: list[Source]
    """The sources of which each seed has its own draw."""
    held: list[Source]
    """Those of which all runs have one draw, that of the seed `held_at`."""
    held_at: int | None
    training_pairs: int
    """Duplicate pairs of the split to train on."""
    training_groups: int
    """Their duplicate groups, of which a seed may draw half."""
    told_apart: bool
    """Whether each varied source is also drawn anew alone, in runs of its own."""
    pairs_drawn: int | None
    """About how many of the training pairs a seed draws; null where all train."""
    sentence: str


class GivenNegativesView(View):
    """The negatives that the training rows give to the anchors of an arm."""

    arm: str
    given: int
    """The most that an anchor has in a batch."""
    in_batch: bool
    """Whether the other pairs of the batch are negatives too; else only pairs whose anchor is given
    one train."""
    training_pairs: int
    """Duplicate pairs of the split to train on."""
    pairs_with_given: int
    """Those of them whose anchor is given a negative."""
    given_per_pair: float
    """The mean number in a batch of each pair that trains."""
    sentence: str


class CutTextsView(View):
    """How many texts the encoder of an arm reads only the beginning of."""

    arm: str
    max_tokens: int
    rows: int
    """Rows of the data set with a text that is cut."""
    texts: int
    """Texts of both columns that are cut."""
    sentence: str


class FormulaView(View):
    """A formula in the loss of an arm, and the mean of its rows, without the weight, on batches of
    the arm's size; null where that is not a finite number."""

    arm: str
    pointer: str
    """Where it is in the spec; of a cell in the level that gives it."""
    row: str
    """The formula."""
    collapsed: float | None
    """Where all questions have one vector, so that every similarity is 1."""
    random: float | None
    """Of independent random vectors, as of a network that knows nothing."""
    perfect: float | None
    """Where every positive has the similarity 1 and every negative 0: the least of the three, for
    a loss that asks for what it should."""


class DryRun(View):
    """What a spec would give, and how long it would take, if it were sent without `dry_run`."""

    spec: dict[str, Any]
    programme: ProgrammeView | None = None
    """The question that it would be now, and its level; null without a programme."""
    runs: int
    """The most runs that there can be."""
    runs_at_least: int
    """Runs up to the first look; the same as `runs` for a fixed number of seeds."""
    plan: list[LookView]
    """The interim looks, where seeds are added until the verdict is decided; else empty."""
    tuning: TuningPlanView | None = None
    """What is tuned before the comparison, and what that costs; null where nothing is tuned."""
    effects: list[DeclaredEffectView]
    """What would be judged, where there are factors; else empty."""
    seed_sources: SeedSourcesView
    """What a seed varies."""
    given_negatives: list[GivenNegativesView]
    """Of each arm that asks for given negatives; else empty. A sentence says what they cost."""
    cut_texts: list[CutTextsView]
    """Of each arm whose encoder over words has `max_tokens`; else empty."""
    arms_differ: list[ArmDifference]
    """The fields that are not the same in all arms, in words; empty for one arm."""
    formulas: list[FormulaView]
    """The formulas among the terms of the arms' losses; else empty."""
    seeds_needed: int
    """The fewest seeds with which anything can be called better, among all that is judged."""
    warnings: list[SpecWarning]
    """What the spec cannot show; empty where nothing is wrong."""
    fitted: list[FittedSize]
    """The sizes that follow from the data set; empty where the body gives all that matter."""
    estimated_seconds: float
    estimate: str
    """How the seconds were estimated, in words."""
    vectors: list[ArmVectors]
    """What token vectors cover of the vocabulary of each arm that starts from some; else empty."""
    run_memory_bytes: int | None
    """About how much memory a run may need, where an arm starts from a pretrained model."""
    test_pairs: int
    left_out_pairs: int
    """Pairs that the split leaves out, because their questions are in different parts."""
    baselines: dict[str, float]


class RecipeView(View):
    """A named spec that comes with the service."""

    name: str
    about: str
    spec: dict[str, Any]
    """Normalised; it can be changed and sent as it is."""


class EventView(View):
    """An event in the life of an experiment or of one of its runs."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    run_id: str | None
    at: datetime
    kind: str
    """`created`, `state`, `cancel_requested`, `retried` (a person queued the run again), `look` (an
    interim look was taken), `seeds_added` (a person asked for more), `renamed`, or `choice` (the
    setting of each arm was chosen)."""
    from_state: RunState | None
    to_state: RunState | None
    attempt: int | None
    message: str | None
