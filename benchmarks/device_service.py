"""The service from the POST to the verdict on one kind of device, embedded, as a user starts it.

    python benchmarks/device_service.py [--device cuda] [--seeds 6] [--steps 300] [--stack 12]

The recipe `hard-negative-mining-small` under this many seeds, twice with each run alone, then in
stacks. It ends with 1 where a run did not succeed, was trained on another kind of device, or has
other weights the second time.
"""

import argparse
import sys
import time
from typing import Any

from own_service import own_service

from api.client import Client


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--stack", type=int, default=12)
    asked = parser.parse_args()
    body = {
        "recipe": "hard-negative-mining-small",
        "device": asked.device,
        "steps": asked.steps,
        "seeds": {"count": asked.seeds},
    }
    with own_service() as service:
        first, again = (trained(service.client, body, asked.device) for _ in range(2))
        if weights(first) != weights(again):
            sys.exit("the same spec gave other bits the second time")
        print("the same spec gave the same bits twice")
    with own_service(stack=asked.stack, workers=1) as service:
        trained(service.client, body, asked.device)


def trained(client: Client, body: dict[str, Any], device: str) -> dict[str, Any]:
    """The results of an experiment of this body, whose runs were all trained on the device."""
    begun = time.perf_counter()
    experiment = client.wait(client.submit(body))
    results = client.results(experiment).document
    taken = time.perf_counter() - begun
    runs = [run for arm in results["arms"] for run in arm["runs"]]
    for run in runs:
        if run["state"] != "succeeded":
            sys.exit(f"run {run['id']} {run['state']}: {run['reason']}")
        if run["provenance"]["device_kind"] != device:
            sys.exit(f"run {run['id']} was trained on {run['provenance']['device_kind']}")
    name, width = runs[0]["provenance"]["device_name"], runs[0]["provenance"].get("stack_width")
    how = f"in stacks of {width}" if width else "alone"
    print(f"{len(runs)} runs {how} on {name} in {taken:.1f} s")
    print(f"- {results['comparisons'][0]['sentence']}", flush=True)
    return results


def weights(results: dict[str, Any]) -> list[str]:
    return [run["weights_sha256"] for arm in results["arms"] for run in arm["runs"]]


if __name__ == "__main__":
    main()
