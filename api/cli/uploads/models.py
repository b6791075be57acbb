"""`models add`, `models list` and `models delete`."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.connection import UrlOption, connected
from api.cli.console import USAGE, JsonOption, YesOption, print_json, stop
from api.cli.help import Commands
from api.cli.listings import listing, show_table
from api.cli.uploads.added import show_added
from api.cli.uploads.deleting import NameArgument, delete_upload

app = Commands(help="Pretrained encoders that runs can start from.", no_args_is_help=True)


@app.command()
def add(
    folder: Annotated[
        Path, typer.Argument(help="With config.json, model.safetensors, tokenizer.json; or a zip.")
    ],
    name: Annotated[str, typer.Option(help="Its name in specs.")],
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Upload the folder of a pretrained encoder."""
    if not folder.exists():
        raise stop(f"There is no folder {folder}.", USAGE)
    with connected(url) as client:
        view = client.upload_model(folder, name).document
    if as_json:
        print_json(view)
        return
    show_added(
        view,
        f"{view['name']}: {view['architecture']} of {view['parameters']:,} parameters, vectors of "
        f"{view['width']}, texts of up to {view['positions']} tokens",
    )


@app.command("list")
def list_all(as_json: JsonOption = False, url: UrlOption = None) -> None:
    """List the pretrained encoders."""
    table = listing("name", "architecture", "parameters", "layers", "width", "tokens", "pooling")
    with connected(url) as client:
        page = client.get("/v1/models")
    if as_json:
        print_json(page)
        return
    for one in page["items"]:
        table.add_row(
            one["name"],
            one["architecture"],
            f"{one['parameters']:,}",
            str(one["layers"]),
            str(one["width"]),
            str(one["positions"]),
            one["pooling"] or "–",
        )
    show_table(table)


@app.command()
def delete(
    name: NameArgument,
    yes: YesOption = False,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Delete a pretrained encoder that no experiment uses, with its files."""
    delete_upload(
        "models",
        name,
        lambda one: f"the model {name} of {one['parameters']:,} parameters",
        yes,
        as_json,
        url,
    )
