"""What a key of scope `read` may ask for, kind by kind, at its dearest.

`dry_run` needs the scope `submit`; it is here because its bodies are the dearest to judge.
"""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from hostile_targets import Targets

MEBIBYTE = 1 << 20
DISTINCT = 256  # requests of a kind that no two clients are to share


@dataclass(frozen=True)
class Kind:
    """Requests as they are sent; `reads` says whether their clients read the replies."""

    requests: Sequence[str]
    reads: bool = True


class Requests:
    """All kinds of requests for these targets, with a key of each scope that they need."""

    def __init__(self, targets: Targets, read_key: str, submit_key: str) -> None:
        self._targets, self._read, self._submit = targets, read_key, submit_key

    def kinds(self) -> dict[str, Kind]:
        found = {
            "results": Kind(list(self._results())),
            "comparisons": Kind(list(self._comparisons())),
            "reports and pictures": Kind(list(self._pictures())),
            "the list": Kind([self._get("/v1/experiments?limit=200")]),
            "views, held or not": Kind(list(self._views())),
            "all steps of a run": Kind(self._steps()),
            "event streams": Kind(list(self._streams())),
            "exports": Kind(list(self._exports())),
            "scores, mistakes, texts": Kind(list(self._pages())),
            "predictions of 1 MiB": Kind([self._predict(_many_pairs(), "?wait=60")]),
            "worst bodies of 1 MiB": Kind(list(self._bodies())),
            "dry runs": Kind(list(self._dry_runs())),
            "files, page, metrics": Kind(list(self._files())),
        }
        mixed = [request for kind in found.values() for request in kind.requests[:8]]
        found["all of these, mixed"] = Kind(mixed)
        unread = [*self._steps(), *list(self._results())[:64], *self._exports()]
        found["large replies, not read"] = Kind(unread, reads=False)
        return found

    def _get(self, path: str, **headers: str) -> str:
        return raw("GET", path, self._read, headers)

    def _predict(self, body: str, query: str = "") -> str:
        run = self._targets.runs[self._targets.deep][0]
        return raw("POST", f"/v1/runs/{run}/predict{query}", self._read, {}, body)

    def _results(self) -> Iterator[str]:
        for number in range(1, DISTINCT + 1):
            target = (self._targets.wide, self._targets.deep)[number % 2]
            yield self._get(f"/v1/experiments/{target}/results?target_loss={number}")

    def _comparisons(self) -> Iterator[str]:
        for number in range(1, DISTINCT + 1):
            target = (self._targets.wide, self._targets.deep)[number % 2]
            sides = f"a={target}/arm-1&b={target}/arm-0"
            yield self._get(f"/v1/comparisons?{sides}&margin={number / 1000}")
            yield self._get(f"/v1/comparisons?{sides}&metric=test.roc_auc")

    def _pictures(self) -> Iterator[str]:
        for target in (self._targets.wide, self._targets.deep, self._targets.long):
            place = f"/v1/experiments/{target}"
            yield self._get(f"{place}/report")
            for figure in ("training", "validation", "gauges", "comparison"):
                for form in ("svg", "png"):
                    yield self._get(f"{place}/figures/{figure}?format={form}")

    def _views(self) -> Iterator[str]:
        for target in (self._targets.wide, self._targets.deep):
            yield self._get(f"/v1/experiments/{target}")
            yield self._get(f"/v1/experiments/{target}?wait=60")
            for run in self._targets.runs[target][:32]:
                yield self._get(f"/v1/runs/{run}")

    def _steps(self) -> list[str]:
        return [
            self._get(f"/v1/runs/{run}/steps{query}")
            for run in self._targets.runs[self._targets.long]
            for query in ("", "?max_points=1000", "?after=1")
        ]

    def _streams(self) -> Iterator[str]:
        draws = random.Random(0)
        for target in (self._targets.wide, self._targets.deep, self._targets.long):
            place = f"/v1/experiments/{target}/events"
            yield self._get(place)
            for _ in range(DISTINCT // 8):  # each from a place of its own
                runs = ".".join(f"{draws.randrange(50)}:0" for _ in self._targets.runs[target])
                yield self._get(place, **{"Last-Event-ID": f"0-{runs}"})

    def _exports(self) -> Iterator[str]:
        for target in (self._targets.wide, self._targets.deep, self._targets.long):
            for table in ("steps", "evaluations", "scores", "runs"):
                for form in ("csv", "parquet"):
                    if (target, table) != (self._targets.long, "scores"):
                        place = f"/v1/experiments/{target}/export"
                        yield self._get(f"{place}?table={table}&format={form}")

    def _pages(self) -> Iterator[str]:
        for run in self._targets.runs[self._targets.deep][:32]:
            yield self._get(f"/v1/runs/{run}/scores")
            yield self._get(f"/v1/runs/{run}/mistakes?limit=100")
        for run in self._targets.runs[self._targets.long]:
            yield self._get(f"/v1/runs/{run}/evaluations")
        for name in (self._targets.texts, "questions-generated"):
            yield self._get(f"/v1/datasets/{name}/lengths")
            for after in range(0, 300, 100):
                yield self._get(f"/v1/datasets/{name}/pairs?limit=100&after={after}")

    def _bodies(self) -> Iterator[str]:
        for body in worst_bodies():
            yield self._predict(body)

    def _dry_runs(self) -> Iterator[str]:
        arms = [{"name": f"a{k}", "loss": {"margin": 0.1 + k / 100}} for k in range(16)]
        split = {"kind": "connected_groups", "test_rows": 2_000}
        spec = {"dataset": "questions-generated", "arms": arms, "steps": 100, "split": split}
        wrong = {**spec, "arms": [{"name": "", "loss": {"margin": -1}}] * 4_000}
        many = {**spec, "seeds": {"list": list(range(1_000))}}
        for body in (*(json.dumps(one) for one in (spec, many, wrong)), *worst_bodies()):
            yield raw("POST", "/v1/experiments?dry_run=true", self._submit, {}, body)

    def _files(self) -> Iterator[str]:
        first = self._targets.runs[self._targets.deep][0]
        for path in (f"/v1/runs/{first}/weights", f"/v1/runs/{first}/checkpoints", "/metrics"):
            yield self._get(path)
        for path in ("/", "/web/js/main.js", "/docs", "/openapi.json", "/client/tripletlab.py"):
            yield self._get(path)
        for path in ("/v1/datasets", "/v1/metrics", "/v1/recipes", "/readyz"):
            yield self._get(path)


def raw(method: str, path: str, key: str, headers: dict[str, str], body: str = "") -> str:
    """A request as it goes over the wire, closing its connection; without a key where it is ""."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close"]
    if key:
        lines.append(f"Authorization: Bearer {key}")
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body.encode())}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", body])


def _many_pairs() -> str:
    side = "word " * 100
    pairs = [[f"{side}{number}", side] for number in range(1_000)]
    return json.dumps({"pairs": pairs})


def worst_bodies() -> Iterator[str]:
    """Bodies of nearly a mebibyte, each dear in another way."""
    keys = [f'"k{number}":1' for number in range(80_000)]
    yield "{" + ",".join([*keys, keys[-1]]) + "}"
    yield "{" + ",".join(keys) + "}"
    yield "[" + ",".join("1" for _ in range(MEBIBYTE // 2 - 8)) + "]"
    yield "[" * (MEBIBYTE - 8)
    yield json.dumps({"pairs": [["\x00"] * 2] * 6_000})
    pairs: list[Any] = [[1]] * 9_000
    yield json.dumps({"pairs": pairs})
    yield '{"pairs": [["' + "\\ud800" * (MEBIBYTE // 6 - 10) + '", "b"]]}'
    yield "1" * (MEBIBYTE - 8)
