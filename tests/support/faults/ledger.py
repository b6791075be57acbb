"""What was accepted, how it has to end, and whether it did: the invariants of every fault.

An undisturbed run of the same spec, arm and seed is the yardstick; its figures are learned first.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from models.states import TERMINAL, RunState
from models.store.events import events_after
from models.store.experiment_states import current_state
from models.store.tables import Run
from models.store.tuning.halving import CONTINUED

from support.faults.hurt_service import HurtService
from support.faults.hurt_specs import ALL, STOP, document
from support.workers import PATIENCE, figures_of, wait_until

Figures = tuple[Any, ...]
Undisturbed = dict[tuple[str, str, int, int], Figures]
"""Figures by spec, arm, setting and seed."""


@dataclass
class Accepted:
    """An experiment that the service has accepted; `ends` in which states, with which words."""

    id: str
    spec: str
    ends: frozenset[RunState] = frozenset({RunState.SUCCEEDED})
    says: str = ""
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Verdict:
    """Of one experiment; all empty is well. Each text says what was found."""

    lost: str = ""  # no terminal state, or one without results or a reason
    doubled: str = ""  # ended twice, or two attempts of one number
    rows: str = ""  # a step's row is missing, or there twice
    bits: str = ""  # figures or weights differ from the undisturbed run's
    unexpected: str = ""  # it ended, but otherwise than it should

    def __bool__(self) -> bool:
        return any((self.lost, self.doubled, self.rows, self.bits, self.unexpected))


class Ledger:
    def __init__(self, service: HurtService, undisturbed: Undisturbed) -> None:
        self.service, self.undisturbed = service, undisturbed
        self.accepted: list[Accepted] = []

    def ask(self, spec: str, key: str, **more: Any) -> Accepted:
        """POST it, and enter it."""
        return self.enter(spec, self.service.post(document(ALL[spec], **more), key))

    def enter(self, spec: str, experiment_id: str) -> Accepted:
        one = Accepted(experiment_id, spec)
        self.accepted.append(one)
        return one

    def of_run(self, run_id: str) -> Accepted:
        """The entry whose run it is."""
        for one in reversed(self.accepted):
            if any(run.id == run_id for run in self.service.runs_of(one.id)):
                return one
        raise KeyError(run_id)

    def open(self) -> list[Accepted]:
        """Those that have not ended yet."""
        return [one for one in self.accepted if not self._ended(one)]

    def wait(self, *entries: Accepted, seconds: float = PATIENCE) -> None:
        """Return once they have ended, or the time is over: then they are lost."""
        try:
            wait_until("the end", lambda: all(self._ended(one) for one in entries), seconds)
        except AssertionError:
            pass  # `verdict` says which

    def verdict(self, one: Accepted) -> Verdict:
        runs = self.service.runs_of(one.id)
        return Verdict(
            lost=_joined([_lost(run) for run in runs] or [f"{one.id} is not there"]),
            doubled=self._doubled(one, runs),
            rows=_joined([self._rows(run) for run in runs]),
            bits=_joined([self._bits(one, run) for run in runs]),
            unexpected=_joined([_unexpected(one, run) for run in runs]),
        )

    def learn(self, *specs: str) -> None:
        """Have each trained by one attempt that nothing disturbs, and keep its figures."""
        asked = {spec: self.ask(spec, f"undisturbed-{spec}") for spec in specs}
        for spec, one in asked.items():
            self.wait(one)
            runs = self.service.runs_of(one.id)
            for again in range(5):
                if all(map(_was_left_alone, runs)):
                    break
                one = self.ask(spec, f"undisturbed-{spec}-{again}")  # the machine was too busy
                self.wait(one)
                runs = self.service.runs_of(one.id)
            assert all(run.state in TERMINAL and _was_left_alone(run) for run in runs), spec
            self.undisturbed.update({_key(spec, run): self._figures(run) for run in runs})

    def _ended(self, one: Accepted) -> bool:
        with self.service.database.reading() as session:
            return current_state(session, one.id)[0] in TERMINAL

    def _figures(self, run: Run) -> Figures:
        return figures_of(self.service.database, self.service.settings, run.id)

    def _doubled(self, one: Accepted, runs: Sequence[Run]) -> str:
        with self.service.database.reading() as session:
            everything = events_after(session, one.id, 0, 100_000)
        events = [event for event in everything if event.kind == "state"]
        chosen = [event.message for event in everything if event.kind == "choice"]
        ends = Counter(e.run_id for e in events if e.to_state in TERMINAL)
        begun = Counter((e.run_id, e.attempt) for e in events if e.to_state == RunState.RUNNING)
        went_on = Counter(event.run_id for event in everything if event.kind == CONTINUED)
        over = {run.id: ends[run.id] - went_on[run.id] for run in runs}
        said = [f"{run} ended {count} times" for run, count in over.items() if count > 1]
        # what is said where settings are left out, and where they are chosen, differs
        said += [f"{what!r} {times} times" for what, times in Counter(chosen).items() if times > 1]
        return _joined(
            said + [f"{run} began attempt {n} twice" for (run, n), k in begun.items() if k > 1]
        )

    def _rows(self, run: Run) -> str:
        steps = self._figures(run)[0]["step"]
        if steps == list(range(1, run.step + 1)):
            return ""
        return f"{run.id} is at step {run.step} and has {len(steps)} rows of steps"

    def _bits(self, one: Accepted, run: Run) -> str:
        found, expected = self._figures(run), self.undisturbed.get(_key(one.spec, run))
        if expected is None and one.ends == {RunState.SUCCEEDED}:
            known = one.spec in {spec for spec, *_ in self.undisturbed}
            return f"{run.id} was trained under another setting or seed" if known else ""
        if expected is None or run.state not in TERMINAL:
            return ""
        if run.state != RunState.SUCCEEDED:  # what there is of it
            expected = ({name: column[: run.step] for name, column in expected[0].items()},)
        differing = [n for n, (a, b) in enumerate(zip(found, expected, strict=False)) if a != b]
        return f"{run.id} differs in parts {differing} of its figures" if differing else ""


def _was_left_alone(run: Run) -> bool:
    """Whether it took one attempt, or one more because it went on after the stop."""
    return run.attempt == 1 + (run.tuning and run.steps > STOP)


def _key(spec: str, run: Run) -> tuple[str, str, int, int]:
    return spec, run.arm, run.setting, run.seed


def _lost(run: Run) -> str:
    if run.state not in TERMINAL:
        return f"{run.id} is {run.state} at attempt {run.attempt}: {run.reason}"
    with_network = run.state == RunState.SUCCEEDED and run.steps != STOP
    kept = run.weights_sha256 if with_network else run.reason
    return "" if kept else f"{run.id} is {run.state} without results or a reason"


def _unexpected(one: Accepted, run: Run) -> str:
    if run.state not in one.ends:
        return f"{run.id} is {run.state} after {run.attempt} attempts: {run.reason}"
    if run.state == RunState.FAILED and not re.search(one.says, run.reason or ""):
        return f"{run.id} failed with other words: {run.reason}"
    return ""


def _joined(said: Sequence[str]) -> str:
    return "; ".join(filter(None, said))
