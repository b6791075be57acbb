"""What an experiment of thousands of runs costs: the list, the results, the report, the memory.

    python benchmarks/large_results.py [--arms 16] [--seeds 200] [--test-pairs 10240]

Nothing is trained: the runs, their figures and their scores are written as workers leave them, into
a service of the script's own. The API is the command in a process of its own, and each reply is
asked for twice: the first time it is worked out, then it is kept. Beside the time is that of the
processor, which other work on the machine moves less. `--listed 1000` is the number of
seeds of another experiment of as many arms, the largest that is allowed, for the list alone.
"""

import argparse
import math
import os
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from goals import tell_goal
from memory import memory_peak
from numpy.typing import NDArray
from own_service import OwnService, own_service
from safetensors.numpy import save_file
from sqlalchemy import insert, select, update

from models.comparison.scores import scores_of
from models.metrics import EVALUATION_METRICS, STEP_METRICS
from models.specs.parse import parse_spec
from models.states import RunState
from models.store.database import Database
from models.store.experiments import create_experiment, runs_of
from models.store.tables import Base, Dataset, Event, Run

STEPS, EVERY, BATCH = 100, 20, 64
MOST_ARMS, LEVELS = 16, 4
AT_ONCE = 200  # runs whose rows are written in one transaction
MOST_MEMORY = 1024  # MiB
PROVENANCE = {"torch": "2.13.0", "numpy": "2.4.6", "python": "3.11.7", "threads": 1, "cpu": "EPYC"}

Columns = dict[str, NDArray[Any]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--arms", type=int, default=16)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--test-pairs", type=int, default=10_240)
    parser.add_argument("--listed", type=int, default=0, help="seeds of one for the list alone")
    parser.add_argument("--no-report", action="store_true", help="whose pictures take longest")
    asked = parser.parse_args()
    with own_service("--no-worker") as service:
        store = Database(service.settings.resolved_database_url)
        made = made_experiment(store, asked.arms, asked.seeds)
        filled(service, store, made, asked.test_pairs)
        if asked.listed:
            listed = made_experiment(store, asked.arms, asked.listed)
            filled(service, store, listed, 0)
        store.close()
        measure(service, made, f"{asked.arms} x {asked.seeds}", report=not asked.no_report)


def made_experiment(store: Database, arms: int, seeds: int) -> str:
    """An experiment of these sizes on the generated questions, queued; its id."""
    spec = parse_spec(
        {
            "name": f"{arms} arms, {seeds} seeds",
            "dataset": "questions-generated",
            "steps": STEPS,
            "evaluate_every": EVERY,
            "batch_size": BATCH,
            "seeds": {"count": seeds},
            **arms_of(arms),
        }
    )
    with store.transaction() as session:
        return create_experiment(
            session,
            spec=spec,
            dataset=session.scalars(select(Dataset)).one(),
            test_pairs=10_240,
            baseline_majority=0.63,
            baseline_collapsed=0.37,
            left_out_pairs=0,
            idempotency_key=None,
            request_hash="",
        ).id


def arms_of(arms: int) -> dict[str, Any]:
    """So many arms; above 16 the cells of factors, a power of four of them."""
    loss = {"terms": [{"kind": "mean_negative"}]}
    if arms <= MOST_ARMS:
        more: list[dict[str, Any]] = [
            {"optimizer": {"lr": 0.01 + 0.001 * number}} if number else {} for number in range(arms)
        ]
        return {"arms": [{"name": f"arm {n}", "loss": loss, **one} for n, one in enumerate(more)]}
    levels: list[list[dict[str, Any]]] = [
        [{"optimizer": {"lr": 0.01 + 0.001 * level}} for level in range(LEVELS)],
        [{"loss": {"margin": 0.1 + 0.1 * level}} for level in range(LEVELS)],
        [{"encoder": {"embedding_dim": 8 * (1 + level)}} for level in range(LEVELS)],
    ]
    count = round(math.log(arms, LEVELS))
    factors = [
        {"name": f"factor {n}", "levels": [{"name": str(k), **one} for k, one in enumerate(own)]}
        for n, own in enumerate(levels[:count])
    ]
    encoder = {"kind": "lstm", "embedding_dim": 8, "hidden_dim": 8}
    return {"factors": factors, "effects": "with_interactions", "loss": loss, "encoder": encoder}


def place_of(run: Run) -> int:
    """Which of the arms is the run's, as a number that its quality follows from."""
    digits = [int(digit) for digit in re.findall(r"(?:arm |=)(\d+)", run.arm)]
    return sum(digit * LEVELS**place for place, digit in enumerate(digits))


