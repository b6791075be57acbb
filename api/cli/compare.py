"""`compare`: two arms of the service, or the runs in files, which needs no service."""

import re
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.connection import UrlOption, connected
from api.cli.console import USAGE, JsonOption, print_json, say, stop
from api.cli.expected_verdict import ExpectOption, require
from api.cli.tables import show_comparison
from api.client import Comparison
from models.comparison.rule import DecisionRule
from models.referee.declared import compare_declared
from models.referee.direction import lower_is_better
from models.referee.run_table import RunFileError, read_run_table
from models.referee.run_values import ReadArms, RunColumns, arms_of_files, arms_of_table

ARM = r"exp_[0-9a-z]{26}/.+"
CONFIDENCE = 0.95


def compare(
    a: Annotated[str, typer.Argument(help="EXPERIMENT/ARM, or a CSV file of runs.")],
    b: Annotated[
        str | None, typer.Argument(help="The same of the other arm, or nothing with --by.")
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(help="test.roc_auc, …; by default that of A. Of a file: its column."),
    ] = None,
    margin: Annotated[
        float | None, typer.Option(help="The largest difference that does not matter.")
    ] = None,
    confidence: Annotated[float | None, typer.Option(help="Such as 0.95.")] = None,
    seed: Annotated[
        str | None, typer.Option(help="Of a file: the column of the seeds; by default found.")
    ] = None,
    by: Annotated[
        str | None, typer.Option(help="Of one file: the column that names the arm of a run.")
    ] = None,
    baseline: Annotated[
        str | None, typer.Option(help="With --by: the arm to compare with; by default the first.")
    ] = None,
    lower: Annotated[
        bool | None,
        typer.Option(
            "--lower-is-better/--higher-is-better",
            help="Of files: which values are better; by default what the metric's name says.",
        ),
    ] = None,
    expect: ExpectOption = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Compare two arms on the same data and seeds, also of different experiments; or runs that were
    trained elsewhere, from CSV files (MLflow's and W&B's too), without a service."""
    if b is not None and all(re.fullmatch(ARM, one) for one in (a, b)):
        for option, value in {"--seed": seed, "--by": by, "--baseline": baseline}.items():
            if value is not None:
                raise stop(f"{option} is for files of runs, and these are arms.", USAGE)
        if lower is not None:
            raise stop("Which values are better is known of the service's metrics.", USAGE)
        with connected(url) as client:
            found = client.compare(a, b, metric=metric, margin=margin, confidence=confidence)
        documents = [found.document]
    else:
        read = _read(a, b, RunColumns(metric, seed, by))
        sure = CONFIDENCE if confidence is None else confidence
        documents = _compared(read, baseline, margin, sure, lower)
    if as_json:
        print_json({"comparisons": documents} if by else documents[0])
    else:
        for document in documents:
            show_comparison(document)
    require(expect, [Comparison.of(document) for document in documents])


def _read(a: str, b: str | None, asked: RunColumns) -> ReadArms:
    """Return the arms of the files, saying on standard error which columns they are from."""
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


def _compared(
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
