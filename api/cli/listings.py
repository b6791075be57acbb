"""Tables of things with ids and names, which other commands need whole: none is ever cut."""

from collections.abc import Collection

from rich import box
from rich.console import Console
from rich.table import Table

from api.cli.console import out

ENDLESS = 100_000  # columns: what is not a terminal wraps nothing
ROOMY = 80  # columns of a terminal from which an id fits into one line


def listing(*headings: str, whole: Collection[str] = (), title: str | None = None) -> Table:
    """Return a table that folds what does not fit; the columns `whole` stay in one line where the
    terminal has room for an id."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        one_line = heading in whole and out.width >= ROOMY
        table.add_column(heading, overflow="fold", no_wrap=one_line)
    return table


def show_table(table: Table) -> None:
    """Print a table: as wide as it is in a file or a pipe, folded to the width of a terminal."""
    if out.is_terminal:
        out.print(table)
    else:
        Console(file=out.file, width=ENDLESS, highlight=False).print(table)
