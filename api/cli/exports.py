"""`export table|figure|tensorboard|mlflow` and `report`: an experiment in other tools."""

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from api.cli.connection import UrlOption, connected
from api.cli.console import USAGE, JsonOption, print_json, say, stop
from api.cli.experiments import ExperimentArgument
from api.cli.help import Commands
from api.cli.trackers.mlflow_server import MlflowError, Tracking, export_to_mlflow
from api.cli.trackers.run_parameters import trained_runs
from api.cli.trackers.tensorboard_files import write_events
from api.cli.trackers.tensorboard_hparams import HyperparameterTable
from api.finding.named_ids import experiment_id

app = Commands(help="Export an experiment to other tools.", no_args_is_help=True)

TENSORBOARD_READS = 1000
"""Steps of a tag that TensorBoard shows unless it is told otherwise."""

Points = Annotated[
    int, typer.Option(min=0, help="The most steps of a run, its extremes kept; 0 is every step.")
]


@app.command()
def table(
    experiment: ExperimentArgument,
    name: Annotated[str, typer.Argument(help="runs, steps, evaluations or scores.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A .csv or .parquet file.")
    ] = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Write a table as CSV or Parquet; without --output, as CSV to standard output."""
    if as_json and output is None:
        raise stop("--json prints the path of the file, so it needs --output.", USAGE)
    with connected(url) as client:
        experiment = experiment_id(client, experiment)
        if output is not None:
            _tell_of(client.export(experiment, name, output), as_json)
            return
        with tempfile.TemporaryDirectory() as folder:
            whole = client.export(experiment, name, Path(folder) / "table.csv")
            with whole.open("rb") as file:
                shutil.copyfileobj(file, sys.stdout.buffer)


@app.command()
def figure(
    experiment: ExperimentArgument,
    name: Annotated[str, typer.Argument(help="training, validation, gauges or comparison.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="An .svg or .png file.")],
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Draw learning curves, gauges of collapse, or the comparison."""
    with connected(url) as client:
        experiment = experiment_id(client, experiment)
        _tell_of(client.figure(experiment, name, output), as_json)


@app.command()
def tensorboard(
    experiment: ExperimentArgument,
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder for --logdir.")],
    max_points: Points = 0,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Write TensorBoard's event files: a folder for each arm and seed."""
    written, longest = [], 0
    with connected(url) as client:
        experiment = experiment_id(client, experiment)
        try:
            runs = trained_runs(client.results(experiment))
            hyperparameters = HyperparameterTable(runs, client.get("/v1/metrics")["evaluations"])
            for run in runs:
                file = write_events(client, run, hyperparameters, output, max_points or None)
                written.append(file)
                longest = max(longest, run.document["step"])
                say(f"{run.name}: written")
        except ImportError:
            raise stop("This needs tensorboardX: pip install 'tripletlab[exports]'") from None
        except OSError as error:
            raise stop(f"{output} cannot be written: {error.strerror}.", USAGE) from None
    if as_json:
        _print_files(*written)
    longest = min(longest, max_points or longest)
    every = f" --samples_per_plugin scalars={longest}" if longest > TENSORBOARD_READS else ""
    say(f"Open them with: tensorboard --logdir {output}{every}")


@app.command()
def mlflow(
    experiment: ExperimentArgument,
    tracking_uri: Annotated[
        str, typer.Option(envvar="MLFLOW_TRACKING_URI", help="The server's address, http://…")
    ],
    name: Annotated[
        str | None, typer.Option(help="The MLflow experiment; by default the name and id.")
    ] = None,
    max_points: Points = 500,
    artifacts: Annotated[bool, typer.Option(help="Store spec, results and report.")] = True,
    token: Annotated[
        str, typer.Option(envvar="MLFLOW_TRACKING_TOKEN", help="Better set in the environment.")
    ] = "",
    user: Annotated[str, typer.Option(envvar="MLFLOW_TRACKING_USERNAME")] = "",
    password: Annotated[
        str, typer.Option(envvar="MLFLOW_TRACKING_PASSWORD", help="Better set in the environment.")
    ] = "",
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Send runs, parameters, metrics and files to an MLflow server; it can be repeated."""
    if not tracking_uri.startswith(("http://", "https://")):
        raise stop("--tracking-uri is the address of a server: http://… or https://…", USAGE)
    try:
        tracking = Tracking(tracking_uri, token, user, password)
    except MlflowError as error:
        raise stop(f"MLflow: {error}.") from None
    with connected(url) as client:
        experiment = experiment_id(client, experiment)
        results = client.results(experiment)
        try:
            mlflow_experiment = export_to_mlflow(
                client,
                results,
                tracking,
                name=name or f"{results.name} ({results.experiment})",
                max_points=max_points or None,
                artifacts=artifacts,
                say=say,
            )
        except MlflowError as error:
            raise stop(f"MLflow: {error}.") from None
        finally:
            tracking.close()
    if as_json:
        print_json({"tracking_uri": tracking_uri, "experiment_id": mlflow_experiment})


def report(
    experiment: ExperimentArgument,
    output: Annotated[Path, typer.Option("--output", "-o", help="An .html file.")],
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Write the report: one HTML file to send to a colleague."""
    with connected(url) as client:
        experiment = experiment_id(client, experiment)
        _tell_of(client.report(experiment, output), as_json)


def _tell_of(file: Path, as_json: bool) -> None:
    if as_json:
        _print_files(file)
    else:
        say(f"{file}: written")


def _print_files(*files: Path) -> None:
    print_json({"files": [str(file) for file in files]})
