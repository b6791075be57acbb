"""The command `tripletlab`: start the service, ask it, follow it."""

import logging

import typer

from api.cli import (
    alive,
    datasets,
    demo,
    experiments,
    exports,
    keys,
    listing,
    runs,
    services,
    webhooks,
)

app = typer.Typer(
    name="tripletlab",
    help="Does a choice in a triplet loss matter? A REST service that trains and compares.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def _log() -> None:
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=logging.WARNING)


for command in (
    services.serve,
    services.worker,
    alive.alive,
    demo.demo,
    experiments.submit,
    experiments.watch,
    experiments.results,
    experiments.compare,
    listing.cancel,
    listing.recipes,
    exports.report,
    runs.weights,
    runs.predict,
    runs.reproduce,
    runs.retry,
    services.migrate,
):
    app.command()(command)
app.command("list")(listing.list_experiments)
app.add_typer(datasets.app, name="datasets")
app.add_typer(exports.app, name="export")
app.add_typer(keys.app, name="keys")
app.add_typer(webhooks.app, name="webhooks")
