"""`log` for any run; `weights`, `predict` and `reproduce` for one that has succeeded; `retry` for
others."""

import re
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.connection import UrlOption, connected
from api.cli.console import FAILED, USAGE, JsonOption, out, print_json, say, stop
from api.client import ENDED, Client, NoPrediction, Refused
from api.finding.named_ids import LATEST, experiment_id, run_id

NO_WORKER = (
    "No worker is alive, and one has to compute this: it waits until one is (Ctrl-C ends the wait)."
)
POLL_SECONDS = 1.0  # while a run is reproduced, or its log is followed

RunArgument = Annotated[
    str,
    typer.Argument(help="A run: its id, the beginning of it, or EXPERIMENT/ARM/SEED."),
]


def require_run(subject: str) -> None:
    """Refuse an experiment, saying where the ids of its runs are."""
    if "/" not in subject and (subject == LATEST or subject.startswith("exp_")):
        raise stop(
            f"{subject} is an experiment, and this takes one of its runs. "
            f"Their ids: tripletlab runs {subject}; or {subject}/ARM/SEED",
            USAGE,
        )


def log(
    run: RunArgument,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on until the run has ended.")
    ] = False,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Print what happened in a run: how its attempts began, what they did and how they ended."""
    require_run(run)
    if follow and as_json:
        raise stop("--json prints one document, and --follow goes on: give one of them.", USAGE)
    with connected(url) as client:
        run = run_id(client, run)
        if as_json:
            print_json(client.get(f"/v1/runs/{run}/log")["items"])
            return
        last = _print_log(client, run, 0)
        if not last and not follow:
            say(f"{run} has no log: it is {client.get(f'/v1/runs/{run}')['state']}.")
        while follow:
            ended = client.get(f"/v1/runs/{run}")["state"] in ENDED
            last = _print_log(client, run, last)
            if ended:
                return
            time.sleep(POLL_SECONDS)


def _print_log(client: Client, run: str, after: int) -> int:
    """Print the lines after this number; the number of the last that was printed."""
    for line in client.get(f"/v1/runs/{run}/log", after=after)["items"]:
        level = "" if line["level"] == "info" else f"{line['level']}: "
        moment = line["at"][:19].replace("T", " ")
        out.print(f"{moment}  {level}{line['message']}", markup=False, soft_wrap=True)
        after = line["number"]
    return after


def weights(run: RunArgument, url: UrlOption = None) -> None:
    """Write the weights with their vocabulary to standard output, as safetensors."""
    require_run(run)
    if sys.stdout.isatty():
        raise stop(f"Weights are binary: tripletlab weights {run} > weights.safetensors", USAGE)
    with tempfile.TemporaryDirectory() as folder, connected(url) as client:
        run = run_id(client, run)
        # downloaded whole first, so that its hash is checked before any byte is written
        with client.weights(run, Path(folder) / "weights").open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)


def predict(
    run: RunArgument,
    question1: str,
    question2: str,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Predict the similarity of two questions, and whether they are duplicates."""
    require_run(run)
    with connected(url) as client:
        run = run_id(client, run)
        # the state of the run is told first: where it has not succeeded, nothing waits
        if client.get(f"/v1/runs/{run}")["state"] == "succeeded" and _no_worker(client):
            say(NO_WORKER)
        try:
            (answer,) = client.predict(run, [(question1, question2)])
        except NoPrediction as error:
            raise stop(f"There is no prediction: {error}") from None
    if as_json:
        print_json(answer.document)
        return
    word = "duplicate" if answer.duplicate else "different"
    threshold = answer.document["threshold"]
    out.print(f"{answer.similarity:.4f} {word} (threshold {threshold:g})", markup=False)
    if unknown := answer.document["unknown_words"]:
        say(f"Not in the training data: {', '.join(unknown)}.")
        if set(re.findall(r"\w+", f"{question1} {question2}")) <= set(unknown):
            say("No word of them was seen in training, so the similarity says nothing.")


def _no_worker(client: Client) -> bool:
    try:
        return not client.get("/readyz")["live_workers"]
    except Refused:  # a part of the service is away, and how many workers there are is not told
        return False


def reproduce(run: RunArgument, as_json: JsonOption = False, url: UrlOption = None) -> None:
    """Train a run again and say whether every value is the same; exit with 1 when not."""
    require_run(run)
    with connected(url) as client:
        run = run_id(client, run)
        view: dict[str, Any] = client.post(f"/v1/runs/{run}/reproduce")
        say(f"Training again: {client.url}/v1/runs/{view['again']}")
        while view["state"] not in ENDED:
            time.sleep(POLL_SECONDS)
            view = client.get(f"/v1/reproductions/{view['id']}")
    if as_json:
        print_json(view)
    else:
        out.print(view["sentence"], markup=False, soft_wrap=True)
    for name, values in view["provenance_differences"].items():
        say(f"  {name}: {values['recorded']} then, {values['again']} now")
    if not view["identical"]:
        raise typer.Exit(FAILED)


def retry(
    subject: Annotated[
        str,
        typer.Argument(
            help="A failed or cancelled run (its id, the beginning of it, or "
            "EXPERIMENT/ARM/SEED), or an experiment (its id, the beginning of it, or `latest`)."
        ),
    ],
    from_start: Annotated[
        bool,
        typer.Option("--from-start", help="Start over; else from the last checkpoint."),
    ] = False,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Queue a failed or cancelled run again, or all those of an experiment."""
    of_run = subject.startswith("run_") or "/" in subject
    kind = "runs" if of_run else "experiments"
    params = {"from": "start" if from_start else "checkpoint"}
    with connected(url) as client:
        subject = run_id(client, subject) if of_run else experiment_id(client, subject)
        before = client.get(f"/v1/{kind}/{subject}")
        view: dict[str, Any] = client.post(f"/v1/{kind}/{subject}/retry", params=params)
    if as_json:
        print_json(view)
        return
    if not any(run["state"] in ("failed", "cancelled") for run in before.get("runs", [before])):
        say(
            f"Nothing was queued again: {subject} is {view['state']}, and only failed and "
            "cancelled runs are."
        )
        if view["state"] == "succeeded":  # as it is refused for a run
            raise typer.Exit(FAILED)
        return
    out.print(f"{subject}: {view['state']}", markup=False)
    if view["waiting_for"]:
        say(f"It waits for {view['waiting_for']}.")
