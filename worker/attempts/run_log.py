"""The lines that an attempt writes to the log of its run, until the recorder has stored them.

The log is for the person who waits for the run, so it has what happened to the training and what to
do about it, and no traceback: that is in the worker's own log, which has the values of no variable
either.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from models.metrics import EVALUATION_METRICS
from models.store.run_life.log_lines import LogLevel, NumberedLine
from worker.training.data import RunData
from worker.training.events import Evaluated

TOLD = ("loss_per_row", "roc_auc", "accuracy")
"""The metrics of an evaluation that its line has."""

PYTHON_WARNINGS = "py.warnings"  # the logger to which `logging.captureWarnings` sends them


class RunLog:
    """The lines of one attempt that are not stored yet. Threads may add lines at any time."""

    def __init__(self, attempt: int) -> None:
        self._attempt = attempt
        self._lock = threading.Lock()
        self._waiting: list[tuple[LogLevel, int, str]] = []
        self._numbered: list[NumberedLine] = []
        self._last: int | None = None
        self._warned = ""
        self.step = 0

    def add(self, message: str, level: LogLevel = LogLevel.INFO) -> None:
        """Add a line about what has just happened."""
        with self._lock:
            self._waiting.append((level, self.step, message))

    def warn(self, message: str) -> None:
        """Add a warning, unless it was the last one already: some come every half second."""
        if message != self._warned:
            self._warned = message
            self.add(message, LogLevel.WARNING)

    def numbered(self, last_stored: Callable[[], int], now: datetime) -> Sequence[NumberedLine]:
        """The lines to store, numbered on from `last_stored`, which is asked once an attempt. The
        same lines have the same numbers when they are asked for again."""
        with self._lock:
            if self._last is None:
                self._last = last_stored()
            for level, step, message in self._waiting:
                self._last += 1
                line = NumberedLine(
                    number=self._last,
                    attempt=self._attempt,
                    at=now,
                    level=level,
                    step=step,
                    message=message,
                )
                self._numbered.append(line)
            self._waiting.clear()
            return tuple(self._numbered)

    def stored(self, lines: Sequence[NumberedLine]) -> None:
        """These lines are in the database."""
        with self._lock:
            del self._numbered[: len(lines)]


class _Listener(logging.Handler):
    """Gives the warnings of this process to the logs of its runs. Errors are left out: what ended
    an attempt is in the log with what to do about it, in the transaction that says so."""

    def __init__(self, logs: Sequence[RunLog]) -> None:
        super().__init__(logging.WARNING)
        self._logs = logs

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR:
            return
        text = record.getMessage()
        if record.name == PYTHON_WARNINGS:  # path:line: kind: text, then a line of the source
            text = text.partition(": ")[2].splitlines()[0]
        for log in self._logs:
            log.warn(text)


@contextmanager
def warnings_into(logs: Sequence[RunLog]) -> Iterator[None]:
    """While the block lasts, warnings of this process are lines of these logs too."""
    listener, root = _Listener(logs), logging.getLogger()
    logging.captureWarnings(True)
    root.addHandler(listener)
    try:
        yield
    finally:
        root.removeHandler(listener)
        logging.captureWarnings(False)


def prepared(dataset: str, data: RunData, seconds: float) -> str:
    """What the training has before it, in words."""
    rows = f"{len(data.train):,} training, {len(data.test):,} test pairs"
    checked = len(data.validation_duplicates) + len(data.validation)
    return (
        f"data set {dataset} prepared in {seconds:.1f} s: {rows}, {checked:,} for validation, "
        f"{data.vocabulary_size:,} tokens in the vocabulary"
    )


def begun(step: int, reached: int) -> str:
    """From where the training goes on; `reached` is the last step that was stored before."""
    if step == 0 and reached == 0:
        return "training begins with its initial weights"
    from_where = f"the checkpoint after step {step:,}" if step else "its initial weights"
    again = f"; steps {step + 1:,} to {reached:,} are trained again" if reached > step else ""
    return f"training goes on from {from_where}{again}"


def evaluated(evaluation: Evaluated) -> str:
    """What an evaluation found, as far as the split has it."""
    values = [
        f"{EVALUATION_METRICS[name].label} {value:.4f}"
        for name in TOLD
        if (value := getattr(evaluation, name)) is not None
    ]
    if evaluation.split == "test":
        return f"tested the weights after step {evaluation.step:,}: {', '.join(values)}"
    return f"evaluated after step {evaluation.step:,} on validation: {', '.join(values)}"
