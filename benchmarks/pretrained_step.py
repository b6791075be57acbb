"""Training a pretrained encoder beside sentence-transformers: pairs a second, and memory.

    make peers && TRIPLETLAB_QUORA_FILE=… python benchmarks/pretrained_step.py [FOLDER]
        [--steps 40] [--batch 32] [--rounds 3] [--peers .venv-peers/bin/python]

FOLDER is that of a model, such as all-MiniLM-L6-v2; without one nothing is measured. Both train the
same weights on the same batches of Quora duplicates, by `multiple_negatives` with AdamW at 2e-5,
clipping, and dropout as the model has it; ours also by the course's loss. In every round each has a
process of its own, in turn, and one thread. The time is the processor's: of the steps after the
first three, and of splitting texts into tokens, which ours does once before and the other's trainer
in every step.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from goals import tell_goal, tell_unmeasured
from memory import memory_peak

WARM_UP = 3  # steps that are not counted
LENGTH, DROPOUT, LR = 64, 0.1, 2e-5
FASTER, SLOWER = 1.3, 1.03
FIGURE = "a step of a pretrained encoder"
MEMORY, COURSE = "its memory", "the same step by the course's loss"
LOSSES: dict[str, dict[str, Any]] = {
    "multiple_negatives": {"terms": [{"kind": "multiple_negatives"}]},
    "the course's loss": {
        "terms": [{"kind": "mean_negative"}, {"kind": "closest_negative", "among": "all"}]
    },
}
PEER = "sentence-transformers"

Asked = dict[str, Any]
"""What a process is to do: `folder`, `pairs` of texts, `batches` of their numbers, `kind`."""


def duplicates(count: int) -> list[tuple[str, str]]:
    """The two texts of the file's first `count` duplicates."""
    import numpy as np

    from models.datasets.reading.columns import ColumnMapping
    from models.datasets.reading.files import read_pairs

    name = os.environ.get("TRIPLETLAB_QUORA_FILE") or sys.exit("TRIPLETLAB_QUORA_FILE has no file")
    rows = read_pairs(Path(name), filename=Path(name).name, columns=ColumnMapping())
    chosen = np.flatnonzero(rows.label == 1)[:count]
    sides = (side.take(chosen).to_pylist() for side in (rows.question1, rows.question2))
    return list(zip(*sides, strict=True))


def train_ours(asked: Asked) -> list[float]:
    """The processor's time at the end of each step; the first is that of the beginning."""
    import numpy as np

    from models.specs.parse import parse_spec
    from worker.training.data import RunData
    from worker.training.encoders.pretrained_files import ModelTokenizer, read_start
    from worker.training.loop import Training

    start, pairs = read_start(Path(asked["folder"])), len(asked["pairs"])
    begun = time.process_time()
    texts = [text for pair in asked["pairs"] for text in pair]
    tokens = [np.array(one) for one in ModelTokenizer(start.tokenizer, LENGTH).ids_of(texts)]
    tokenised = time.process_time() - begun
    none, known = np.empty(0, np.int64), 1 + max(int(one.max()) for one in tokens)
    data = RunData(
        ids=np.concatenate(tokens).astype(np.int32),
        offsets=np.concatenate(([0], np.cumsum([len(one) for one in tokens]))),
        remap=np.arange(known, dtype=np.int32),
        vocabulary_size=known,
        pretrained=start,
        labels=np.ones(pairs, np.int8),
        train=np.arange(pairs),
        validation_duplicates=none,
        validation=none,
        test=none,
        groups=np.arange(2 * pairs, dtype=np.int32) // 2,
    )
    optimizer = {"kind": "adamw", "lr": LR, "weight_decay": 0.0, "clip": 1.0}
    spec = parse_spec(
        {
            "dataset": "quora",
            "encoder": {
                "kind": "pretrained", "model": "m", "max_tokens": LENGTH, "dropout": DROPOUT
            },
            "optimizer": {**optimizer, "schedule": {"kind": "constant"}},
            "batch_size": len(asked["batches"][0]),
            "steps": len(asked["batches"]),
            "evaluate_every": len(asked["batches"]),
            "arms": [{"name": "only", "loss": LOSSES[asked["kind"]]}],
            "seeds": {"count": 1},
        }
    )  # fmt: skip
    training = Training(spec, "only", 0, data, "cpu")
    share = tokenised / len(asked["batches"])
    times = [time.process_time()]
    for step in range(1, 1 + len(asked["batches"])):
        training.advance()
        times.append(time.process_time() + step * share)
    return times


