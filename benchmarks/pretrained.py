"""A pretrained encoder on the Quora pairs, through the service: untouched, then under three losses.

    TRIPLETLAB_QUORA_FILE=… python benchmarks/pretrained.py FOLDER [--steps 100] [--seeds 3]
        [--peers .venv-peers/bin/python]

FOLDER is that of a model. It needs the extra `pretrained`. A service of this script's own trains
two runs at a time; the test part is the first 2,000 test pairs of the course. With `--peers`, an
interpreter that has sentence-transformers (`make peers`), the model of a run is downloaded and
loaded there, and its vectors are held against the service's own.
"""

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from own_service import own_service
from quora_service import DATASET, PeakOfAttempts, ended, taken

from api.client import Client
from worker.predictions.model import Model

COURSE = {"margin": 0.25, "reduction": "sum"}
MEAN = {"kind": "mean_negative"}
ARMS = {
    "vanilla": [MEAN, {"kind": "closest_negative", "among": "not_harder_than_positive"}],
    "modified": [MEAN, {"kind": "closest_negative", "among": "all"}],
    "multiple negatives": [{"kind": "multiple_negatives"}],
}
METRICS = ("test.roc_auc", "test.accuracy")


def body(steps: int, seeds: int) -> dict[str, Any]:
    """An expert's usual spec: AdamW, a linear schedule with warm-up, clipping."""
    return {
        "name": "Which loss should train this encoder?",
        "dataset": DATASET,
        "split": {"kind": "in_order", "train_rows": 300_000, "test_rows": 2_000},
        "encoder": {"kind": "pretrained", "model": "model", "max_tokens": 64},
        "optimizer": {
            "kind": "adamw",
            "lr": 2e-5,
            "schedule": {"kind": "linear", "warmup_steps": steps // 10},
            "clip": 1.0,
        },
        "batch_size": 16,
        "steps": steps,
        "evaluate_every": steps,
        "validation_batches": 1,
        "validation_pairs": 256,
        "threshold": {"kind": "validation"},
        "arms": [
            {"name": name, "loss": {**COURSE, "terms": terms}} for name, terms in ARMS.items()
        ],
        "seeds": {"count": seeds},
        "decision": {"metric": "test.roc_auc"},
    }


def rows(client: Client, experiment: str) -> list[str]:
    """The table of arms, then the lines and the verdicts."""
    results = client.get(f"/v1/experiments/{experiment}/results")
    told = ["| | ROC-AUC | accuracy |", "| --- | --- | --- |"]
    lines = results["baselines"]["by_metric"]
    untouched = [f"{lines[metric]['zero_shot']['vanilla']:.4f}" for metric in METRICS]
    told.append(f"| untouched | {' | '.join(untouched)} |")
    counted = [f"{lines[metric]['tf_idf']:.4f}" for metric in METRICS]
    told.append(f"| TF-IDF | {' | '.join(counted)} |")
    for arm in results["arms"]:
        cells = []
        for metric in METRICS:
            values = [run["metrics"][metric] for run in arm["runs"]]
            spread = statistics.stdev(values) if len(values) > 1 else 0.0
            cells.append(f"{statistics.fmean(values):.4f} ± {spread:.4f}")
        told.append(f"| {arm['name']} | {cells[0]} | {cells[1]} |")
    return told + [one["sentence"] for one in results["comparisons"] if one["role"] == "primary"]


IN_PEER = """
import json, sys
import numpy
from sentence_transformers import SentenceTransformer
folder, texts, vectors = sys.argv[1:]
encoder = SentenceTransformer(folder, device="cpu")
numpy.save(vectors, encoder.encode(json.load(open(texts))))
"""


def furthest_from_peer(client: Client, run: str, texts: list[str], python: Path) -> float:
    """The largest difference in an entry of a vector between sentence-transformers, which has the
    folder that the service gives, and the service's own network."""
    with tempfile.TemporaryDirectory() as temporary:
        at = Path(temporary)
        archive = client.request("GET", f"/v1/runs/{run}/model").content
        zipfile.ZipFile(io.BytesIO(archive)).extractall(at / "model")
        (at / "texts.json").write_text(json.dumps(texts))
        files = (at / "model", at / "texts.json", at / "vectors.npy")
        command = [str(python), "-c", IN_PEER, *map(str, files)]
        subprocess.run(command, check=True)
        own = Model.read(client.weights(run, at / "weights.safetensors"))
        with torch.no_grad():
            vectors = own.encoder.encode(own.reader.questions(texts)).numpy()
        return float(np.abs(vectors - np.load(at / "vectors.npy")).max())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--peers", type=Path)
    asked = parser.parse_args()
    file = os.environ.get("TRIPLETLAB_QUORA_FILE")
    if not file:
        sys.exit("TRIPLETLAB_QUORA_FILE names no file")
    with own_service(workers=2) as service:
        client = service.client
        client.upload(Path(file), DATASET)
        model = client.upload_model(asked.folder, "model")
        print(f"{model.architecture}, {model.parameters:,} parameters")
        spec = body(asked.steps, asked.seeds)
        plan = client.dry_run(spec)
        memory = plan.document["run_memory_bytes"] / 2**20
        print(f"dry run: {plan.estimated_seconds:,.0f} s, {memory:,.0f} MiB a run", flush=True)
        peak = PeakOfAttempts()
        made = client.submit(spec)
        runs = ended(client, made.id)
        peak.stop()
        seconds = [taken(run["started_at"], run["finished_at"]) for run in runs]
        print(f"measured: {statistics.fmean(seconds):.0f} s and at most {peak.mib:,} MiB a run")
        print("\n".join(rows(client, made.id)))
        if asked.peers:
            page = client.get(f"/v1/datasets/{DATASET}/pairs", limit=100)["items"]
            texts = [pair[side] for pair in page for side in ("question1", "question2")]
            found = furthest_from_peer(client, runs[0]["id"], texts, asked.peers)
            print(f"sentence-transformers: {len(texts)} vectors differ by {found:.1e} at most")


if __name__ == "__main__":
    main()
