"""`formula`: whether a formula can be a term of a loss, and what it costs, without a service."""

from typing import Annotated

import typer

from api.cli.console import USAGE, JsonOption, number, out, print_json, stop

BATCHES = {
    "collapsed": "every question has one vector",
    "random": "independent random vectors",
    "perfect": "positives alike, negatives at right angles",
}


def formula(
    row: Annotated[str, typer.Argument(help="Such as 'relu(margin - s_ap + max(s_an))'.")],
    margin: Annotated[float, typer.Option(min=0, max=2, help="What it reads as margin.")] = 0.25,
    batch_size: Annotated[int, typer.Option(min=2, max=8192, help="Pairs in a batch.")] = 256,
    step: Annotated[int, typer.Option(min=1, help="What it reads as step.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Check a formula for a loss, and print what a row of it costs on three batches."""
    # they load NumPy, which no other command should wait for
    from models.specs.formula.errors import FormulaError
    from models.specs.formula.examples import example_values
    from models.specs.formula.grammar import parse

    try:
        parse(row)
    except FormulaError as error:
        raise stop(error.in_text(row), USAGE) from None
    values = vars(example_values(row, margin, step, batch_size))
    if as_json:
        print_json({"row": row, **values})
        return
    for batch, words in BATCHES.items():
        out.print(f"{batch:<10}{number(values[batch]):>10}   {words}", markup=False)
