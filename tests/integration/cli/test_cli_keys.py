"""`tripletlab keys`, on the database itself, and the command with a key."""

import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from models.store.access.keys import list_keys
from models.store.database import Database
from models.store.migrating import migrate

from support.api import ApiForTests, StartService
from support.commands import PATIENCE, started, stopped, tripletlab

KEY = re.compile(r"tl_[A-Za-z0-9_-]{43}\n")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    migrate(f"sqlite:///{tmp_path / 'tripletlab.sqlite3'}")
    return tmp_path


@pytest.fixture
def database(folder: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{folder / 'tripletlab.sqlite3'}")
    yield opened
    opened.close()


def test_a_key_is_printed_once_and_never_listed(folder: Path, database: Database) -> None:
    made = tripletlab("keys", "create", "ann", "--scope", "submit", "--data-dir", str(folder))
    assert made.returncode == 0, made.stderr
    assert KEY.fullmatch(made.stdout)  # the answer alone: a script can take it
    secret = made.stdout.strip()
    listed = tripletlab("keys", "list", TRIPLETLAB_DATA_DIR=str(folder), COLUMNS="200")
    assert "ann" in listed.stdout
    assert "submit" in listed.stdout
    assert secret not in listed.stdout + listed.stderr + made.stderr
    with database.reading() as session:
        (row,) = list_keys(session)
    assert row.id in listed.stdout
    assert row.id in made.stderr


def test_a_key_is_revoked_by_its_name_on_the_database_of_a_url(
    folder: Path, database: Database
) -> None:
    url = {"TRIPLETLAB_DATABASE_URL": f"sqlite:///{folder / 'tripletlab.sqlite3'}"}
    tripletlab("keys", "create", "ann", "--scope", "admin", **url)
    done = tripletlab("keys", "revoke", "ann", **url)
    assert done.returncode == 0, done.stderr
    with database.reading() as session:
        (row,) = list_keys(session)
    assert row.revoked_at is not None


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["create", "ann", "--scope", "root"], 2, "read, submit, admin"),
        (["create", "", "--scope", "read"], 2, "1 to 100"),
        (["revoke", "nobody"], 1, "no key has the id or name"),
        (["list", "--data-dir", "/nowhere"], 2, "no database at /nowhere"),
        (["list", "--database-url", "postgresql://u:hunter2@127.0.0.1:1/x"], 1, "not answer"),
        (["list", "--database-url", "mysql://u:hunter2@h/x"], 2, "sqlite and postgresql"),
    ],
)
def test_what_cannot_be_done_ends_with_a_sentence(
    folder: Path, arguments: list[str], code: int, words: str
) -> None:
    done = tripletlab("keys", *arguments, TRIPLETLAB_DATA_DIR=str(folder))
    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert "hunter2" not in done.stderr


def test_the_command_sends_its_key_and_says_what_to_do_without(
    start_service: StartService,
) -> None:
    api: ApiForTests = start_service()
    secret = api.key("submit")["Authorization"].removeprefix("Bearer ")
    refused = tripletlab("datasets", "list", "--url", api.url)
    assert refused.returncode == 1
    assert "TRIPLETLAB_KEY" in refused.stderr
    done = tripletlab("datasets", "list", "--url", api.url, TRIPLETLAB_KEY=secret)
    assert done.returncode == 0, done.stderr
    wrong = tripletlab("recipes", "--url", api.url, TRIPLETLAB_KEY="tl_ é\n")
    assert (wrong.returncode, "not an API key" in wrong.stderr) == (2, True)


def test_a_service_for_other_machines_warns_and_opens_with_the_first_key(tmp_path: Path) -> None:
    log = tmp_path / "log"
    service = started(
        "serve", "--no-worker", "--host", "0.0.0.0", "--port", "0", log=log,
        TRIPLETLAB_DATA_DIR=str(tmp_path),
    )  # fmt: skip
    try:
        address = _address_in(log, service)
        assert "keys create" in log.read_text()
        assert httpx.get(f"{address}/healthz").status_code == 200
        assert httpx.get(f"{address}/v1/recipes").status_code == 401
        made = tripletlab("keys", "create", "ann", "--scope", "read", "--data-dir", str(tmp_path))
        headers = {"Authorization": f"Bearer {made.stdout.strip()}"}
        assert httpx.get(f"{address}/v1/recipes", headers=headers).status_code == 200
    finally:
        assert stopped(service, signal.SIGTERM) == 0
    assert made.stdout.strip() not in log.read_text()


def _address_in(log: Path, service: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and service.poll() is None:
        found = re.search(r"answers at (\S+)[\s\S]*no key yet", log.read_text())
        if found:
            return found[1]
        time.sleep(0.1)
    raise AssertionError(log.read_text())