def train_peer(asked: Asked) -> list[float]:
    """The same by the trainer of sentence-transformers."""
    from datasets import Dataset
    from sentence_transformers import (
        SentenceTransformer,
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
    )
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
    from torch.utils.data import SequentialSampler
    from transformers import TrainerCallback

    times = []

    class Clock(TrainerCallback):
        def on_train_begin(self, *_: Any, **__: Any) -> None:
            times.append(time.process_time())

        def on_step_end(self, *_: Any, **__: Any) -> None:
            times.append(time.process_time())

    class InOrder(SentenceTransformerTrainer):  # type: ignore[misc]
        def _get_train_sampler(self, *_: Any, **__: Any) -> SequentialSampler:
            return SequentialSampler(self.train_dataset)

    model = SentenceTransformer(asked["folder"], device="cpu")
    model.max_seq_length = LENGTH
    batches = asked["batches"]
    chosen = [asked["pairs"][number] for batch in batches for number in batch]
    anchors, positives = zip(*chosen, strict=True)
    with tempfile.TemporaryDirectory() as to:
        given = SentenceTransformerTrainingArguments(
            output_dir=to, per_device_train_batch_size=len(batches[0]), max_steps=len(batches),
            learning_rate=LR, weight_decay=0.0, max_grad_norm=1.0, lr_scheduler_type="constant",
            save_strategy="no", logging_strategy="no", report_to="none", use_cpu=True,
            disable_tqdm=True, optim="adamw_torch",
        )  # fmt: skip
        rows = Dataset.from_dict({"anchor": anchors, "positive": positives})
        loss = MultipleNegativesRankingLoss(model)
        InOrder(model, given, train_dataset=rows, loss=loss, callbacks=[Clock()]).train()
    return times


def measure() -> None:
    """In a process of its own: do what is asked on the input, and say how long and how large."""
    asked: Asked = json.load(sys.stdin)
    torch.set_num_threads(1)
    train: Callable[[Asked], list[float]] = train_peer if asked["kind"] == PEER else train_ours
    times = train(asked)
    pairs = len(asked["batches"][0]) * (len(times) - 1 - WARM_UP)
    found = {"speed": pairs / (times[-1] - times[WARM_UP]), "memory": memory_peak(os.getpid())}
    print(json.dumps(found))


def measured(python: Path, asked: Asked) -> dict[str, float]:
    """The pairs a second and the peak of memory in MiB."""
    one_thread = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    done = subprocess.run(
        [str(python), __file__, "--measure"], input=json.dumps(asked), text=True,
        stdout=subprocess.PIPE, check=True, env={**os.environ, **one_thread},
    )  # fmt: skip
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", type=Path, default=Path(".venv-peers/bin/python"))
    given = parser.parse_args()
    if given.folder is None:
        for figure, goal in {FIGURE: f"≥ {FASTER}", MEMORY: "≤ 1", COURSE: f"≤ {SLOWER}"}.items():
            tell_unmeasured(figure, goal)
        return
    import numpy as np

    from worker.training.batches import batch_rows

    count = given.steps * given.batch
    steps, rows = range(1, given.steps + 1), np.arange(count)
    batches = [batch_rows(rows, 0, step, given.batch).tolist() for step in steps]
    asked = {"folder": str(given.folder), "pairs": duplicates(count), "batches": batches}
    pythons = {PEER: given.peers, **dict.fromkeys(LOSSES, Path(sys.executable))}
    found: dict[str, list[dict[str, float]]] = {kind: [] for kind in pythons}
    for _ in range(given.rounds):
        for kind, python in pythons.items():
            found[kind].append(measured(python, {**asked, "kind": kind}))
            print(f"{kind}: {found[kind][-1]}", flush=True)
    tell(found, given.batch)


def tell(found: dict[str, list[dict[str, float]]], batch: int) -> None:
    """The goals, from medians of speeds and the largest memories."""
    kinds = [found[kind] for kind in (*LOSSES, PEER)]
    ours, course, peer = (statistics.median(one["speed"] for one in kind) for kind in kinds)
    own, _, theirs = (max(one["memory"] for one in kind) for kind in kinds)
    told, met = f"{ours:.1f} pairs/s", ours >= FASTER * peer
    figure = f"{FIGURE}, {batch} pairs a batch"
    tell_goal(figure, told, f"{PEER} {peer:.1f}", f"{ours / peer:.2f}", f"≥ {FASTER}", met)
    against, share = f"{PEER} {theirs:.0f} MiB", f"{own / theirs:.2f}"
    tell_goal(MEMORY, f"{own:.0f} MiB", against, share, "≤ 1", own <= theirs)
    slower = ours / course
    against, met = f"multiple_negatives {ours:.1f}", slower <= SLOWER
    tell_goal(COURSE, f"{course:.1f} pairs/s", against, f"{slower:.3f}", f"≤ {SLOWER}", met)


if __name__ == "__main__":
    if sys.argv[1:] == ["--measure"]:
        measure()
    else:
        main()
