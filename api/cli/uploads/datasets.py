"""`datasets add`, `datasets generate`, `datasets list` and `datasets delete`."""

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

from api.cli.connection import UrlOption, connected
from api.cli.console import USAGE, JsonOption, YesOption, out, print_json, stop
from api.cli.help import Commands
from api.cli.listings import listing, show_table
from api.cli.uploads.added import show_added
from api.cli.uploads.deleting import NameArgument, delete_upload

app = Commands(help="The service's data sets.", no_args_is_help=True)

Question1 = Annotated[str | None, typer.Option(help="Column of the first texts, or anchors.")]
Question2 = Annotated[str | None, typer.Option(help="Column of the second texts, or positives.")]
Label = Annotated[str | None, typer.Option(help="Column of the label.")]
Split = Annotated[str | None, typer.Option(help="Column of the split `given`.")]
Shape = Annotated[
    str | None, typer.Option(help="labelled_pairs, positive_pairs, triplets, scored_pairs.")
]
Score = Annotated[str | None, typer.Option(help="Column of the score.")]
Negatives = Annotated[
    list[str] | None, typer.Option(help="Column of negatives; may be given again.")
]
Labels = Annotated[
    str | None, typer.Option(help='What labels mean: {"entailment": 1, "neutral": null, …}')
]
DuplicateFrom = Annotated[
    float | None, typer.Option(help="From this score on a pair is a duplicate.")
]
Format = Annotated[str | None, typer.Option(help="csv, tsv, jsonl, parquet.")]
Delimiter = Annotated[str | None, typer.Option(help="Of csv, tsv: semicolon, tab, …")]
Encoding = Annotated[str | None, typer.Option(help="Of text, such as utf-16.")]
Quoting = Annotated[
    str | None, typer.Option(help="Quotation marks: double (enclose texts) or none.")
]


