"""`--json` everywhere: what a script asks, it is told as JSON and as nothing else."""

import json
import platform
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer

from api.cli import app
from models.store.database import Database
from models.store.migrating import migrate
from models.store.workers import register

from support.api import ApiForTests, StartService
from support.commands import tripletlab

# two that go on until they are ended, and one whose answer is bytes
WITHOUT = {("mcp",), ("serve",), ("worker",), ("weights",)}


def commands(found: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if not hasattr(found, "commands"):
        yield path, found
        return
    for name, inner in found.commands.items():
        yield from commands(inner, (*path, name))


def answer(*arguments: str, **settings: str) -> Any:
    done = tripletlab(*arguments, "--json", **settings)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def api(start_service: StartService) -> ApiForTests:
    return start_service(webhook_hosts="hooks.example.org")


def test_every_command_that_answers_answers_in_json_too() -> None:
    lacking = {
        path
        for path, command in commands(typer.main.get_command(app))
        if not any("--json" in parameter.opts for parameter in command.params)
    }
    assert lacking == WITHOUT


def test_keys_and_migrations_answer_in_json(tmp_path: Path) -> None:
    own = {"TRIPLETLAB_DATA_DIR": str(tmp_path)}
    migrate(f"sqlite:///{tmp_path / 'tripletlab.sqlite3'}")
    assert answer("migrate", **own) == {"migrated": True}
    made = answer("keys", "create", "ann", "--scope", "read", **own)
    assert made.pop("key").startswith("tl_")
    assert answer("keys", "list", **own) == [made]
    revoked = answer("keys", "revoke", "ann", **own)
    assert revoked["revoked_at"] is not None
    assert answer("keys", "list", **own) == [revoked]


def test_a_living_worker_is_told_in_json(tmp_path: Path) -> None:
    url, here = f"sqlite:///{tmp_path / 'tripletlab.sqlite3'}", platform.node()
    migrate(url)
    database, now = Database(url), datetime.now(UTC)
    with database.transaction() as session:
        register(session, worker_id="wrk_1", host=here, pid=1, slots=1, cuda_devices=0, now=now)
    database.close()
    found = answer("alive", TRIPLETLAB_DATABASE_URL=url, TRIPLETLAB_LEASE_SECONDS="300")
    assert found == {"host": here, "workers": ["wrk_1"]}


def test_written_files_are_told_in_json(api: ApiForTests, tmp_path: Path) -> None:
    made = api.submit()
    for run in made["runs"][:2]:
        api.train(run["id"], accuracy=0.7)
    for name, *ask in (
        ("steps.csv", "export", "table", made["id"], "steps"),
        ("curves.svg", "export", "figure", made["id"], "training"),
        ("report.html", "report", made["id"]),
        ("logs", "export", "tensorboard", made["id"]),
    ):
        told = answer(*ask, "--output", str(tmp_path / name), "--url", api.url)
        files = [Path(file) for file in told["files"]]
        assert len(files) == (2 if name == "logs" else 1)
        assert all(file.is_file() and (tmp_path / name) in (file, *file.parents) for file in files)
    refused = tripletlab("export", "table", made["id"], "steps", "--json", "--url", api.url)
    assert refused.returncode == 2
    assert "--output" in refused.stderr


def test_a_retry_and_a_removal_are_told_in_json(api: ApiForTests) -> None:
    made = api.submit()
    api.http.post(f"/v1/experiments/{made['id']}/cancel")
    view = answer("retry", made["id"], "--url", api.url)
    assert (view["id"], view["state"]) == (made["id"], "queued")
    hook = answer("webhooks", "add", "https://hooks.example.org/", "--url", api.url)
    assert answer("webhooks", "remove", hook["id"], "--url", api.url) == {"removed": hook["id"]}
