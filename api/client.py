"""The Python client of Tripletlab, in one file that needs only httpx and can be copied anywhere.

    curl -O localhost:8000/client/tripletlab.py

    from tripletlab import Client, print_progress

    with Client("http://localhost:8000") as lab:
        experiment = lab.submit({"recipe": "hard-negative-mining-small"})
        lab.wait(experiment, print_progress)
        print(lab.results(experiment).sentence)

An API key, where the service needs one, is given as `key` or in TRIPLETLAB_KEY; the address can be
in TRIPLETLAB_URL. Every record has its fields and the whole `document` of the service. Errors are
`TripletlabError`s; one from a request that the service refused has the problem document (RFC 9457).
"""

import hashlib
import hmac
import json
import math
import os
import re
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, fields
from importlib import import_module
from pathlib import Path
from typing import IO, Any, Self, overload
from urllib.parse import quote

import httpx

LOCAL = "http://127.0.0.1:8000"
LOOPBACK = r"localhost|127(\.\d+){3}|::1"  # this machine: an own transport uses no proxies
TIMEOUT = 20.0  # seconds for a reply, beside the time that a call asks the service to wait
FILE_TIMEOUT = 120.0  # for the next piece of a file; the pictures of a report are drawn first
UPLOAD_TIMEOUT = 600.0  # for sending, reading and profiling a file
HOLD = 20  # seconds that the service may hold a reply until something changes
OUTAGE = 60.0  # seconds that a service may be away while an experiment is followed
MIN_PAUSE = 0.2  # a step ends every few milliseconds, and nobody reads that fast
ENDED = frozenset({"succeeded", "failed", "cancelled"})

BySeed = Mapping[int, float] | Mapping[str, float]
"""Seed -> value of a metric, of the runs of one arm; in JSON the seeds are texts."""


class TripletlabError(Exception):
    """Any reason why a call has no answer."""


class Misused(TripletlabError, ValueError):
    """The address, the key or the proxy in the environment cannot be used."""


class NoAnswer(TripletlabError):
    """No service answers at the address."""


class TooSlow(NoAnswer):
    """The service did not answer in time."""


class Broken(TripletlabError):
    """The file that arrived is not the one that the service sent."""


class NotWritten(TripletlabError, OSError):
    """The file to download to cannot be written; the text says why."""


class NoPrediction(TripletlabError):
    """The worker could not compute a prediction; the text says why."""


class Refused(TripletlabError):
    """The service refused the request. `problem` is its problem document and `errors` its list of
    wrong fields, each with `pointer` and `detail`; `retry_after` is in seconds, where given."""

    def __init__(self, status: int, problem: Mapping[str, Any], retry_after: float | None) -> None:
        self.status, self.problem, self.retry_after = status, problem, retry_after
        self.errors: Sequence[Mapping[str, str]] = problem.get("errors", [])
        super().__init__(f"{problem['title']}: {problem['detail']}")


class Invalid(Refused):
    """The request is wrong (400, 413, 415, 422)."""


class Unauthorized(Refused):
    """The key is missing or does not work (401)."""


class Forbidden(Refused):
    """The scope of the key does not allow this (403)."""


class NotFound(Refused):
    """The thing does not exist (404)."""


class Conflict(Refused):
    """The thing is in a state that forbids this (409)."""


class TooMany(Refused):
    """A quota of this key is used up for now (429)."""


class Unavailable(Refused):
    """The service, or a part that it needs, is away for now (502, 503, 504)."""


_KINDS: Mapping[int, type[Refused]] = {
    **dict.fromkeys((400, 413, 415, 422), Invalid),
    **dict.fromkeys((502, 503, 504), Unavailable),
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    429: TooMany,
}


class Table(dict[str, list[Any]]):
    """Columns of equal length, by name. A slice is the table of these rows, a number one row."""

    @overload
    def __getitem__(self, key: str) -> list[Any]: ...
    @overload
    def __getitem__(self, key: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, key: slice) -> "Table": ...
    def __getitem__(self, key: str | int | slice) -> Any:
        if isinstance(key, slice):
            return Table({name: values[key] for name, values in self.items()})
        if isinstance(key, int):
            if not self:
                raise IndexError("the table has no rows")
            return {name: values[key] for name, values in self.items()}
        return super().__getitem__(key)

    def frame(self, library: str = "pandas") -> Any:
        """Return a data frame of `pandas` or `polars`, which is imported only here. Raises
        `Misused` where it is not installed."""
        if library not in ("pandas", "polars"):
            raise Misused(f"library must be 'pandas' or 'polars', not {library!r}")
        lenient = {"strict": False} if library == "polars" else {}
        try:
            return import_module(library).DataFrame(dict(self), **lenient)
        except ModuleNotFoundError as error:
            if error.name != library:
                raise
            raise Misused(
                f"a frame needs {library}, which is not installed: pip install {library}; "
                "without it, a table is a dict of columns"
            ) from None

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, Any]]) -> "Table":
        """Make a table from rows; a name that is missing in a row is None there."""
        every = list(rows)
        names = dict.fromkeys(name for row in every for name in row)
        return cls({name: [row.get(name) for row in every] for name in names})


