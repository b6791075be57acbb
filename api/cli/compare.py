"""`compare`: two arms of the service, or the runs in files, which needs no service."""

import re
from pathlib import Path
from typing import Annotated

import typer

from api.cli.connection import UrlOption, connected
from api.cli.console import USAGE, JsonOption, print_json, stop
from api.cli.expected_verdict import ExpectOption, require
from api.cli.results.comparisons import show_comparison
from api.client import Comparison
from api.finding.named_ids import LATEST, LETTERS, arm_of

CONFIDENCE = 0.95


def compare(
    a: Annotated[
        str, typer.Argument(help="EXPERIMENT/ARM, such as latest/modified; or a CSV file of runs.")
    ],
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
    if b is not None and names_arm(a) and names_arm(b):
        for option, value in {"--seed": seed, "--by": by, "--baseline": baseline}.items():
            if value is not None:
                raise stop(f"{option} is for files of runs, and these are arms.", USAGE)
        if lower is not None:
            raise stop("Which values are better is known of the service's metrics.", USAGE)
        with connected(url) as client:
            a, b = arm_of(client, a), arm_of(client, b)
            found = client.compare(a, b, metric=metric, margin=margin, confidence=confidence)
        documents = [found.document]
    else:
        from api.cli import run_files

        read = run_files.read_arms(a, b, metric, seed, by)
        sure = CONFIDENCE if confidence is None else confidence
        documents = run_files.compared(read, baseline, margin, sure, lower)
    if as_json:
        print_json({"comparisons": documents} if by else documents[0])
    else:
        for document in documents:
            show_comparison(document)
    require(expect, [Comparison.of(document) for document in documents])


def names_arm(named: str) -> bool:
    """Whether this is EXPERIMENT/ARM, with an id, its beginning or `latest`, and not a file.

    Ids begin with the time, and so with 0 for some centuries; what begins otherwise without `exp_`
    is the folder of a file.
    """
    form = rf"({LATEST}|exp_[0-9a-z]{{1,{LETTERS}}}|0[0-9a-z]{{1,{LETTERS - 1}}})/.+"
    return re.fullmatch(form, named) is not None and not Path(named).is_file()
