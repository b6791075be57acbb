"""Experiments that have ended, with one run that failed, and what is told of them as a whole."""

from typing import Any

import numpy as np
from safetensors.numpy import save_file

from models.states import RunState
from models.store.run_life import runs

from support.api import ApiForTests, now

SEEDS = {"count": 6}
SCORED = 40  # test pairs
THIRD = {"name": "third", "loss": {"terms": [{"kind": "closest_negative", "weight": 2.0}]}}


def train(api: ApiForTests, run: dict[str, Any], gain: float = 0.02) -> None:
    better = gain + 0.0003 * run["seed"] if run["arm"] == "modified" else 0.0
    api.train(run["id"], accuracy=0.7 + better + 0.002 * run["seed"])
    write_scores(api, run["id"], seed=run["seed"], skill=2.0 if run["arm"] == "modified" else 0.5)


def write_scores(api: ApiForTests, run_id: str, *, seed: int, skill: float) -> None:
    label = np.arange(SCORED) % 3 == 0
    noise = np.random.default_rng(seed).normal(size=SCORED)
    score = (noise + skill * label).astype(np.float32)
    columns = {"row": np.arange(SCORED), "label": label.astype(np.int8), "score": score}
    save_file(columns, api.settings.run_dir(run_id) / "scores.safetensors")


def ended(api: ApiForTests, **changes: Any) -> dict[str, Any]:
    """An experiment whose runs have all succeeded but the last, which failed."""
    experiment = api.submit(**{"seeds": SEEDS, **changes})
    *most, last = experiment["runs"]
    for run in most:
        train(api, run)
    fail(api, last["id"])
    return experiment


def fail(api: ApiForTests, run_id: str) -> None:
    attempt = api.claim(run_id)
    with api.database.transaction() as session:
        runs.finish(session, run_id, attempt, RunState.FAILED, reason="it broke", now=now())


def place(experiment: dict[str, Any]) -> str:
    return f"/v1/experiments/{experiment['id']}"


def compared(experiment: dict[str, Any]) -> str:
    arms = (f"{experiment['id']}/{name}" for name in ("modified", "vanilla"))
    return "/v1/comparisons?a={}&b={}".format(*arms)


def paths(experiment: dict[str, Any]) -> list[str]:
    """What is told of an experiment as a whole, in different forms."""
    own = place(experiment)
    return [
        *(f"{own}/results", f"{own}/results?target_loss=1.5", f"{own}/figures/comparison"),
        *(f"{own}/figures/training", compared(experiment), f"{compared(experiment)}&margin=0.02"),
    ]