@dataclass(frozen=True, kw_only=True)
class Record:
    """Fields of a reply, and the whole reply."""

    document: dict[str, Any] = field(repr=False)
    """The whole JSON document."""

    @classmethod
    def of(cls, document: dict[str, Any]) -> Self:
        names = (one.name for one in fields(cls) if one.name != "document")
        return cls(document=document, **{name: document[name] for name in names})


@dataclass(frozen=True, kw_only=True)
class Run(Record):
    """One arm under one seed."""

    id: str
    arm: str
    seed: int
    state: str
    step: int
    reason: str | None


@dataclass(frozen=True, kw_only=True)
class Experiment(Record):
    id: str
    name: str
    state: str
    progress: float
    """Share of the steps that are done, from 0 to 1."""
    seconds_left: float | None
    waiting_for: str | None

    @property
    def runs(self) -> list[Run]:
        return [Run.of(run) for run in self.document["runs"]]

    @property
    def ended(self) -> bool:
        return self.state in ENDED


@dataclass(frozen=True, kw_only=True)
class DryRun(Record):
    spec: dict[str, Any]
    runs: int
    estimated_seconds: float
    estimate: str

    @property
    def formulas(self) -> list[dict[str, Any]]:
        """The formulas in the arms' losses: `arm`, `pointer`, `row`, and what a row costs where
        everything is `collapsed`, `random` or `perfect`."""
        return list(self.document.get("formulas", []))


@dataclass(frozen=True, kw_only=True)
class Dataset(Record):
    name: str
    content_hash: str
    rows: int
    duplicates: int


@dataclass(frozen=True, kw_only=True)
class Model(Record):
    """A pretrained encoder that runs can start from."""

    name: str
    content_hash: str
    architecture: str
    parameters: int


@dataclass(frozen=True, kw_only=True)
class Vectors(Record):
    name: str
    content_hash: str
    tokens: int
    dimension: int


@dataclass(frozen=True, kw_only=True)
class Difference(Record):
    """A difference a - b on one metric, with its verdict."""

    a: str
    b: str
    metric: str
    mean_difference: float | None
    verdict: str
    """`a_better`, `b_better`, `equivalent` or `undecided`."""
    sentence: str

    @property
    def interval(self) -> tuple[float, float] | None:
        return self._ends("interval")

    def _ends(self, name: str) -> tuple[float, float] | None:
        interval = self.document[name]
        return (interval["low"], interval["high"]) if interval else None


@dataclass(frozen=True, kw_only=True)
class Judged(Difference):
    """A difference over seeds."""

    role: str
    """`primary` on the metric that decides, else `secondary`."""
    sign_flip_p: float | None

    @property
    def pairs(self) -> Table:
        """Columns `seed`, `difference`, and of a comparison `a` and `b`."""
        return Table.of(self.document["pairs"])


@dataclass(frozen=True, kw_only=True)
class Comparison(Judged):
    """Two arms over their paired seeds."""


@dataclass(frozen=True, kw_only=True)
class Effect(Judged):
    """What a level of a factor, or two levels together, change within a seed."""

    kind: str
    """`main` or `interaction`."""
    factors: list[str]


@dataclass(frozen=True, kw_only=True)
class NoiseFloor(Record):
    """How far apart runs of one arm lie that differ in the seed alone."""

    arm: str
    metric: str
    n: int
    mean: float | None
    sd: float | None
    two_runs_differ_by: dict[str, float | None]
    """By more than `median` in half of all cases, by more than `in_1_of_20` in 1 of 20; and the
    share of cases `beyond_margin`."""
    one_run_each_cannot_see: float | None
    """A true difference below this is missed by one run of each of two arms."""
    seeds_for_margin: int | None
    """Paired seeds with which a difference as large as the margin is found."""
    sentence: str


@dataclass(frozen=True, kw_only=True)
class SeedSources(Record):
    """What makes two runs of one arm differ."""

    arm: str
    metric: str
    n: int
    sd: float | None
    """Of all sources together."""
    sentence: str

    @property
    def sources(self) -> Table:
        """The largest first: `source`, `n` pairs, `sd`, and its interval, `low` and `high`."""
        return Table.of(
            {"source": one["source"], "n": len(one["pairs"]), "sd": one["sd"]}
            | {end: (one["sd_interval"] or {}).get(end) for end in ("low", "high")}
            for one in self.document["sources"]
        )


