"""The schema of each reply on studies."""

from datetime import datetime

from api.experiments.views import DryRun
from api.http.views import View
from models.states import RunState
from models.studies.schema import StudyComparison


class StudyMemberView(View):
    """One data set of a study, and how far its experiment is."""

    id: str | None
    """Null where the experiment was deleted; the study still tells that it was there."""
    dataset: str
    state: RunState | None
    runs: dict[RunState, int]
    """How many runs are in each state."""


class StudyView(View):
    """A study: experiments that ask one question, each on its data set."""

    id: str
    name: str
    planned: bool
    """Whether its experiments were made with it; else they were joined afterwards."""
    created_at: datetime
    state: RunState
    """As of an experiment that had all their runs."""
    progress: float
    """Share of the steps of all present runs that are done, from 0 to 1."""
    arms: list[str]
    metric: str
    """The metric that decides."""
    experiments: list[StudyMemberView]
    owner: str | None = None
    """Id of the API key with which it was created."""


class StudyDryRun(View):
    """What a study would give, and how long it would take, if it were sent without `dry_run`."""

    runs: int
    """The most runs that there can be, on all data sets together."""
    runs_at_least: int
    """Runs up to the first look; the same as `runs` for a fixed number of seeds."""
    estimated_seconds: float
    """For all of them, one data set after the other."""
    experiments: list[DryRun]
    """Each data set, in order."""


class StudyResults(StudyComparison):
    """The answer of a study: its first arm against the baseline; `others` has the further arms."""

    id: str
    name: str
    planned: bool
    """Whether its experiments were made with it; else they were joined afterwards."""
    state: RunState
    complete: bool
    """Whether every experiment has ended; until then there is no verdict."""
    differing: tuple[str, ...]
    """Fields beside data set and split in which the specs differ, as JSON pointers."""
    others: tuple[StudyComparison, ...]
    """The further arms against the baseline, in order; Holm's rule runs over all of them."""
