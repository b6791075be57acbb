"""The forum's experiment beside ours: a Markdown table from a results JSON.

    curl -s $SERVICE/v1/experiments/$ID/results | python benchmarks/forum.py

Losses are those of one training batch at the step, summed over its 256 rows (128 = collapsed),
as the course's notebook prints them and as the recipe `course-notebook` reduces them.
"""

import json
import sys
from typing import Any

# As posted in the thread on the notebook "Modified Triplet Loss": one run an arm, no seed set.
FORUM_STEPS = tuple(range(100, 1500, 100))
FORUM_LOSS = {
    "vanilla": (
        126.75,
        90.45,
        66.81,
        61.37,
        39.23,
        24.70,
        19.58,
        14.32,
        13.53,
        12.50,
        10.57,
        8.97,
        9.14,
        8.72,
    ),
    "modified": (
        127.87,
        127.98,
        126.69,
        90.06,
        75.83,
        68.21,
        50.10,
        33.78,
        28.30,
        25.06,
        20.36,
        17.93,
        17.63,
        16.65,
    ),
}
FORUM_ACCURACY = {"vanilla": 0.73936, "modified": 0.73965}
SHOWN = (100, 200, 300, 500, 700, 1000, 1400)


def rows(results: dict[str, Any]) -> list[list[str]]:
    table = []
    for arm in results["arms"]:
        name = arm["name"]
        posted = dict(zip(FORUM_STEPS, FORUM_LOSS[name], strict=True))
        forum = [f"{posted[step]:.1f}" for step in SHOWN]
        table.append([f"forum, {name}", *forum, f"{FORUM_ACCURACY[name]:.4f}"])
        for run in arm["runs"]:
            loss = dict(zip(run["curve"]["step"], run["curve"]["train.loss"], strict=True))
            ours = [f"{loss[step]:.1f}" for step in SHOWN]
            accuracy = f"{run['metrics']['test.accuracy']:.4f}"
            table.append([f"ours, {name}, seed {run['seed']}", *ours, accuracy])
    return table


def main() -> None:
    results = json.load(sys.stdin)
    header = ["run", *(f"step {step}" for step in SHOWN), "test accuracy"]
    for row in (header, ["---"] * len(header), *rows(results)):
        print("| " + " | ".join(row) + " |")
    print()
    for comparison in results["comparisons"]:
        if comparison["role"] == "primary":
            print(f"> {comparison['sentence']}")


if __name__ == "__main__":
    main()
