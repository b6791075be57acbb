"""A service to be asked everything that its OpenAPI document describes, and much that it does not.

The service is the command in a process of its own, on SQLite and an embedded broker, without a
worker. One experiment in it has been carried out, so that every call finds something to tell.
"""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGTERM
from typing import Any

from models.settings import Settings
from models.store.migrating import migrate

from support.api import ApiForTests
from support.commands import environment, started, stopped
from support.workers import wait_until

CONFIG = Path(__file__).with_name("schemathesis.toml")
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")


@dataclass(frozen=True)
class Served:
    """A running service, and what is known of it."""

    url: str
    authorization: str | None
    """What to send; None where no key was made."""
    carried_out: dict[str, str]
    """Parameters that name an experiment that succeeded, one of its runs, and its two arms."""


@contextmanager
def served(folder: Path, *, with_key: bool) -> Iterator[Served]:
    """The service over a store in `folder`, ended when the block ends."""
    settings = Settings(data_dir=folder / "data")
    migrate(settings.resolved_database_url)
    with ApiForTests(settings) as api:
        made = api.submit(name="Carried out")
        for run in made["runs"]:
            api.train(run["id"], accuracy=0.7 + run["seed"] / 100)
        key = api.key("admin", "contract")["Authorization"] if with_key else None
    log = folder / "service.log"
    place = ["--port", "0", "--data-dir", str(settings.data_dir)]
    process = started("serve", "--no-worker", *place, log=log)
    try:
        found = wait_until("the address", lambda: re.search(r"answers at (\S+)", log.read_text()))
        yield Served(found[1], key, _naming(made))
    finally:
        stopped(process, SIGTERM)


def _naming(made: dict[str, Any]) -> dict[str, str]:
    arms = {"query.a": "modified", "query.b": "vanilla"}
    return {
        "path.experiment_id": made["id"],
        "path.run_id": made["runs"][0]["id"],
        **{place: f"{made['id']}/{arm}" for place, arm in arms.items()},
    }


@dataclass(frozen=True)
class Told:
    """What a run of schemathesis said."""

    status: int
    words: str
    requests: int
    checks: int
    failed: int
    statuses: Counter[int]
    succeeded: frozenset[str]
    """Calls such as `GET /v1/recipes` that were answered with a 2xx at least once."""


def asked_everything(
    service: Served, folder: Path, *flags: str, parameters: Mapping[str, str] = {}
) -> Told:
    """All checks of schemathesis over the service's whole document.

    `parameters` have these values wherever they occur.
    """
    settings, report = folder / "schemathesis.toml", folder / "report.ndjson"
    fixed = "".join(f'"{name}" = "{value}"\n' for name, value in parameters.items())
    settings.write_text(CONFIG.read_text().replace("[parameters]\n", f"[parameters]\n{fixed}"))
    command = [str(SCHEMATHESIS), "--config-file", str(settings), "run", "--no-color"]
    if service.authorization:
        command += ["--header", f"Authorization: {service.authorization}"]
    reports = ["--report", "ndjson", "--report-ndjson-path", str(report)]
    done = subprocess.run(
        [*command, *reports, *flags, f"{service.url}/openapi.json"],
        capture_output=True,
        text=True,
        env=environment(),
        cwd=folder,
    )
    return _counted(done.returncode, done.stdout + done.stderr, report)


def _counted(status: int, words: str, report: Path) -> Told:
    checks: Counter[str] = Counter()
    statuses: Counter[int] = Counter()
    succeeded: set[str] = set()
    with report.open() as lines:
        for line in lines:
            scenario = json.loads(line).get("ScenarioFinished", {"recorder": {}})["recorder"]
            for of_case in scenario.get("checks", {}).values():
                checks.update(check["status"] for check in of_case)
            for exchange in scenario.get("interactions", {}).values():
                reply = exchange.get("response")  # none where a stream went on too long
                code = reply["status_code"] if reply else 0
                statuses[code] += 1
                if code // 100 == 2:
                    succeeded.add(scenario["label"])
    return Told(
        status,
        words,
        statuses.total(),
        checks.total(),
        checks["failure"],
        statuses,
        frozenset(succeeded),
    )
