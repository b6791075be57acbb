"""From tables of runs to the values of arms by seed, which `declared.py` compares.

Nothing is dropped in silence: a run without a final value is counted in a sentence, and what is
ambiguous, such as two runs of one arm under one seed, is refused with its lines.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from models.comparison.evidence import LARGEST_VALUE
from models.comparison.inputs import ArmValues
from models.referee.declared import MOST_ARMS, MOST_SEEDS
from models.referee.run_columns import (
    UNFINISHED,
    arm_column,
    may_name_arms,
    metric_column,
    outcome_column,
    seed_column,
)
from models.referee.run_table import Row, RunFileError, RunTable, number


@dataclass(frozen=True, slots=True)
class RunColumns:
    """The columns that a person asked for; None for those that are to be found."""

    metric: str | None = None
    seed: str | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class ReadArms:
    """The values of the arms of one file or of two, and what was not said beforehand."""

    arms: tuple[ArmValues, ...]
    baseline: str
    """The arm to compare with, unless another is named: of the second file, or the first one."""
    metric: str
    """The name of the metric, without a tracker's prefix."""
    columns: str
    """Which columns were read, in a sentence."""
    left_out: tuple[str, ...]
    """Runs that have no value, in sentences."""


def arms_of_files(tables: Sequence[RunTable], asked: RunColumns) -> ReadArms:
    """One arm from each of two files, called as the file is. Raises `RunFileError`."""
    names = [_stem(table.name) for table in tables]
    if names[0] == names[1]:
        names = [f"{names[0]} (1)", f"{names[0]} (2)"]
    read = [_Reader(table, asked) for table in tables]
    arms = [
        reader.values(name, reader.table.rows) for name, reader in zip(names, read, strict=True)
    ]
    metrics = dict.fromkeys(reader.metric_name for reader in read)
    if len(metrics) > 1:
        raise RunFileError(
            f"The two files have different metrics, {' and '.join(metrics)}; name one that both "
            "have with --metric"
        )
    return _read(arms, names[1], read)


def arms_of_table(table: RunTable, asked: RunColumns) -> ReadArms:
    """The arms of one file, by the column that names the arm of each run; in the order in which
    they first appear. Raises `RunFileError`."""
    if asked.by is None:
        found = may_name_arms(table)
        columns = f": {', '.join(found)}" if found else ""
        raise RunFileError(
            f"One file holds two arms where a column tells them apart; name it with --by{columns}. "
            "Or give a second file"
        )
    column = arm_column(table, asked.by)
    reader = _Reader(table, asked, column)
    place = table.place(column, numbers=False)
    rows: dict[str, list[Row]] = {}
    for row in table.rows:
        rows.setdefault(row.cells[place], []).append(row)
    nameless = rows.pop("", [])
    if nameless:
        reader.left_out.append(_counted(len(nameless), table.name, "that name no arm"))
    arms = [reader.values(name, own) for name, own in rows.items()]
    arms = [arm for arm in arms if arm.by_seed]
    if not 2 <= len(arms) <= MOST_ARMS:
        raise RunFileError(
            f"{table.name} has finished runs under {len(arms)} of the values of {asked.by}; "
            f"2 to {MOST_ARMS} arms can be compared"
        )
    return _read(arms, arms[0].name, [reader])


def _read(arms: Sequence[ArmValues], baseline: str, readers: Sequence["_Reader"]) -> ReadArms:
    return ReadArms(
        arms=tuple(arms),
        baseline=baseline,
        metric=readers[0].metric_name,
        columns="; ".join(dict.fromkeys(reader.columns for reader in readers)),
        left_out=tuple(sentence for reader in readers for sentence in reader.left_out),
    )


class _Reader:
    """Reads the values of one table, whose columns are found once."""

    def __init__(self, table: RunTable, asked: RunColumns, by: str | None = None) -> None:
        self.table = table
        self.left_out: list[str] = []
        outcome = outcome_column(table)
        seed = seed_column(table, asked.seed)
        metric = metric_column(table, asked.metric, (seed, by, outcome))
        self.metric_name = metric.removeprefix("metrics.")
        self.columns = f"the seed from {seed}, the value from {metric}"
        self._seed, self._metric = table.place(seed), table.place(metric, numbers=True)
        self._outcome = None if outcome is None else table.place(outcome)

    def values(self, arm: str, rows: Sequence[Row]) -> ArmValues:
        """The values of these rows by seed, and a sentence for those that have none."""
        finished = [row for row in rows if not self._is_unfinished(row)]
        whole = [row for row in finished if row.cells[self._seed] and row.cells[self._metric]]
        for count, what in (
            (len(rows) - len(finished), "that did not finish"),
            (len(finished) - len(whole), "without a seed or a value"),
        ):
            if count:
                self.left_out.append(_counted(count, arm, what))
        lines: dict[int, int] = {}
        by_seed: dict[int, float] = {}
        for row in whole:
            seed = self._seed_of(row)
            if seed in lines:
                raise RunFileError(
                    f"{self.table.name}, lines {lines[seed]} and {row.line}: {arm} has two runs "
                    f"under seed {seed}; keep one, or tell the arms apart with --by"
                )
            lines[seed], by_seed[seed] = row.line, self._value_of(row, seed)
        if len(by_seed) > MOST_SEEDS:
            raise RunFileError(f"{arm} has {len(by_seed):,} seeds; at most {MOST_SEEDS:,} can be")
        return ArmValues(arm, by_seed)

    def _is_unfinished(self, row: Row) -> bool:
        return self._outcome is not None and row.cells[self._outcome].casefold() in UNFINISHED

    def _seed_of(self, row: Row) -> int:
        """A whole number, also as pandas writes one in a column with gaps: `3.0`."""
        cell = row.cells[self._seed]
        if re.fullmatch(r"-?\d{1,19}(\.0+)?", cell):
            return int(cell.partition(".")[0])
        raise RunFileError(
            f"{self.table.name}, line {row.line}: the seed is {cell!r}, not a whole number; "
            "--seed names another column"
        )

    def _value_of(self, row: Row, seed: int) -> float:
        cell, place = row.cells[self._metric], f"{self.table.name}, line {row.line}"
        try:
            value = number(cell)
        except ValueError:
            raise RunFileError(
                f"{place}: the value is {cell!r}, not a number; --metric names another column"
            ) from None
        if not math.isfinite(value) or abs(value) > LARGEST_VALUE:
            raise RunFileError(
                f"{place}: the value under seed {seed} is {cell}; a run that diverged has no value "
                "to compare, so leave that row out, and say so where you tell of the comparison"
            )
        return value


def _counted(count: int, of: str, what: str) -> str:
    runs, are = ("1 run", "is") if count == 1 else (f"{count} runs", "are")
    return f"{runs} of {of} {what} {are} left out."


def _stem(name: str) -> str:
    return re.sub(r"\.(csv|tsv|txt)$", "", name, flags=re.IGNORECASE) or name
