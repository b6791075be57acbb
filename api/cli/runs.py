"""`weights`, `predict`, `reproduce`: what can be done with a run that has succeeded; and `retry`
for what has not."""

import hashlib
import sys
import time
from typing import Annotated, Any

import typer

from api.cli.client import PATIENCE, UrlOption, connected
from api.cli.console import FAILED, USAGE, out, say, stop

WAIT = 20  # seconds that the service may hold a reply
PAUSE = 1.0  # between looks at a training
ENDED = frozenset({"succeeded", "failed", "cancelled"})

RunArgument = Annotated[str, typer.Argument(help="The id of a run that has succeeded.")]


def weights(run: RunArgument, url: UrlOption = None) -> None:
    """Write the weights with their vocabulary to standard output, as safetensors."""
    if sys.stdout.isatty():
        raise stop(f"These are bytes: tripletlab weights {run} > weights.safetensors", USAGE)
    with connected(url) as client:
        reply = client.call("GET", f"/v1/runs/{run}/weights")
    if reply.headers["etag"].strip('"') != hashlib.sha256(reply.content).hexdigest():
        raise stop("The file of weights is not the one that the run ended with: its hash differs.")
    sys.stdout.buffer.write(reply.content)


def predict(run: RunArgument, question1: str, question2: str, url: UrlOption = None) -> None:
    """Ask a run's network about two questions: their similarity, and whether it calls them
    duplicates."""
    pair = {"question1": question1, "question2": question2}
    patience = WAIT + PATIENCE
    with connected(url) as client:
        place = f"/v1/runs/{run}/predict"
        view = client.post(place, json=pair, params={"wait": WAIT}, timeout=patience)
        if view["state"] == "queued":
            say("No worker has answered yet; waiting.")
        while view["state"] == "queued":
            place = f"/v1/predictions/{view['id']}"
            view = client.call("GET", place, params={"wait": WAIT}, timeout=patience).json()
    if view["state"] == "failed":
        raise stop(f"No answer: {view['reason']}")
    (answer,) = view["predictions"]
    word = "duplicate" if answer["duplicate"] else "different"
    out.print(f"{answer['similarity']:.4f} {word} (threshold {view['threshold']:g})", markup=False)


def reproduce(run: RunArgument, url: UrlOption = None) -> None:
    """Train a run again and say whether every figure is the same; ends with 1 when not."""
    with connected(url) as client:
        view: dict[str, Any] = client.post(f"/v1/runs/{run}/reproduce")
        say(f"Training again: {client.base_url}/v1/runs/{view['again']}")
        while view["state"] not in ENDED:
            time.sleep(PAUSE)
            view = client.get(f"/v1/reproductions/{view['id']}")
    out.print(view["sentence"], markup=False, soft_wrap=True)
    for name, values in view["provenance_differences"].items():
        say(f"  {name}: {values['recorded']} then, {values['again']} now")
    if not view["identical"]:
        raise typer.Exit(FAILED)


def retry(
    subject: Annotated[
        str, typer.Argument(help="The id of a failed or cancelled run, or of an experiment.")
    ],
    from_start: Annotated[
        bool, typer.Option("--from-start", help="Begin anew; else from the last checkpoint.")
    ] = False,
    url: UrlOption = None,
) -> None:
    """Queue a failed or cancelled run again, or all those of an experiment."""
    kind = "experiments" if subject.startswith("exp_") else "runs"
    params = {"from": "start" if from_start else "checkpoint"}
    with connected(url) as client:
        view: dict[str, Any] = client.post(f"/v1/{kind}/{subject}/retry", params=params)
    out.print(f"{subject}: {view['state']}", markup=False)
    if view["waiting_for"]:
        say(f"It waits for {view['waiting_for']}.")