@app.command()
def add(
    file: Annotated[Path, typer.Argument(help="CSV, TSV, JSON Lines, Parquet; .gz, .zst, .zip.")],
    name: Annotated[str, typer.Option(help="Its name in specs.")],
    question1: Question1 = None,
    question2: Question2 = None,
    label: Label = None,
    split: Split = None,
    shape: Shape = None,
    score: Score = None,
    negatives: Negatives = None,
    labels: Labels = None,
    duplicate_from: DuplicateFrom = None,
    format: Format = None,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    quoting: Quoting = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Upload a file of pairs, triplets or scored pairs. Common names of columns are recognised."""
    if not file.is_file():
        raise stop(f"There is no file {file}.", USAGE)
    with connected(url) as client:
        view = client.upload(
            file,
            name,
            question1=question1,
            question2=question2,
            label=label,
            split=split,
            shape=shape,
            score=score,
            negatives=negatives or None,
            labels=_meanings(labels),
            duplicate_from=duplicate_from,
            format=format,
            delimiter=delimiter,
            encoding=encoding,
            quoting=quoting,
        ).document
    print_json(view) if as_json else _added(view)


@app.command()
def generate(
    name: Annotated[str, typer.Argument(help="Its name in specs.")],
    style: Annotated[
        str, typer.Option(help="What it is like: usual, close, easy, typed or doubtful.")
    ] = "usual",
    rows: Annotated[int, typer.Option(min=100, max=200_000, help="Pairs.")] = 12_000,
    seed: Annotated[int, typer.Option(min=1, help="Another seed gives other pairs.")] = 1,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Make up question pairs and upload them, for a study before you have data of your own.

    `close`: no non-duplicates but hard ones; `easy`: mostly easy ones; `typed`: typed carelessly;
    `doubtful`: 12 % of the labels are wrong. `questions-generated` is `usual`, of seed 0.
    """
    with _generated(rows, seed, style) as file, connected(url) as client:
        view = client.upload(file, name).document
    print_json(view) if as_json else _added(view)


@contextmanager
def _generated(rows: int, seed: int, style: str) -> Iterator[Path]:
    """A file of such pairs, while the block lasts."""
    # pyarrow takes its time to import, and other commands need none of it
    from models.datasets.generated.generator import STYLES, generate_pairs

    if style not in STYLES:
        raise stop(f"--style is one of {', '.join(STYLES)}.", USAGE)
    pairs = generate_pairs(rows, seed, STYLES[style])
    texts = (side.to_pylist() for side in (pairs.question1, pairs.question2))
    with TemporaryDirectory() as folder:
        file = Path(folder) / f"{style}-{seed}.csv"
        with file.open("w", newline="", encoding="utf-8") as stream:
            table = csv.writer(stream)
            table.writerow(("question1", "question2", "is_duplicate"))
            table.writerows(zip(*texts, pairs.label.tolist(), strict=True))
        yield file


def _added(view: dict[str, Any]) -> None:
    """What was read of a data set, and what in it may mislead."""
    show_added(
        view,
        f"{view['name']}: {view['rows']:,} pairs, {100 * view['duplicate_share']:.1f} % duplicates",
        _read_as(view),
    )
    if view["in_order_shared"]:
        out.print(
            f"{view['in_order_shared']:,} of the {view['in_order_test']:,} test pairs of an "
            "in-order split have a question that is trained on; with --set "
            "split.kind=connected_groups none has.",
            markup=False,
            soft_wrap=True,
        )


@app.command("list")
def list_all(as_json: JsonOption = False, url: UrlOption = None) -> None:
    """List the data sets, and what in them may mislead a comparison."""
    sizes = listing("name", "pairs", "duplicates", "words", "tokens a question", "given split")
    traps = listing("name", "groups", "largest", "false negatives", "shared test pairs")
    with connected(url) as client:
        page = client.get("/v1/datasets")
    if as_json:
        print_json(page)
        return
    for one in page["items"]:
        sizes.add_row(
            one["name"],
            f"{one['rows']:,}",
            f"{100 * one['duplicate_share']:.1f} %",
            f"{one['vocabulary_size']:,}",
            f"{one['token_length_mean']:.1f}",
            "yes" if one["has_split"] else "no",
        )
        counts = (one[name] for name in ("duplicate_groups", "largest_group", "false_negatives"))
        shared = _share(one["in_order_shared"], one["in_order_test"])
        traps.add_row(one["name"], *(_count(count) for count in counts), shared)
    show_table(sizes)
    show_table(traps)
    out.print(
        "Groups: texts joined by duplicate pairs; false negatives: pairs labelled different inside "
        "a group; shared: test pairs of an in-order split with a question from training."
    )


@app.command()
def delete(
    name: NameArgument,
    yes: YesOption = False,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Delete a data set that no experiment uses, with its files."""
    delete_upload(
        "datasets",
        name,
        lambda one: f"the data set {name} of {one['rows']:,} pairs",
        yes,
        as_json,
        url,
    )


def _meanings(labels: str | None) -> dict[str, int | None] | None:
    """The JSON object of --labels; the service checks what is in it."""
    if labels is None:
        return None
    try:
        meanings = json.loads(labels)
    except ValueError as error:
        raise stop(f"--labels is not JSON ({error}).", USAGE) from None
    if not isinstance(meanings, dict):
        raise stop('--labels is an object, like {"entailment": 1, "neutral": null}.', USAGE)
    return meanings


def _read_as(view: dict[str, Any]) -> str:
    """The shape of the rows, and the columns that were read."""
    columns = ", ".join(
        f"{field}: {name if isinstance(name, str) else ', '.join(name)}"
        for field, name in view["columns"].items()
    )
    return f"Read as {view['shape'].replace('_', ' ')} ({columns})."


def _count(number: int | None) -> str:
    return "–" if number is None else f"{number:,}"


def _share(part: int | None, whole: int | None) -> str:
    return "–" if part is None or not whole else f"{100 * part / whole:.1f} %"
