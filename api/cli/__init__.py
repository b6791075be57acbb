"""The command `tripletlab`: starting the service, and using it from a shell."""

import logging
from importlib.metadata import version
from typing import Annotated, Any

import typer

from models.processes.quick_imports import garbage_uncollected

with garbage_uncollected():
    from api.cli import (
        agents,
        compare,
        demo,
        experiment_lists,
        experiments,
        exports,
        formulas,
        liveness,
        more_seeds,
        runs,
        services,
        webhooks,
    )
    from api.cli.console import out, write_to_any_terminal
    from api.cli.help import Commands
    from api.cli.keys import commands as keys
    from api.cli.studies import commands as studies
    from api.cli.uploads import datasets, models, vectors


class _Command(Commands):
    """The command as a process: here rather than in the callback, which `--help` does not reach."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        write_to_any_terminal()
        return super().__call__(*args, **kwargs)


app = _Command(
    context_settings={"help_option_names": ["-h", "--help"]},
    name="tripletlab",
    help="Does a choice in a triplet loss matter? A REST service that trains and compares.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        out.print(f"tripletlab {version('tripletlab')}", highlight=False)
        raise typer.Exit


@app.callback()
def _begin(
    _: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_print_version, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=logging.WARNING)


for command in (
    services.serve,
    services.worker,
    liveness.alive,
    demo.demo,
    experiments.submit,
    experiments.watch,
    experiments.results,
    compare.compare,
    experiment_lists.runs,
    experiment_lists.label,
    experiment_lists.programmes,
    experiments.cancel,
    more_seeds.add_seeds,
    experiments.delete,
    experiments.recipes,
    formulas.formula,
    exports.report,
    runs.log,
    runs.weights,
    runs.predict,
    runs.reproduce,
    runs.retry,
    agents.mcp,
    services.migrate,
):
    app.command()(command)
app.command("list")(experiment_lists.list_experiments)
app.add_typer(datasets.app, name="datasets")
app.add_typer(exports.app, name="export")
app.add_typer(keys.app, name="keys")
app.add_typer(models.app, name="models")
app.add_typer(studies.app, name="study")
app.add_typer(vectors.app, name="vectors")
app.add_typer(webhooks.app, name="webhooks")