@dataclass(frozen=True, kw_only=True)
class Results(Record):
    """The results of an experiment, also while they are incomplete."""

    experiment: str
    name: str
    state: str
    complete: bool
    baselines: dict[str, Any]

    @property
    def comparisons(self) -> list[Comparison]:
        return [Comparison.of(one) for one in self.document["comparisons"]]

    @property
    def effects(self) -> list[Effect]:
        """Where there are factors: their effects, the largest on the metric that decides first."""
        return [Effect.of(one) for one in self.document.get("effects", [])]

    @property
    def cells(self) -> Table:
        """Where there are factors: `arm`, a column for each factor, `n`, `mean` and `sd`."""
        return Table.of(
            {"arm": one["arm"], **one["levels"]}
            | {name: one["summary"][name] for name in ("n", "mean", "sd")}
            for one in self.document.get("cells", [])
        )

    @property
    def decisions(self) -> Sequence[Judged]:
        """On the metric that decides: the comparison of each arm with the baseline, or with factors
        every effect."""
        if self.document["spec"].get("factors"):
            return [one for one in self.effects if one.role == "primary"]
        baseline = self.document["spec"]["decision"]["baseline"]
        return [c for c in self.comparisons if c.role == "primary" and c.b == baseline]

    @property
    def sentence(self) -> str:
        """The verdict on each arm, or effect, in words; of a single arm, its noise floor and what
        makes it."""
        if self.noise_floor is not None:
            sources = [] if self.seed_sources is None else [self.seed_sources.sentence]
            return "\n".join([*sources, self.noise_floor.sentence])
        most = self.document.get("what_matters_most")
        return "\n".join([*([most] if most else []), *(one.sentence for one in self.decisions)])

    @property
    def noise_floor(self) -> NoiseFloor | None:
        """What the seed alone does to a single arm; None where arms are compared."""
        floor = self.document.get("noise_floor")
        return NoiseFloor.of(floor) if floor else None

    @property
    def seed_sources(self) -> SeedSources | None:
        """How much of that noise each source makes; None where they are not told apart."""
        sources = self.document.get("seed_sources")
        return SeedSources.of(sources) if sources else None

    @property
    def runs(self) -> Table:
        """One row per run: `arm`, `run`, `seed`, `state`, `step`, then its metrics."""
        return Table.of(
            {"arm": arm, "run": run["id"], **{n: run[n] for n in ("seed", "state", "step")}}
            | run["metrics"]
            for arm, run in self._runs()
        )

    @property
    def curves(self) -> Table:
        """One row per evaluation: `arm`, `seed`, `step`, then the losses."""
        return Table.of(
            {"arm": arm, "seed": run["seed"], **dict(zip(run["curve"], values, strict=True))}
            for arm, run in self._runs()
            for values in zip(*run["curve"].values(), strict=True)
        )

    @property
    def tuning(self) -> Table:
        """One row per arm and setting that was tried: `arm`, the fields of the setting, the `mean`
        on validation, the step it was `trained_to`, and whether it was `chosen`; empty where
        nothing is tuned."""
        tuning = self.document.get("tuning") or {"arms": []}
        return Table.of(
            {
                "arm": arm["name"],
                **setting,
                "mean": arm["means"][at],
                "trained_to": max(arm["trained_to"][at]),
                "chosen": arm["chosen"] == at or at in arm["chosen_under"].values(),
            }
            for arm in tuning["arms"]
            for at, setting in enumerate(tuning["settings"])
        )

    def _runs(self) -> list[tuple[str, dict[str, Any]]]:
        return [(arm["name"], run) for arm in self.document["arms"] for run in arm["runs"]]


@dataclass(frozen=True, kw_only=True)
class Study(Record):
    """One question asked on several data sets."""

    id: str
    name: str
    planned: bool
    """Whether its experiments were made with it; else they were joined afterwards."""
    state: str
    progress: float
    """Share of the steps that are done, from 0 to 1."""

    @property
    def experiments(self) -> Table:
        """Columns `id` (None where it was deleted), `dataset`, `state` and `runs`."""
        return Table.of(self.document["experiments"])


@dataclass(frozen=True, kw_only=True)
class StudyComparison(Difference):
    """Two arms over all data sets of a study; the mean is that over the data sets that count."""

    better_in: int
    """Data sets on which a is better by their own verdicts, of `counted`."""

    @property
    def counted(self) -> int:
        """Data sets that count."""
        return int(self.document["of"])

    @property
    def prediction_interval(self) -> tuple[float, float] | None:
        """Where an experiment on one more data set would come out."""
        return self._ends("prediction_interval")

    @property
    def data_sets(self) -> Table:
        """A row for each: `dataset`, `mean_difference`, `interval`, `verdict`, `left_out`, …"""
        return Table.of(self.document["experiments"])


