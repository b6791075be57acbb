"""The schema of what tuning says in the results document. A new field is compatible; renaming one
is not."""

from datetime import datetime

from models.comparison.schema import Interval, Pair, ResultPart, Statistic
from models.specs.tuning import Setting
from models.states import TuningState


class ExpectedBest(ResultPart):
    """The best mean that somebody finds who tries only so many of these settings, on average over
    every choice of that many (Dodge et al. 2019; the unbiased form is that of Tang et al. 2020)."""

    settings: int
    mean: float
    low: float
    """In the middle 95 % of the choices of so many settings, the best is from here …"""
    high: float
    """… to here: how lucky or unlucky the choice of settings can be. It says nothing of seeds."""


class TunedArm(ResultPart):
    """What one arm's tuning runs gave."""

    name: str
    runs: tuple[tuple[str, ...], ...]
    """Their ids, as [setting][seed]."""
    validation: tuple[tuple[Statistic, ...], ...]
    """The metric that chooses, as [setting][seed]; null where a run has not succeeded."""
    trained_to: tuple[tuple[int, ...], ...]
    """The steps up to which each was to be trained, as [setting][seed]: with halving, a setting
    that was left out has the stop at which it was, and so has its value."""
    means: tuple[Statistic, ...]
    """Of each setting over the seeds that have a value; null without one."""
    chosen: int | None
    """The index of the setting that was chosen; null until then, and where every seed has a choice
    of its own."""
    chosen_under: dict[int, int]
    """Where every seed of the comparison has a choice of its own: by seed, its index."""
    at_edge: bool
    """Whether the chosen setting is at the edge of what was tried, in some field; of many choices,
    whether at least half are."""
    edges: tuple[str, ...]
    """These fields."""
    expected_best: tuple[ExpectedBest, ...]
    """For one setting, two, and so on, to all that have a mean. With halving, of the means at the
    first stop, to which every setting was trained."""
    steps_spent: int
    """Training steps of all its tuning runs."""


class SettingDifference(ResultPart):
    """An arm against the baseline, or an effect of factors, with all arms at one and the same
    setting, under the tuning seeds."""

    setting: int
    a: str
    b: str
    metric: str
    """The metric that chooses."""
    pairs: tuple[Pair, ...]
    mean_difference: Statistic
    interval: Interval | None


class TuningResult(ResultPart):
    """The settings that every arm was tried with, and the choice."""

    state: TuningState
    reason: str | None
    """Where no setting could be chosen: why, and what to do."""
    chosen_at: datetime | None
    choose_by: str
    seeds: tuple[int, ...]
    """The tuning seeds; the comparison has none of them."""
    settings: tuple[Setting, ...]
    stops: tuple[int, ...]
    """The steps at which the settings of each arm are judged, the last of them the end; with
    halving more than one."""
    arms: tuple[TunedArm, ...]
    by_setting: tuple[SettingDifference, ...]
    """Each arm against the baseline, or each declared effect, at each setting: where the verdict
    would turn. It is described, and decides nothing. With halving, of the seeds whose runs were all
    trained to the end."""
