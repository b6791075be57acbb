"""Live progress of an experiment: a bar for each run on a terminal, plain lines anywhere else.

The client follows the experiment; a change is shown here as soon as it is stored.
"""

import time
from collections import defaultdict
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from api.cli.console import out, say
from api.cli.sparkline import sparkline
from api.client import ENDED, Client

CURVE = 16  # characters of a curve
POINTS_AT_ONCE = 64  # of the new steps of a run
SHOWN_RUNS = 24  # with more runs, the bars of those that have ended are hidden
LINE_SECONDS = 5.0  # between lines that only report progress


def show_progress(client: Client, experiment_id: str) -> str:
    """Show the experiment until it has ended, and return its last state."""
    show = _Bars(client) if out.is_terminal else _Lines(client)
    state = "queued"
    with show:
        for experiment in client.follow(experiment_id, _say_away):
            state = experiment.state
            show.update(experiment.document)
    return state


def _say_away(error: Exception) -> None:
    say(f"{error} Waiting for it, for a minute at most.")


class _Losses:
    """The training losses of running runs, of which only new steps are fetched, thinned."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._attempts: dict[str, int] = {}
        self._steps: dict[str, int] = {}
        self._losses: dict[str, list[float]] = defaultdict(list)

    def latest(self, run: dict[str, Any]) -> str:
        """Return its curve so far and its last loss; nothing before the first step."""
        run_id = run["id"]
        if self._attempts.setdefault(run_id, run["attempt"]) != run["attempt"]:
            # a new attempt resumes from an earlier step
            self._attempts[run_id], self._steps[run_id] = run["attempt"], 0
            self._losses[run_id].clear()
        after = self._steps.get(run_id, 0)
        if run["step"] > after:
            series = self._client.steps(run_id, after=after, max_points=POINTS_AT_ONCE)
            if series["step"]:
                self._steps[run_id] = series["step"][-1]
                self._losses[run_id] += series["loss_per_row"]
        losses = self._losses[run_id]
        return f"{sparkline(losses, CURVE)}  loss {losses[-1]:.4f} a row" if losses else ""


class _Bars:
    def __init__(self, client: Client) -> None:
        self._losses = _Losses(client)
        self._tasks: dict[str, TaskID] = {}
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            console=out,
        )

    def __enter__(self) -> "_Bars":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def update(self, view: dict[str, Any]) -> None:
        self._row("all", "all runs", *_totals(view), _whole(view), True)
        few = len(view["runs"]) <= SHOWN_RUNS
        for run in view["runs"]:
            note = run["state"]
            if note == "running":
                note = self._losses.latest(run) or note
            visible = run["state"] == "running" or (few and run["state"] in ENDED)
            name = " · ".join(_parts(run))
            self._row(run["id"], name, run["step"], run["steps"], note, visible)

    def _row(self, key: str, name: str, done: int, total: int, note: str, visible: bool) -> None:
        if key not in self._tasks:
            self._tasks[key] = self._progress.add_task(name, total=total, note=note)
        # the total grows where seeds are added until the verdict is decided
        self._progress.update(
            self._tasks[key], completed=done, total=total, note=note, visible=visible
        )


class _Lines:
    def __init__(self, client: Client) -> None:
        self._losses = _Losses(client)
        self._states: dict[str, str] = {}
        self._last_line = 0.0

    def __enter__(self) -> "_Lines":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def update(self, view: dict[str, Any]) -> None:
        for run in view["runs"]:
            if self._states.get(run["id"], "queued") != run["state"]:
                reason = f": {run['reason']}" if run["reason"] else ""
                _line(f"{', '.join(_parts(run))}: {run['state']}{reason}")
            self._states[run["id"]] = run["state"]
        if time.monotonic() - self._last_line >= LINE_SECONDS or view["state"] in ENDED:
            self._last_line = time.monotonic()
            done, total = _totals(view)
            # rounded down: 100 % is said of what is whole
            _line(f"{100 * done // total} % of {total:,} steps, {_whole(view)}")
            for run in view["runs"]:
                if run["state"] == "running" and (loss := self._losses.latest(run)):
                    _line(f"  {', '.join(_parts(run))}: step {run['step']}, {loss}")


def _parts(run: dict[str, Any]) -> list[str]:
    """Return what a run is, in parts: its arm, its setting where it tunes, its seed."""
    setting = [f"setting {run['setting']}"] if run["tuning"] else []
    return [run["arm"], *setting, f"seed {run['seed']}"]


def _line(text: str) -> None:
    out.print(text, markup=False, soft_wrap=True)


def _totals(view: dict[str, Any]) -> tuple[int, int]:
    """Return the steps that are done and all steps, of the runs that there are now. A run that has
    succeeded is done, also where it stopped early; others have done what they trained."""
    runs = view["runs"]
    done = sum(run["steps"] if run["state"] == "succeeded" else run["step"] for run in runs)
    return done, sum(run["steps"] for run in runs)


def _whole(view: dict[str, Any]) -> str:
    if view["waiting_for"]:
        return f"waiting for {view['waiting_for']}"
    left = view["seconds_left"]
    summary = view["state"] if left is None else f"{view['state']}, about {left:.0f} s left"
    return summary + (_choice(view) or _next_look(view))


def _choice(view: dict[str, Any]) -> str:
    tuning = view["tuning"]
    planned = tuning is not None and tuning["state"] == "planned"
    return " until the settings are chosen" if planned else ""


def _next_look(view: dict[str, Any]) -> str:
    for look in view["plan"]:
        if look["state"] == "planned":
            number, looks = look["number"], len(view["plan"])
            return f" until look {number} of {looks}, at {look['pairs']} seeds"
    return ""
