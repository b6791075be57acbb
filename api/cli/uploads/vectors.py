"""`vectors add`, `vectors list` and `vectors delete`."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.connection import UrlOption, connected
from api.cli.console import USAGE, JsonOption, YesOption, print_json, stop
from api.cli.help import Commands
from api.cli.listings import listing, show_table
from api.cli.uploads.added import show_added
from api.cli.uploads.deleting import NameArgument, delete_upload

app = Commands(help="Token vectors that embeddings can start from.", no_args_is_help=True)


@app.command()
def add(
    file: Annotated[
        Path, typer.Argument(help="GloVe or word2vec text, word2vec binary, safetensors; .gz.")
    ],
    name: Annotated[str, typer.Option(help="Its name in specs.")],
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Upload a file of token vectors."""
    if not file.is_file():
        raise stop(f"There is no file {file}.", USAGE)
    with connected(url) as client:
        view = client.upload_vectors(file, name).document
    if as_json:
        print_json(view)
        return
    show_added(view, f"{view['name']}: {view['tokens']:,} tokens of {view['dimension']:,} numbers")


@app.command("list")
def list_all(as_json: JsonOption = False, url: UrlOption = None) -> None:
    """List the token vectors."""
    table = listing("name", "tokens", "numbers", "capitals")
    with connected(url) as client:
        page = client.get("/v1/vectors")
    if as_json:
        print_json(page)
        return
    for one in page["items"]:
        capitals = "yes" if one["has_capitals"] else "no"
        table.add_row(one["name"], f"{one['tokens']:,}", f"{one['dimension']:,}", capitals)
    show_table(table)


@app.command()
def delete(
    name: NameArgument,
    yes: YesOption = False,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Delete token vectors that no experiment uses, with their file."""
    delete_upload(
        "vectors", name, lambda one: f"the {one['tokens']:,} vectors of {name}", yes, as_json, url
    )
