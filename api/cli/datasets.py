"""`datasets add`, `datasets list` and `datasets delete`."""

from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from api.cli.connection import UrlOption, connected
from api.cli.console import USAGE, JsonOption, YesOption, confirm, out, print_json, say, stop
from api.cli.listings import listing, show_table

app = typer.Typer(help="The service's data sets.", no_args_is_help=True)


@app.command()
def add(
    file: Annotated[Path, typer.Argument(help="CSV, TSV, JSON Lines, Parquet; .gz, .zst, .zip.")],
    name: Annotated[str, typer.Option(help="Its name in specs.")],
    question1: Annotated[str, typer.Option(help="Column of the first question.")] = "question1",
    question2: Annotated[str, typer.Option(help="Column of the second question.")] = "question2",
    label: Annotated[str, typer.Option(help="Column of the label.")] = "is_duplicate",
    split: Annotated[str | None, typer.Option(help="Column of the split `given`.")] = None,
    format: Annotated[str | None, typer.Option(help="csv, tsv, jsonl, parquet.")] = None,
    delimiter: Annotated[str | None, typer.Option(help="Of csv, tsv: semicolon, tab, …")] = None,
    encoding: Annotated[str | None, typer.Option(help="Of text, such as utf-16.")] = None,
    quoting: Annotated[
        str | None, typer.Option(help="Quotation marks: double (enclose texts) or none.")
    ] = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Upload a file of question pairs."""
    if not file.is_file():
        raise stop(f"There is no file {file}.", USAGE)
    fields = {
        "question1": question1,
        "question2": question2,
        "label": label,
        "split": split,
        "format": format,
        "delimiter": delimiter,
        "encoding": encoding,
        "quoting": quoting,
    }
    with connected(url) as client:
        view = client.upload(file, name, **fields).document
    if as_json:
        print_json(view)
        return
    out.print(
        f"{view['name']}: {view['rows']:,} pairs, {100 * view['duplicate_share']:.1f} % duplicates",
        markup=False,
    )
    for warning in view["warnings"]:
        out.print(warning, markup=False, soft_wrap=True)
    if view["in_order_shared"]:
        out.print(
            f"{view['in_order_shared']:,} of {view['in_order_test']:,} test pairs of an in-order "
            "split share a question with training; the split connected_groups has no such pairs.",
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
    name: Annotated[str, typer.Argument(help="Its name in specs.")],
    yes: YesOption = False,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Delete a data set that no experiment uses, with its files."""
    path = f"/v1/datasets/{quote(name, safe='')}"
    with connected(url) as client:
        rows = client.get(path)["rows"]
        confirm(f"Delete the data set {name} of {rows:,} pairs?", yes)
        client.request("DELETE", path)
    print_json({"deleted": name}) if as_json else say(f"{name} is deleted.")


def _count(number: int | None) -> str:
    return "–" if number is None else f"{number:,}"


def _share(part: int | None, whole: int | None) -> str:
    return "–" if part is None or not whole else f"{100 * part / whole:.1f} %"
