"""The API as a client meets it: uvicorn in a thread on a free port, and httpx.

Runs are driven through the store where a worker would drive them, so no test of the API trains.
"""

import hashlib
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from api.serving.embedded_service import HttpThread, listen
from models.datasets import cache
from models.datasets.generated.generator import generate_pairs
from models.datasets.pairs import content_hash
from models.datasets.profile import Profile, profile
from models.settings import Settings
from models.states import RunState
from models.store import experiments
from models.store.access import keys
from models.store.access.scopes import Scope
from models.store.database import Database
from models.store.datasets import add_dataset
from models.store.metrics import rows
from models.store.metrics.rows import EvaluationRow
from models.store.run_life import runs
from models.store.tables import Run

from support.stored import evaluation_row, step_row, store_untrained

GENERATED = "questions-generated"
NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients of plain HTTP: reading the certificates of this machine takes 20 ms each time."""
LEASE = 3600.0  # seconds: a worker that a test plays must not seem dead on a busy machine
ARMS: list[dict[str, Any]] = [
    {"name": "vanilla", "loss": {"terms": [{"kind": "mean_negative"}]}},
    {"name": "modified", "loss": {"terms": [{"kind": "closest_negative"}]}},
]
SPEC: dict[str, Any] = {
    "name": "A small question",
    "dataset": GENERATED,
    "split": {"kind": "in_order", "train_rows": 2000, "test_rows": 400},
    "batch_size": 32,
    "steps": 20,
    "evaluate_every": 10,
    "arms": ARMS,
    "seeds": {"count": 2},
}


@dataclass(frozen=True)
class GeneratedForTests:
    """The generated data set, made once a session: its folder is shared, its row is added."""

    data_dir: Path
    digest: str
    profile: Profile

    @classmethod
    def made_in(cls, data_dir: Path) -> "GeneratedForTests":
        pairs = generate_pairs()
        digest = content_hash(pairs)
        folder = Settings(data_dir=data_dir).datasets_dir / digest
        cache.store(pairs, folder)
        tokens, groups = cache.open_tokens(folder, "word", pairs), cache.open_groups(folder, pairs)
        return cls(data_dir, digest, profile(pairs, tokens, groups))

    def add_to(self, database: Database) -> None:
        with database.transaction() as session:
            add_dataset(
                session,
                name=GENERATED,
                content_hash=self.digest,
                has_split=False,
                profile=self.profile,
            )


class ApiForTests:
    """A started service; `http` speaks to it, `database` looks behind it."""

    def __init__(self, settings: Settings, own_worker: bool = False) -> None:
        listening = listen(settings.host, 0)
        self.settings = settings
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        self.database = Database(settings.resolved_database_url)
        self.thread = HttpThread(settings, listening, quiet=True, own_worker=own_worker)
        self.http = httpx.Client(base_url=self.url, timeout=60, verify=NO_AUTHORITIES)

    def __enter__(self) -> "ApiForTests":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
        self.thread.stop()
        self.database.close()

    def submit(self, **changes: Any) -> dict[str, Any]:
        reply = self.http.post("/v1/experiments", json={**SPEC, **changes})
        assert reply.status_code == 202, reply.text
        view: dict[str, Any] = reply.json()
        return view

    def get(self, path: str, **params: Any) -> Any:
        reply = self.http.get(path, params=params)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def key(self, scope: str, name: str = "someone") -> dict[str, str]:
        """The headers of a new key."""
        with self.database.transaction() as session:
            _, secret = keys.create_key(session, name, Scope.named(scope), now())
        return {"Authorization": f"Bearer {secret}"}

    def runs(self, experiment_id: str) -> list[Run]:
        with self.database.reading() as session:
            return experiments.runs_of(session, experiment_id)

    def claim(self, run_id: str, *, seconds_ago: float = 0.0) -> int:
        """Start the run as a worker would; its attempt."""
        begun = now() - timedelta(seconds=seconds_ago)
        with self.database.transaction() as session:
            run = runs.claim(session, run_id, worker_id="wrk_t", cuda=False, now=begun)
        assert run is not None
        return run.attempt

    def train(
        self,
        run_id: str,
        *,
        accuracy: float,
        seconds: float = 0.0,
        weights: bytes = b"weights",
        collapsed: bool = False,
        untrained: float | None = None,
        provenance: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        """Carry a run of 20 steps out from claim to success, with figures and files; with the
        accuracy of its `untrained` network, that is measured first."""
        attempt = self.claim(run_id, seconds_ago=seconds)
        with self.database.transaction() as session:
            steps = [step_row(step, loss=10.0 / step) for step in range(1, 21)]
            rows.append_steps(session, run_id, steps)
            if untrained is not None:
                store_untrained(session, run_id, untrained)
            for step in (10, 20):
                rows.append_evaluation(session, run_id, _row(collapsed, step))
            test = _row(collapsed, 20, "test", accuracy=accuracy, loss=None)
            rows.append_evaluation(session, run_id, test)
            runs.advance(session, run_id, attempt, 20, now())
        folder = self.settings.run_dir(run_id)
        folder.mkdir(parents=True)
        save_file(SCORES, folder / "scores.safetensors")
        (folder / "weights.safetensors").write_bytes(weights)
        with self.database.transaction() as session:
            runs.finish(
                session,
                run_id,
                attempt,
                RunState.SUCCEEDED,
                weights_sha256=hashlib.sha256(weights).hexdigest(),
                provenance={"torch": "2.13.0", **provenance},
                now=now(),
            )


def _row(collapsed: bool, step: int, split: str = "validation", **figures: Any) -> EvaluationRow:
    """An evaluation; collapsed, its loss per row is 0.25, which that of `ARMS` is then."""
    row = evaluation_row(step, split, **figures)
    if not collapsed:
        return row
    loss = None if split == "test" else 0.25
    return replace(row, positive_mean=0.999, negative_mean=0.998, loss_per_row=loss)


StartService = Callable[..., ApiForTests]


SCORES: dict[str, NDArray[Any]] = {
    "row": np.array([2000, 2001, 2002], dtype=np.int64),
    "label": np.array([1, 0, 1], dtype=np.int8),
    "score": np.array([0.5, -0.25, 1.0], dtype=np.float32),
}


def now() -> datetime:
    return datetime.now(UTC)


def pointers(reply: httpx.Response) -> list[str]:
    """Where the fields of a refusal are, which must be a problem document."""
    assert reply.headers["content-type"] == "application/problem+json", reply.text
    return [error["pointer"] for error in reply.json()["errors"]]


def refused(reply: httpx.Response, status: int, words: str = "") -> dict[str, Any]:
    """The problem document of a reply, which must have this status and these words in it."""
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = reply.json()
    assert document["status"] == status
    assert document["detail"]
    assert words in document["detail"]
    return document
