"""What the service answers in a session, kept and made the same each time: the examples.

`make examples` records it into `api/openapi/examples.json`, from
where the OpenAPI document takes them; a test plays it again and compares. Ids, times, versions and
seconds are written the same whenever it is played.
"""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx

from api.openapi.examples import EVERY_CALL, Recorded
from api.serving.embedded_broker import EmbeddedBroker
from models.settings import Settings
from models.store import workers
from models.store.migrating import migrate

from support.api import GENERATED, LEASE, ApiForTests, now

FILE = Path(__file__).parents[3] / "api" / "openapi" / "examples.json"
CSV = b"question1,question2,is_duplicate\n%s,How is rice cooked?,1\na b,c d,0\n"
SPEC: dict[str, Any] = {
    "name": "Does leaving out harder negatives help?",
    "dataset": GENERATED,
    "split": {"kind": "in_order", "train_rows": 2000, "test_rows": 400},
    "batch_size": 32,
    "steps": 20,
    "evaluate_every": 10,
    "arms": [
        {"name": "vanilla", "loss": {"terms": [{"kind": "mean_negative"}]}},
        {"name": "modified", "loss": {"terms": [{"kind": "closest_negative"}]}},
    ],
    "seeds": {"count": 2},
}
BOUNDED = {
    "max_queued_runs": 4,
    "max_waiting_predictions": 1,
    "max_stored_bytes": 1,
    "broker_url": "redis://127.0.0.1:1/0",  # of port 1, where nobody answers
}
ABSENT = "0" * 26
FILES = re.compile("octet-stream|zip|image|text/html|python")
"""What would be no example to read: files of weights, pictures, a page, a program."""


class Session:
    """Services over one store, and what they answered: one reply for each call and status."""

    def __init__(self, api: ApiForTests, bounded: ApiForTests, paths: dict[str, Any]) -> None:
        self.api, self.bounded = api, bounded
        self.recorded: Recorded = {}
        self._templates = [
            (path, re.compile(re.sub(r"\{\w+\}", "[^/]+", path) + "$"), calls)
            for path, calls in paths.items()
        ]

    def call(
        self, method: str, path: str, status: int, *, of: ApiForTests | None = None, **request: Any
    ) -> Any:
        """Make the call, which must be answered with this status, and keep the reply."""
        reply = (of or self.api).http.request(method, path, **request)
        assert reply.status_code == status, f"{method} {path}: {reply.status_code} {reply.text}"
        template = next(
            name
            for name, form, calls in self._templates
            if method.lower() in calls and form.match(reply.request.url.path)
        )
        kept = self.recorded.setdefault(f"{method} {template}", {})
        if reply.content and not FILES.search(reply.headers["content-type"]):
            kept.setdefault(str(status), body_of(reply))
        return (
            reply.json()
            if "json" in reply.headers.get("content-type", "") and reply.content
            else None
        )

    def of_every_call(self, reply: httpx.Response) -> None:
        """Keep a problem that any call may be answered with."""
        assert reply.headers["content-type"] == "application/problem+json", reply.text
        self.recorded.setdefault(EVERY_CALL, {})[str(reply.status_code)] = reply.json()


def body_of(reply: httpx.Response) -> Any:
    if "json" in reply.headers["content-type"]:
        return reply.json()
    return reply.text.split("# HELP tripletlab_http_seconds")[0]  # the rest is of this process


@contextmanager
def session(folder: Path) -> Iterator[Session]:
    """Nothing but the generated data set in a new store, a live worker, and a broker."""
    with ExitStack() as stack:
        broker = stack.enter_context(EmbeddedBroker(folder / "broker"))
        settings = Settings(
            data_dir=folder / "data",
            broker_url=broker.url,
            webhook_hosts="hooks.example.org",
            lease_seconds=LEASE,
        )
        migrate(settings.resolved_database_url)
        api = stack.enter_context(ApiForTests(settings))
        bounded = stack.enter_context(ApiForTests(settings.model_copy(update=BOUNDED)))
        with api.database.transaction() as store:
            workers.register(
                store, worker_id="wrk_t", host="h", pid=1, slots=2, cuda_devices=0, now=now()
            )
        yield Session(api, bounded, api.thread.app.openapi()["paths"])


SAME_EACH_TIME: tuple[tuple[str, str], ...] = (
    (r"\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)", "2026-11-24T08:10:06.105843Z"),
    (r"\b20\d\d-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?Z", "2026-11-24 08:10:06.105843Z"),
    (r"whsec_[\w-]+", "whsec_shown-once"),
    (r"(disk_free_bytes) [0-9.e+]+", r"\1 6.4e+10"),
    (r"(heartbeat_age_seconds|oldest_seconds|step_seconds) [0-9.e-]+", r"\1 0.5"),
)
SECONDS = {"seconds_left", "estimated_seconds"}


def alike(recorded: Recorded) -> Recorded:
    """With what differs from one playing to the next replaced: ids by their order, times, paces."""
    written = json.dumps(recorded, ensure_ascii=False)
    for number, found in enumerate(dict.fromkeys(_IDS.findall(written))):
        prefix = found.partition("_")[0]
        if not found.endswith(ABSENT):
            written = written.replace(found, f"{prefix}_01m869nqwsn56pkyncd7fb3{number:03}")
    for pattern, same in SAME_EACH_TIME:
        written = re.sub(pattern, same, written)
    result: Recorded = _same_seconds(json.loads(written))
    return result


_IDS = re.compile(r"\b(?:exp|run|rep|prd|key|whk|evt|std)_[0-9a-z]{26}\b")


def _same_seconds(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: 12.5 if name in SECONDS and one is not None else _same_seconds(one)
            for name, one in value.items()
        }
    return [_same_seconds(one) for one in value] if isinstance(value, list) else value