@dataclass(frozen=True, kw_only=True)
class StudyResults(StudyComparison):
    """What its data sets say together, of the first arm against the baseline."""

    id: str
    name: str
    planned: bool
    complete: bool

    @property
    def comparisons(self) -> Sequence[StudyComparison]:
        """Every arm against the baseline, this one first."""
        return [self, *(StudyComparison.of(one) for one in self.document["others"])]


@dataclass(frozen=True, kw_only=True)
class Prediction(Record):
    question1: str
    question2: str
    similarity: float
    """Cosine similarity of the vectors of the two questions."""
    duplicate: bool


AnyExperiment = str | Experiment
AnyRun = str | Run
AnyStudy = str | Study
AnyPath = str | Path
OnChange = Callable[[Experiment], object]

_last_lines: dict[str, str] = {}  # written of each experiment, where none can be overwritten


def print_progress(experiment: Experiment) -> None:
    """Write to standard error how far the experiment is; for `wait`. On a terminal one line is
    overwritten each time; in a file there is a line for each state and each tenth of the steps."""
    left = experiment.seconds_left
    waits = f"waits for {experiment.waiting_for}" if experiment.waiting_for else ""
    more = waits or ("" if left is None else f"about {left:.0f} s left")
    line = f"{experiment.name}: {experiment.state}, {100 * experiment.progress:.0f} %"
    line += f", {more}" if more else ""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{line}" + ("\n" if experiment.ended else ""))
    else:
        reached = f"{experiment.state} {waits} {int(10 * experiment.progress)}"
        if _last_lines.get(experiment.id) != reached:
            sys.stderr.write(f"{line}\n")
        _last_lines[experiment.id] = "" if experiment.ended else reached
    sys.stderr.flush()


