"""Which columns of a table of runs hold the seed, the metric, the arm, and how a run ended.

The names are those that the tools write:

- MLflow's page: `Start Time, Duration, Run ID, Name, Source Type, Source Name, User, Status`, then
  parameters, metrics and tags by their bare names;
- `mlflow.search_runs().to_csv()`: an index without a name, `run_id, experiment_id, status,
  artifact_uri, start_time, end_time`, then `metrics.…`, `params.…` and `tags.…`;
- Weights & Biases: `Name, State, Notes, User, Tags, Created, Runtime, Sweep` (in any order, some
  absent), then the configuration (nested with dots) and the summary, whose own entries begin with
  an underscore;
- the table `runs` of this service: `arm, seed, run, state, attempt, step, steps, …`, then metrics.

What is not found for certain is asked for, in a sentence that names the option.
"""

import re
from collections.abc import Iterable, Sequence

from models.referee.run_table import RunFileError, RunTable, is_number

SHOWN_COLUMNS = 12  # in a sentence
MOST_ARMS_SUGGESTED = 16

SEEDS = frozenset(
    """seed random_seed random_state rng_seed manual_seed global_seed torch_seed""".split()
)
"""What a seed is called; before it may stand the parts of a nested name: `args.seed`."""
FIRST_SEEDS = ("seed", "params.seed")
"""Where a tracker puts what the user called `seed`; a sweep's `parameters.seed` says it again."""
METRICS, PARAMETERS, TAGS = "metrics.", "params.", "tags."
OUTCOMES = ("state", "status")
UNFINISHED = frozenset(
    """failed crashed killed running pending scheduled queued cancelled canceled preempted
    preempting""".split()
)
"""How runs are marked that have no final value, in any of the tools."""
ABOUT_A_RUN = frozenset(
    {
        *("name", "state", "status", "notes", "description", "user", "tags", "created", "updated"),
        *("runtime", "duration", "start time", "end time", "sweep", "agent", "group", "job type"),
        *("run id", "id", "run", "source type", "source name", "host", "hostname", "commit"),
        *("gpu type", "gpu count", "run_id", "experiment_id", "artifact_uri", "start_time"),
        *("end_time", "attempt", "step", "steps", "reason", "started_at", "finished_at"),
        *("weights_sha256", "", "unnamed: 0"),
    }
)
"""Columns that the tools write of every run; none is a metric, nor tells arms apart."""

GROUPS = ("group", "job type")
"""Of those, what a person may have told arms apart by in Weights & Biases."""


def seed_column(table: RunTable, asked: str | None) -> str:
    """The column of the seeds. Raises `RunFileError` where it is not there or not certain."""
    if asked is not None:
        return named(table, asked, "--seed", PARAMETERS)
    called = [name for name in table.columns if _last_part(name) in SEEDS]
    filled = [name for name in called if _has_values(table, name)]
    for first in FIRST_SEEDS:
        if first in filled:
            return first
    plain = [name for name in filled if _last_part(name) == "seed"]
    for found in (plain, filled):
        if len(found) == 1:
            return found[0]
    if not filled:
        raise RunFileError(
            f"No column of {table.name} is called seed; name the one that holds the seeds with "
            f"--seed: {_listed(_of_a_run(table))}"
        )
    raise RunFileError(
        f"{table.name} has several columns of seeds; name one with --seed: {_listed(filled)}"
    )


def metric_column(table: RunTable, asked: str | None, others: Iterable[str | None]) -> str:
    """The column of the metric, which is none of `others`. Raises `RunFileError` where it is not
    there or not certain."""
    if asked is not None:
        return named(table, asked, "--metric", METRICS)
    if "value" in table.columns:
        return "value"
    logged = [name for name in table.columns if name.startswith(METRICS)]
    found = logged or [
        name
        for name in _of_a_run(table)
        if name not in {*others}
        and _last_part(name) not in SEEDS
        and not name.startswith((PARAMETERS, TAGS))
        and _varies(table, name)
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise RunFileError(
            f"No column of {table.name} holds numbers that differ from run to run; name the one "
            f"of the metric with --metric: {_listed(_of_a_run(table))}"
        )
    raise RunFileError(
        f"Which column of {table.name} is the metric? Name it with --metric: {_listed(found)}"
    )


def arm_column(table: RunTable, asked: str) -> str:
    """The column that names the arm of each run."""
    return named(table, asked, "--by", PARAMETERS, TAGS)


def may_name_arms(table: RunTable) -> list[str]:
    """Columns that could tell arms apart: of few values, each of several runs."""
    found = []
    for name in (*_of_a_run(table), *(one for one in table.columns if one.casefold() in GROUPS)):
        if _last_part(name) in SEEDS or name.startswith(METRICS) or table.columns.count(name) > 1:
            continue
        values = {cell for cell in table.column(name) if cell}
        if 2 <= len(values) <= min(MOST_ARMS_SUGGESTED, len(table.rows) // 2):
            found.append(name)
    return found


def outcome_column(table: RunTable) -> str | None:
    """The column that says whether a run finished, where there is one."""
    found = [name for name in table.columns if name.casefold() in OUTCOMES]
    return found[0] if len(found) == 1 else None


def named(table: RunTable, asked: str, option: str, *prefixes: str) -> str:
    """The column that a person named, who may leave out a tracker's prefix, its upper case, and all
    but the last part of a nested name where no other column ends like it.

    Raises `RunFileError` where there is none.
    """
    for name in (asked, *(f"{prefix}{asked}" for prefix in prefixes)):
        if name in table.columns:
            return name
    for read in (str.casefold, _last_part):
        alike = [name for name in table.columns if read(name) == asked.casefold()]
        if len(alike) == 1:
            return alike[0]
    raise RunFileError(
        f"{table.name} has no column {asked!r}, which {option} names; its columns are "
        f"{_listed(table.columns)}"
    )


def _of_a_run(table: RunTable) -> list[str]:
    """The columns that are not the same in every project."""
    return [
        name
        for name in dict.fromkeys(table.columns)
        if name.casefold() not in ABOUT_A_RUN and not name.startswith("_")
    ]


def _last_part(name: str) -> str:
    return re.split(r"[./:]", name.casefold())[-1]


def _has_values(table: RunTable, name: str) -> bool:
    return any(row.cells[table.columns.index(name)] for row in table.rows)


def _varies(table: RunTable, name: str) -> bool:
    """Whether the column holds numbers, of which at least two differ."""
    if table.columns.count(name) > 1:
        return False
    cells = [cell for cell in table.column(name) if cell]
    return len(set(cells)) > 1 and all(map(is_number, cells))


def _listed(names: Sequence[str]) -> str:
    shown = [name for name in names if name][:SHOWN_COLUMNS]
    more = ", …" if len(names) > len(shown) else ""
    return ", ".join(shown) + more
