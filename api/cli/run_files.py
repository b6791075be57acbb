"""Comparing runs that were trained elsewhere, from CSV files. It is imported where it is used: the
statistics take longer to load than most commands take."""

from pathlib import Path
from typing import Any

from api.cli.console import USAGE, say, stop
from models.comparison.rule import DecisionRule
from models.referee.declared import compare_declared
from models.referee.direction import lower_is_better
from models.referee.run_table import RunFileError, read_run_table
from models.referee.run_values import ReadArms, RunColumns, arms_of_files, arms_of_table


def read_arms(
    a: str, b: str | None, metric: str | None, seed: str | None, by: str | None
) -> ReadArms:
    """Return the arms of the files, saying on standard error which columns they are from."""
    asked = RunColumns(metric, seed, by)
    files = [Path(one) for one in (a, b) if one is not None]
    for file in files:
        if not file.is_file():
            sentence = f"There is no file {file}; give files of runs, or arms as EXPERIMENT/ARM."
            raise stop(sentence, USAGE)
    if asked.by is not None and b is not None:
        raise stop("--by is for one file that holds all arms; leave the second away.", USAGE)
    try:
        tables = [read_run_table(file) for file in files]
        read = arms_of_files(tables, asked) if len(tables) > 1 else arms_of_table(tables[0], asked)
    except RunFileError as error:
        raise stop(f"{error}.", USAGE) from None
    say(f"Read {read.columns}.")
    return read


def compared(
    read: ReadArms,
    baseline: str | None,
    margin: float | None,
    confidence: float,
    lower: bool | None,
) -> list[dict[str, Any]]:
    """Return the comparison of each arm with the baseline, as the service would reply."""
    arms = list(read.arms)
    names = [arm.name for arm in arms]
    if baseline is not None and baseline not in names:
        raise stop(f"No arm is called {baseline!r}; the arms are {', '.join(names)}.", USAGE)
    direction = lower_is_better(read.metric) if lower is None else lower
    if lower is None:
        taken, turned = ("lower", "higher") if direction else ("higher", "lower")
        say(f"A {taken} {read.metric} is taken as better; --{turned}-is-better says otherwise.")
    other = arms.pop(names.index(baseline or read.baseline))
    try:
        rule = DecisionRule(read.metric, margin, confidence, direction)
        found = compare_declared(arms, other, rule, read.left_out)
    except ValueError as error:
        raise stop(f"{error}.", USAGE) from None
    return [comparison.model_dump(mode="json") for comparison in found]
