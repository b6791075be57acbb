"""The forum's question from the data file to the pictures, in one command.

    make forum QUORA=quora_question_pairs.parquet

starts the embedded service on a folder of its own (`data/forum`), uploads the pairs, asks the
recipe `hard-negative-mining` under twelve seeds, waits, and draws `benchmarks/pictures/`. Stopped
and started again it goes on. `--service URL` asks a service that runs already.

    make forum QUORA=… ARGS="--recipe hard-negative-mining-tuned --results tuned.json"

asks another recipe on these pairs, prints its sentences and draws nothing; `--body` is a JSON
object that is merged over the recipe, such as `{"steps": 300}`, and `--results` keeps the results.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import fmean
from typing import Any

import httpx
from matplotlib.figure import Figure

from api.exports import pictures

from forum import FORUM_LOSS, FORUM_STEPS

HERE = Path(__file__).parent
DATASET = "quora-question-pairs"
UNTUNED = "hard-negative-mining"
PORT = 8090


@contextmanager
def service(url: str | None) -> Iterator[httpx.Client]:
    """A client of the service at `url`, or of one started here."""
    if url is not None:
        with httpx.Client(base_url=url, timeout=120) as client:
            yield client
        return
    command = [str(Path(sys.executable).parent / "tripletlab"), "serve", "--port", str(PORT)]
    folder = os.environ.get("TRIPLETLAB_DATA_DIR", "data/forum")
    serving = subprocess.Popen(command, env={**os.environ, "TRIPLETLAB_DATA_DIR": folder})
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{PORT}", timeout=120) as client:
            _wait_until_ready(client, serving)
            yield client
    finally:
        serving.terminate()
        serving.wait()


def _wait_until_ready(client: httpx.Client, serving: subprocess.Popen[bytes]) -> None:
    while serving.poll() is None:
        try:
            if client.get("/readyz").is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.5)
    sys.exit("the service did not start; see above")


def upload(client: httpx.Client, file: Path) -> None:
    """Store the pairs under the recipe's name, unless they are there."""
    if client.get(f"/v1/datasets/{DATASET}").is_success:
        return
    with file.open("rb") as content:
        reply = client.post("/v1/datasets", files={"file": content}, data={"name": DATASET})
    reply.raise_for_status()


def ask(client: httpx.Client, body: dict[str, Any]) -> str:
    """The id of the experiment of this body; asked again, it is the same one."""
    key = json.dumps(body, sort_keys=True)
    reply = client.post("/v1/experiments", json=body, headers={"Idempotency-Key": key[:200]})
    reply.raise_for_status()
    return str(reply.json()["id"])


def wait(client: httpx.Client, experiment: str) -> dict[str, Any]:
    """The results once every run has ended."""
    while True:
        view = client.get(f"/v1/experiments/{experiment}", params={"wait": 30}).json()
        print(f"{view['state']}, {view['progress']:.0%}", file=sys.stderr, flush=True)
        if view["state"] not in ("queued", "running"):
            results: dict[str, Any] = client.get(f"/v1/experiments/{experiment}/results").json()
            return results


def series_of(client: httpx.Client, results: dict[str, Any], what: str) -> dict[str, list[Any]]:
    """For each arm, `steps` or `evaluations` of every run that succeeded."""
    return {
        arm["name"]: [
            client.get(f"/v1/runs/{run['id']}/{what}").json()
            for run in arm["runs"]
            if run["state"] == "succeeded"
        ]
        for arm in results["arms"]
    }


def means(series: dict[str, list[float]], width: int = 20) -> dict[str, list[float]]:
    """The steps and losses of a run, averaged over stretches of `width` steps."""
    starts = range(0, len(series["step"]), width)
    names = ("step", "loss_per_row")
    return {name: [fmean(series[name][at : at + width]) for at in starts] for name in names}


def validation(run: dict[str, Any], figure: str) -> dict[str, list[Any]]:
    rows = [row for row in run["items"] if row["split"] == "validation"]
    return {name: [row[name] for row in rows] for name in ("step", figure)}


def draw(client: httpx.Client, results: dict[str, Any], folder: Path) -> None:
    """The service's pictures; and two of its drawings of what it does not show alone."""
    steps = series_of(client, results, "steps")
    forum = {
        arm: {"step": FORUM_STEPS, "loss_per_row": [one / 256 for one in loss]}
        for arm, loss in FORUM_LOSS.items()
    }
    smooth = {arm: [means(run) for run in runs] for arm, runs in steps.items()}
    save(folder / "training.svg", pictures.training_curves(smooth, 0.5, forum))
    for figure, label in (
        ("baseline_loss", "validation loss (the baseline's), 256 rows"),
        ("roc_auc", "validation ROC-AUC"),
    ):
        evaluations = series_of(client, results, "evaluations")
        arms = {arm: [validation(run, figure) for run in runs] for arm, runs in evaluations.items()}
        save(folder / f"{figure}.svg", pictures.evaluation_curves(arms, {figure: label}))
    for figure, file in (("gauges", "gauges"), ("comparison", "paired")):
        drawn = client.get(f"/v1/experiments/{results['experiment']}/figures/{figure}")
        (folder / f"{file}.svg").write_bytes(drawn.raise_for_status().content)


def save(path: Path, figure: Figure) -> None:
    path.write_bytes(pictures.drawn(figure, "svg"))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--quora", type=Path, default=os.environ.get("TRIPLETLAB_QUORA_FILE"))
    arguments.add_argument("--service", help="address of a service that runs already")
    arguments.add_argument("--experiment", help="id of one that was asked for already")
    arguments.add_argument("--seeds", type=int, default=12)
    arguments.add_argument("--recipe", default=UNTUNED)
    arguments.add_argument("--body", type=json.loads, default={}, help="merged over the recipe")
    arguments.add_argument("--results", type=Path, help="file for the results")
    given = arguments.parse_args()
    with service(given.service) as client:
        if given.quora:
            upload(client, given.quora)
        body = {"recipe": given.recipe, "seeds": {"count": given.seeds}, **given.body}
        results = wait(client, given.experiment or ask(client, body))
        if given.recipe == UNTUNED:
            draw(client, results, HERE / "pictures")
    if given.results:
        given.results.write_text(json.dumps(results))
    for said in results.get("effects") or results["comparisons"]:
        print(f"- {said['sentence']}")


if __name__ == "__main__":
    main()