class Client:
    """Calls to one service. Every call raises a `TripletlabError` where it has no answer.

    A call that takes an id also takes a record that has one (`Experiment`, `Run`).
    """

    def __init__(
        self, url: str | None = None, key: str | None = None, *, timeout: float = TIMEOUT
    ) -> None:
        """`url` and `key` default to TRIPLETLAB_URL and TRIPLETLAB_KEY. Raises `Misused`."""
        self.url = (url or os.environ.get("TRIPLETLAB_URL") or LOCAL).rstrip("/")
        token = os.environ.get("TRIPLETLAB_KEY", "") if key is None else key
        if not re.fullmatch(r"[!-~]*", token):
            raise Misused("not an API key; keys look like tl_… (set `key` or TRIPLETLAB_KEY)")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        with self._explained():
            address = httpx.URL(self.url)
        own = httpx.HTTPTransport() if re.fullmatch(LOOPBACK, address.host) else None
        try:
            self._http = httpx.Client(base_url=address, headers=headers, transport=own)
        except (ImportError, ValueError, httpx.InvalidURL) as error:
            raise Misused(f"The proxy in the environment cannot be used: {error}") from None
        self._timeout = timeout

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def get(self, path: str, **params: Any) -> Any:
        """Return the JSON of a reply; parameters that are None are not sent."""
        return self.request("GET", path, params=_given(params)).json()

    def post(self, path: str, **request: Any) -> Any:
        return self.request("POST", path, **request).json()

    def request(
        self, method: str, path: str, *, timeout: float | None = None, **request: Any
    ) -> httpx.Response:
        """Return the reply. Raises a `TripletlabError` for an error status, which 304 is not."""
        seconds = self._timeout if timeout is None else timeout
        with self._explained():
            reply = self._http.request(method, path, timeout=seconds, **request)
        if reply.is_error:
            raise _refusal(reply)
        return reply

    def submit(self, spec: Mapping[str, Any], *, idempotency_key: str | None = None) -> Experiment:
        """Create an experiment. With an `idempotency_key`, it is safe to submit it again."""
        headers = {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}
        return Experiment.of(self.post("/v1/experiments", json=spec, headers=headers))

    def dry_run(self, spec: Mapping[str, Any]) -> DryRun:
        """Return the normalised spec and the estimated time; nothing is stored."""
        return DryRun.of(self.post("/v1/experiments", json=spec, params={"dry_run": True}))

    def experiment(self, experiment: AnyExperiment) -> Experiment:
        """Return its present state."""
        return Experiment.of(self.get(f"/v1/experiments/{_id(experiment)}"))

    def follow(
        self, experiment: AnyExperiment, on_away: Callable[[Exception], None] = lambda _: None
    ) -> Iterator[Experiment]:
        """Yield its present state, and again after each change, until it has ended. After the first
        reply, the service may be away for up to a minute; `on_away` is told why, once each time."""
        path, tag, away_since = f"/v1/experiments/{_id(experiment)}", None, None
        while True:
            more: Any = {"params": {"wait": HOLD}, "headers": {"If-None-Match": tag}} if tag else {}
            try:
                reply = self.request("GET", path, timeout=HOLD + self._timeout, **more)
            except (NoAnswer, Unavailable) as error:
                if tag is None or time.monotonic() - (away_since or math.inf) > OUTAGE:
                    raise
                if away_since is None:
                    away_since = time.monotonic()
                    on_away(error)
                time.sleep(1.0)
                continue
            away_since = None
            if reply.status_code != httpx.codes.NOT_MODIFIED:
                current = Experiment.of(reply.json())
                yield current
                if current.ended:
                    return
            tag = reply.headers["etag"]
            time.sleep(MIN_PAUSE)

    def wait(
        self,
        experiment: AnyExperiment,
        on_change: OnChange = lambda _: None,
        *,
        timeout: float | None = None,
    ) -> Experiment:
        """Return the experiment once it has ended; `on_change` (such as `print_progress`) gets each
        state before. Raises `TooSlow` at the first change after `timeout` seconds."""
        end = None if timeout is None else time.monotonic() + timeout
        for current in self.follow(experiment):
            on_change(current)
            if end is not None and not current.ended and time.monotonic() > end:
                raise TooSlow(f"{current.id} is still {current.state} after {timeout:g} s")
        return current

    def cancel(self, experiment: AnyExperiment) -> Experiment:
        """Request the cancellation of its runs; the call is idempotent."""
        return Experiment.of(self.post(f"/v1/experiments/{_id(experiment)}/cancel"))

    def more_seeds(self, experiment: AnyExperiment, *, fresh: int | None = None) -> dict[str, Any]:
        """Return to how many seeds it can be brought (`counts`; of one arm any up to `most`), why
        to no others (`sentence`), and a spec of the same question under `fresh` new seeds."""
        return dict(self.get(f"/v1/experiments/{_id(experiment)}/seeds", fresh=fresh))

    def add_seeds(self, experiment: AnyExperiment, count: int) -> Experiment:
        """Bring it to `count` seeds; idempotent. Raises `Conflict` if its verdict forbids that."""
        path = f"/v1/experiments/{_id(experiment)}/seeds"
        return Experiment.of(self.post(path, json={"count": count}))

    def label(self, experiment: AnyExperiment, **changes: Any) -> dict[str, Any]:
        """Set its `name`, a list of `tags` or `notes`; return all three, also without any given."""
        path = f"/v1/experiments/{_id(experiment)}/labels"
        return dict(self.request("PATCH", path, json=changes).json() if changes else self.get(path))

    def results(self, experiment: AnyExperiment, *, target_loss: float | None = None) -> Results:
        """Return its results so far; `target_loss` adds the steps until that loss is reached."""
        path = f"/v1/experiments/{_id(experiment)}/results"
        return Results.of(self.get(path, target_loss=target_loss))

    def programmes(self) -> Table:
        return Table.of(self.get("/v1/programmes", limit=200)["items"])

    def programme(self, name: str) -> dict[str, Any]:
        """Return it with its `questions`, the level and outcome of each, and the `next_level`."""
        return dict(self.get(f"/v1/programmes/{quote(name, safe='')}"))

    def compare(
        self,
        a: str | BySeed,
        b: str | BySeed,
        *,
        metric: str | None = None,
        margin: float | None = None,
        confidence: float | None = None,
        higher_is_better: bool | None = None,
        names: tuple[str, str] = ("a", "b"),
    ) -> Comparison:
        """Compare two arms, each given as `EXPERIMENT/ARM`, on the same data and seeds; or the runs
        of two arms that were trained elsewhere, each given as seed -> value, called `names`: there
        the name of the metric says which values are better, unless `higher_is_better` does."""
        rule: dict[str, Any] = {"metric": metric, "margin": margin, "confidence": confidence}
        if isinstance(a, str) and isinstance(b, str):
            return Comparison.of(self.get("/v1/comparisons", a=a, b=b, **rule))
        if isinstance(a, str) or isinstance(b, str):
            raise Misused("give two arms as EXPERIMENT/ARM, or two mappings from seed to value")
        declared = {"higher_is_better": higher_is_better, "a_name": names[0], "b_name": names[1]}
        body = {"a": _by_seed(a), "b": _by_seed(b), **_given(rule | declared)}
        return Comparison.of(self.post("/v1/comparisons", json={"metric": "value"} | body))

    def plan_study(
        self,
        name: str,
        spec: Mapping[str, Any],
        over: Sequence[Mapping[str, Any]],
        *,
        idempotency_key: str | None = None,
    ) -> Study:
        """Create one experiment for each entry of `over` (a `dataset`, and what else differs there,
        merged over the spec): all of them, or none."""
        headers = {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}
        body = {"name": name, "spec": spec, "over": list(over)}
        return Study.of(self.post("/v1/studies", json=body, headers=headers))

    def join_study(self, name: str, experiments: Sequence[AnyExperiment]) -> Study:
        """Make a study of experiments that exist; it says that they were joined afterwards."""
        body = {"name": name, "experiments": [_id(one) for one in experiments]}
        return Study.of(self.post("/v1/studies", json=body))

    def study(self, study: AnyStudy) -> Study:
        """Return its present state."""
        return Study.of(self.get(f"/v1/studies/{_id(study)}"))

    def studies(self, limit: int = 50) -> list[Study]:
        return [Study.of(one) for one in self.get("/v1/studies", limit=limit)["items"]]

    def wait_for_study(self, study: AnyStudy, on_change: OnChange = lambda _: None) -> Study:
        """Return the study once its experiments have ended; `on_change` gets each state of each."""
        for experiment in self.study(study).experiments["id"]:
            if experiment is not None:
                self.wait(experiment, on_change)
        return self.study(study)

    def cancel_study(self, study: AnyStudy) -> Study:
        """Request the cancellation of its experiments that go on; the call is idempotent."""
        return Study.of(self.post(f"/v1/studies/{_id(study)}/cancel"))

    def study_results(self, study: AnyStudy) -> StudyResults:
        """Return what its data sets say together so far."""
        return StudyResults.of(self.get(f"/v1/studies/{_id(study)}/results"))

    def export_study(self, study: AnyStudy, path: AnyPath, *, format: str | None = None) -> Path:
        """Write a row for each data set and one for the mean, `csv` or `parquet` as `path` ends."""
        return self._save(path, f"/v1/studies/{_id(study)}/export", format)

    def steps(
        self,
        run: AnyRun,
        *,
        after: int = 0,
        max_points: int | None = None,
        figures: Sequence[str] | None = None,
    ) -> Table:
        """Return its steps in columns: all, or only `figures`; `max_points` keeps the extremes."""
        path = f"/v1/runs/{_id(run)}/steps"
        return Table(self.get(path, after=after, max_points=max_points, figures=figures))

    def evaluations(self, run: AnyRun) -> Table:
        return Table.of(self.get(f"/v1/runs/{_id(run)}/evaluations")["items"])

    def log(self, run: AnyRun, *, after: int = 0) -> Table:
        """Return the lines of its log after the number `after`, in columns."""
        return Table.of(self.get(f"/v1/runs/{_id(run)}/log", after=after)["items"])

    def usage(self, run: AnyRun) -> Table:
        """Return what its processes used over time: processors, bytes of memory, the GPU."""
        return Table(self.get(f"/v1/runs/{_id(run)}/usage"))

    def scores(self, run: AnyRun) -> Table:
        """Return the similarity of each test pair: columns `row`, `label`, `score`."""
        return Table(self.get(f"/v1/runs/{_id(run)}/scores"))

    def predict(
        self, run: AnyRun, pairs: Sequence[tuple[str, str]], *, timeout: float = 300.0
    ) -> list[Prediction]:
        """Predict the similarity of pairs of questions with the run's network. Raises
        `NoPrediction`, and `TooSlow` when no worker has answered within `timeout` seconds."""
        end = time.monotonic() + timeout
        waiting: dict[str, Any] = {"params": {"wait": HOLD}, "timeout": HOLD + self._timeout}
        body = {"pairs": [list(pair) for pair in pairs]}
        view = self.post(f"/v1/runs/{_id(run)}/predict", json=body, **waiting)
        while view["state"] == "queued":
            if time.monotonic() > end:
                raise TooSlow(f"no worker has answered within {timeout:g} s")
            view = self.request("GET", f"/v1/predictions/{view['id']}", **waiting).json()
        if view["state"] == "failed":
            raise NoPrediction(view["reason"])
        about = {"threshold": view["threshold"]}
        return [Prediction.of(one | about) for one in view["predictions"]]

    def weights(self, run: AnyRun, path: AnyPath) -> Path:
        """Write the run's weights (safetensors) to `path`. Raises `Broken` where their hash is not
        the one that the service gives; then nothing is written to `path`."""
        with self._part_of(Path(path), f"/v1/runs/{_id(run)}/weights") as (part, reply):
            with part.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            if reply.headers["etag"].strip('"') != digest:
                raise Broken("The downloaded weights are not those of the run: their hash differs.")
        return Path(path)

    def export(
        self, experiment: AnyExperiment, table: str, path: AnyPath, *, format: str | None = None
    ) -> Path:
        """Write `runs`, `steps`, `evaluations` or `scores`, `csv` or `parquet` as `path` ends."""
        return self._save(path, f"/v1/experiments/{_id(experiment)}/export", format, table=table)

    def figure(
        self, experiment: AnyExperiment, name: str, path: AnyPath, *, format: str | None = None
    ) -> Path:
        """Draw `training`, `validation`, `gauges` or `comparison`, svg or png as `path` ends."""
        return self._save(path, f"/v1/experiments/{_id(experiment)}/figures/{name}", format)

    def report(self, experiment: AnyExperiment, path: AnyPath) -> Path:
        """Write the report to `path`: one HTML file that loads nothing else."""
        if Path(path).suffix.lower() not in ("", ".htm", ".html"):
            raise Misused(f"the report is an HTML file, so {path} must end with .html")
        with self._part_of(Path(path), f"/v1/experiments/{_id(experiment)}/report"):
            return Path(path)

    def upload(
        self,
        file: AnyPath,
        name: str,
        *,
        question1: str | None = None,
        question2: str | None = None,
        label: str | None = None,
        split: str | None = None,
        shape: str | None = None,
        score: str | None = None,
        negatives: Sequence[str] | None = None,
        labels: Mapping[str, int | None] | None = None,
        duplicate_from: float | None = None,
        format: str | None = None,
        delimiter: str | None = None,
        encoding: str | None = None,
        quoting: str | None = None,
    ) -> Dataset:
        """Upload a file of pairs, triplets or scored pairs; `docs/data_sets.md` has the fields."""
        columns = {"question1": question1, "question2": question2, "label": label, "split": split}
        columns["negatives"] = json.dumps(list(negatives)) if negatives else None
        columns["labels"] = json.dumps(dict(labels)) if labels else None
        shapes = {"shape": shape, "score": score, "duplicate_from": duplicate_from}
        written = {"delimiter": delimiter, "encoding": encoding, "quoting": quoting}
        fields = {"name": name, **columns, **shapes, "format": format, **written}
        return Dataset.of(self._send("/v1/datasets", Path(file), **fields))

    def datasets(self) -> list[Dataset]:
        return [Dataset.of(one) for one in self.get("/v1/datasets")["items"]]

    def upload_model(self, folder: AnyPath, name: str) -> Model:
        """Upload a pretrained encoder: a folder (of which `config.json`, `model.safetensors`,
        `tokenizer.json` and the files of sentence-transformers are sent), or an archive of one."""
        if not Path(folder).exists():
            raise Misused(f"there is no folder {folder}")
        return Model.of(self._send("/v1/models", Path(folder), name=name))

    def models(self) -> list[Model]:
        return [Model.of(one) for one in self.get("/v1/models")["items"]]

    def upload_vectors(self, file: AnyPath, name: str) -> Vectors:
        """Upload token vectors: the text of GloVe or word2vec, word2vec's binary form, or
        safetensors with a list of tokens, packed by gzip or not (`docs/token_vectors.md`)."""
        return Vectors.of(self._send("/v1/vectors", Path(file), name=name))

    def vectors(self) -> list[Vectors]:
        return [Vectors.of(one) for one in self.get("/v1/vectors")["items"]]

    def _send(self, path: str, file: Path, **form: Any) -> Any:
        name, seconds = file.name, max(UPLOAD_TIMEOUT, self._timeout)
        packed = file.is_dir()
        with _archive_of(file) if packed else file.open("rb") as stream:
            sent = {"file": (f"{name}.zip" if packed else name, stream)}
            return self.post(path, data=_given(form), files=sent, timeout=seconds)

    def recipes(self) -> Table:
        """Return columns `name`, `about` and `spec`, which can be changed and submitted."""
        return Table.of(self.get("/v1/recipes")["items"])

    def _save(self, path: AnyPath, place: str, format: str | None, **params: Any) -> Path:
        form = format or Path(path).suffix.lstrip(".").lower()
        with self._part_of(Path(path), place, format=form, **params):
            return Path(path)

    @contextmanager
    def _part_of(
        self, target: Path, path: str, **params: Any
    ) -> Iterator[tuple[Path, httpx.Response]]:
        """Yield the body of a reply in a file beside `target`, which replaces `target` when the
        block ends without an error: an incomplete download never looks complete."""
        if target.is_dir():
            raise NotWritten(f"{target} cannot be written: it is a folder, and not a file.")
        if not target.parent.is_dir():
            raise NotWritten(f"{target} cannot be written: there is no folder {target.parent}.")
        part = target.with_name(f"{target.name}.part")
        seconds = max(FILE_TIMEOUT, self._timeout)
        try:
            with (
                self._explained(),
                part.open("wb") as file,
                self._http.stream("GET", path, params=params, timeout=seconds) as reply,
            ):
                if reply.is_error:
                    reply.read()
                    raise _refusal(reply)
                for piece in reply.iter_bytes():
                    file.write(piece)
            yield part, reply
            part.replace(target)
        except OSError as error:
            raise NotWritten(f"{target} cannot be written: {error.strerror}.") from None
        finally:
            with suppress(OSError):
                part.unlink()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Raise failures of the transport as a `TripletlabError` with a sentence."""
        try:
            yield
        except httpx.InvalidURL as error:
            raise Misused(f"{self.url} is not a URL: {error}") from None
        except httpx.UnsupportedProtocol:
            raise Misused(f"{self.url} is not a URL: it must begin with http://") from None
        except httpx.TimeoutException:
            raise TooSlow(f"The service at {self.url} did not answer in time.") from None
        except httpx.TransportError as error:
            raise NoAnswer(f"No service answers at {self.url} ({error}).") from None


@contextmanager
def _archive_of(folder: Path) -> Iterator[IO[bytes]]:
    """Yield an archive of a model's folder."""
    names = ("config.json", "model.safetensors", "tokenizer.json", "modules.json", "*/config.json")
    pickles = sorted(folder.glob("*.bin"))
    found = [path for name in names for path in folder.glob(name)]
    if not (folder / "model.safetensors").is_file() and pickles:
        found.append(pickles[0])  # so that the refusal can say what to do about it
    with tempfile.TemporaryFile() as packed:
        with zipfile.ZipFile(packed, "w") as archive:  # not compressed: weights hardly shrink
            for path in found:
                archive.write(path, path.relative_to(folder).as_posix())
        packed.seek(0)
        yield packed


