"""The form of each reply on experiments and recipes, apart from results."""

from datetime import datetime
from typing import Any

from pydantic import ConfigDict

from api.http.views import View
from api.runs.views import RunView
from models.comparison.schema import Verdict
from models.states import LookState, RunState


class LookView(View):
    """One planned look of an experiment that adds seeds until its verdict is decided."""

    number: int
    """Counted from 1."""
    pairs: int
    """Seeds at this look."""
    level: float
    """Nominal two-sided level of its tests; the planned looks together keep the whole error."""
    spent: float
    """What of the error of one comparison is spent once this look has been taken."""
    state: LookState
    taken_at: datetime | None = None


class VerdictView(View):
    """One arm against the baseline in a list; the results document has the figures."""

    a: str
    b: str
    verdict: Verdict
    mean_difference: float | None
    """a - b in the metric that decides."""


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
    progress: float
    """Share of all steps that are done, as in the experiment itself."""
    metric: str
    """The one that decides."""
    verdicts: list[VerdictView]
    """Each arm against the baseline (`b`), once the experiment has ended or a look has judged."""
    owner: str | None = None
    """Id of the API key that asked."""


class ExperimentView(View):
    """An experiment, to be polled: `wait` and `If-None-Match` make that cheap."""

    id: str
    name: str
    state: RunState
    dataset: str
    created_at: datetime
    progress: float
    """Share of all steps that are done, from 0 to 1; 1 also when every run has ended. Of as many
    runs as there may be, while a look may still add some."""
    seconds_left: float | None
    """Until the last run of now ends, from the speed of the runs that go on."""
    waiting_for: str | None
    """What a queued run needs and does not find: a live worker, or one with a CUDA device."""
    runs: list[RunView]
    plan: list[LookView]
    """The looks at the verdict, where seeds are added until it is decided; else empty."""
    spec: dict[str, Any]
    """The normalised spec: every default filled in."""
    owner: str | None = None
    """Id of the API key that asked."""


class DryRun(View):
    """What a spec would be, and would cost, if it were sent without `dry_run`."""

    spec: dict[str, Any]
    runs: int
    """Runs there are at most."""
    runs_at_least: int
    """Runs before the verdict may be decided; as many as `runs` for a fixed number of seeds."""
    plan: list[LookView]
    """The looks at the verdict, where seeds are added until it is decided; else empty."""
    estimated_seconds: float
    estimate: str
    """How the seconds were estimated, in words."""
    test_pairs: int
    left_out_pairs: int
    """Pairs that the split leaves out, since their questions lie in different parts."""
    baselines: dict[str, float]


class RecipeView(View):
    name: str
    about: str
    spec: dict[str, Any]
    """Normalised: ready to be changed and sent."""


class EventView(View):
    """Something that happened to an experiment, or to one of its runs."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    run_id: str | None
    at: datetime
    kind: str
    """`created`, `state`, `cancel_requested`, …"""
    from_state: RunState | None
    to_state: RunState | None
    attempt: int | None
    message: str | None