def filled(service: OwnService, store: Database, experiment: str, test_pairs: int) -> None:
    """Let every run have succeeded, with `test_pairs` scores; without steps and scores for 0."""
    with store.reading() as session:
        runs = runs_of(session, experiment)
    tables = Base.metadata.tables
    for start in range(0, len(runs), AT_ONCE):
        steps, evaluations = [], []
        for run in runs[start : start + AT_ONCE]:
            tested = scores(service, run, test_pairs) if test_pairs else {"accuracy": quality(run)}
            steps += steps_of(run) if test_pairs else []
            evaluations += evaluations_of(run, tested)
        with store.transaction() as session:
            session.execute(insert(tables["evaluations"]), evaluations)
            if steps:
                session.execute(insert(tables["steps"]), steps)
    now = datetime.now(UTC)
    with store.transaction() as session:
        ended = {"state": RunState.SUCCEEDED, "step": STEPS, "attempt": 1, "finished_at": now}
        more = {"started_at": now, "heartbeat_at": now, "weights_sha256": "5e" * 32}
        own = update(Run).where(Run.experiment_id == experiment)
        session.execute(own.values(**ended, **more, provenance=PROVENANCE))
        note = {"experiment_id": experiment, "at": now, "kind": "state", "attempt": 1}
        moves = {"from_state": RunState.RUNNING, "to_state": RunState.SUCCEEDED}
        session.execute(insert(Event), [{**note, **moves, "run_id": run.id} for run in runs])


def quality(run: Run) -> float:
    """How good a run is, by its arm and its seed."""
    generator = np.random.default_rng([run.seed, place_of(run)])
    return 0.7 + 0.002 * place_of(run) + float(generator.normal(scale=0.004))


def scores(service: OwnService, run: Run, test_pairs: int) -> dict[str, float]:
    """Write the scores of a run, and return what they amount to."""
    generator = np.random.default_rng([run.seed, place_of(run), 1])
    label = np.random.default_rng(0).random(test_pairs) < 0.37
    noise = generator.normal(size=test_pairs).astype(np.float32)
    score = (noise + np.float32(8 * (quality(run) - 0.55)) * label).astype(np.float32)
    folder = service.settings.run_dir(run.id)
    folder.mkdir(parents=True)
    rows = np.arange(test_pairs, dtype=np.int64)
    columns: Columns = {"row": rows, "label": label.astype(np.int8), "score": score}
    save_file(columns, folder / "scores.safetensors")
    called = float((score > 0.6).mean())
    judged = scores_of(rows, label, score, called)
    return {
        "accuracy": float(judged.right.mean()),
        "roc_auc": float(judged.placement[label].mean()),
        "average_precision": float(np.sort(judged.placement[label])[: len(label) // 2].mean()),
        "predicted_positive": called,
    }


def steps_of(run: Run) -> list[dict[str, Any]]:
    def loss(step: int) -> float:
        return 0.5 * math.exp(-max(0, step - 20 - run.seed % 30) / 30)

    same = dict.fromkeys(STEP_METRICS, 0.5)
    return [
        {**same, "run_id": run.id, "step": step, "loss": BATCH * loss(step)}
        | {"loss_per_row": loss(step), "s_ap_mean": 0.99, "s_an_mean": 0.98}
        for step in range(1, STEPS + 1)
    ]


def evaluations_of(run: Run, tested: dict[str, float]) -> list[dict[str, Any]]:
    same = {**dict.fromkeys(EVALUATION_METRICS, 0.5), "pairs": 2048, "run_id": run.id}
    validations = [
        {**same, "step": step, "split": "validation", "accuracy": 0.5 + step / 500}
        | {"loss": 100.0 / step, "loss_per_row": 1.0 / step, "baseline_loss": 100.0 / step}
        for step in range(EVERY, STEPS + 1, EVERY)
    ]
    return [*validations, {**same, "step": STEPS, "split": "test", **tested}]


def measure(service: OwnService, experiment: str, size: str, *, report: bool) -> None:
    place = f"/v1/experiments/{experiment}"
    with httpx.Client(base_url=service.client.url, timeout=1200) as client:

        def asked(path: str) -> Callable[[], float]:
            return lambda: seconds(client, path)

        seconds(client, "/v1/recipes")  # whatever the first request of a process costs
        listed = twice("the list", asked("/v1/experiments"), service.pid)
        results = twice("the results", asked(f"{place}/results"), service.pid)
        twice("the results with a target", asked(f"{place}/results?target_loss=5"), service.pid)
        pair = f"/v1/comparisons?a={experiment}/arm 1&b={experiment}/arm 0"
        twice("two arms compared", asked(pair), service.pid)
        if report:
            twice("the report", asked(f"{place}/report"), service.pid)
    peak = memory_peak(service.pid)
    tell_goal(f"the list with {size} runs", f"{listed:.2f} s", "–", "–", "< 1 s", listed < 1)
    tell_goal(f"results of {size} runs", f"{results:.2f} s", "–", "–", "< 10 s", results < 10)
    tell_goal("the API's memory meanwhile", f"{peak} MiB", "–", "–", "< 1 GiB", peak < MOST_MEMORY)


def seconds(client: httpx.Client, path: str) -> float:
    begun = time.perf_counter()
    with client.stream("GET", path) as reply:
        reply.raise_for_status()
        size = sum(map(len, reply.iter_bytes()))
    taken = time.perf_counter() - begun
    print(f"  {size / 1e6:.1f} MB in {taken:.2f} s")
    return taken


def twice(what: str, ask: Callable[[], float], pid: int) -> float:
    """Seconds of the first reply, which is worked out."""
    print(what)
    begun = processor(pid)
    first = ask()
    between = processor(pid)
    ask()
    used = f"{between - begun:.2f} and {processor(pid) - between:.2f} s of the processor"
    print(f"  {used}, {memory_peak(pid)} MiB at most so far", flush=True)
    return first


def processor(pid: int) -> float:
    """Seconds of the processor that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