def _refusal(reply: httpx.Response) -> TripletlabError:
    kind = _KINDS.get(reply.status_code, Refused)
    wait = float(after) if (after := reply.headers.get("retry-after", "")).isdecimal() else None
    if reply.headers.get("content-type") == "application/problem+json":
        return kind(reply.status_code, reply.json(), wait)
    detail = f"{reply.url} answers {reply.status_code}; is this Tripletlab?"
    return kind(reply.status_code, {"title": "Not a problem document", "detail": detail}, wait)


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _by_seed(values: BySeed) -> dict[str, float]:
    """Return the values as JSON takes them."""
    for seed, value in values.items():
        if not isinstance(seed, str) and int(seed) != seed:
            raise Misused(f"{seed} is not a seed: a seed is a whole number")
        if not math.isfinite(value):
            raise Misused(f"seed {seed}: {value} is not a number that can be compared")
    return {s if isinstance(s, str) else str(int(s)): float(v) for s, v in values.items()}


def _id(named: AnyExperiment | AnyRun | AnyStudy) -> str:
    return named if isinstance(named, str) else named.id


def compare(
    a: BySeed,
    b: BySeed,
    *,
    metric: str = "value",
    margin: float | None = None,
    confidence: float | None = None,
    higher_is_better: bool | None = None,
    names: tuple[str, str] = ("a", "b"),
    url: str | None = None,
    key: str | None = None,
) -> Comparison:
    """Compare runs that were trained elsewhere, each arm given as seed -> value of the metric.

    The service at `url` (TRIPLETLAB_URL) computes it and stores nothing. Differences are a - b;
    smaller ones than `margin` do not matter. `Client.compare` says the rest.
    """
    rule: dict[str, Any] = {"metric": metric, "margin": margin, "confidence": confidence}
    with Client(url, key) as lab:
        return lab.compare(a, b, higher_is_better=higher_is_better, names=names, **rule)


def verify_signature(
    secret: str, header: str, body: bytes, *, tolerance: float = 300.0, now: float | None = None
) -> bool:
    """Return whether the body of a webhook came from the service. `header` is its
    `Tripletlab-Signature`, `body` the bytes as they arrived; a signature older than `tolerance`
    seconds is not accepted."""
    match = re.fullmatch(r"t=(\d{1,12}),v1=([0-9a-f]{64})", header)
    if match is None or abs((time.time() if now is None else now) - int(match[1])) > tolerance:
        return False
    own = hmac.new(secret.encode(), f"{match[1]}.".encode() + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(own, match[2])
