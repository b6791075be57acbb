"""Full disks, folders that cannot be written and damaged files: told as what they are."""

import errno
import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from psycopg import errors
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from api.http.storage_faults import (
    DATABASE_FAULT,
    DISK_FULL,
    NOT_WRITABLE,
    SERVICE_FAULT,
    StorageFault,
    storage_fault,
)
from models.datasets import cache

from support.api import ApiForTests, StartService, refused
from support.uploads import CSV, upload


@pytest.fixture
def api(start_service: StartService) -> ApiForTests:
    return start_service()


@pytest.mark.parametrize(
    ("number", "status", "words"),
    [
        (errno.ENOSPC, 507, "disk of the service is full"),
        (errno.EDQUOT, 507, "disk of the service is full"),
        (errno.EROFS, 500, "may not write its data"),
        (errno.EIO, 500, "could not read or write one of its files"),
    ],
)
def test_an_upload_that_the_disk_does_not_take_says_so(
    api: ApiForTests, monkeypatch: pytest.MonkeyPatch, number: int, status: int, words: str
) -> None:
    def full(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(cache, "store", full)
    problem = refused(upload(api, CSV), status, words)
    assert "try again" not in problem["detail"]
    monkeypatch.undo()
    assert upload(api, CSV).status_code == 201


def test_a_sqlite_database_that_may_not_grow_is_told_as_a_full_disk(api: ApiForTests) -> None:
    engine = api.thread.app.state.service.database.engine
    with engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()

    def bound(raw: Any, *_: Any) -> None:
        raw.execute(f"PRAGMA max_page_count={pages}")

    event.listen(engine, "checkout", bound)
    replies = [upload(api, CSV, name=f"d{number}") for number in range(60)]
    last = next(one for one in replies if one.status_code != 201)
    refused(last, 507, "disk of the service is full")


def test_readiness_says_that_the_data_folder_cannot_be_written(
    start_service: StartService, tmp_path: Path, api: ApiForTests
) -> None:
    own = tmp_path / "data"
    shutil.copytree(api.settings.data_dir, own)
    other = start_service(data_dir=own)
    assert other.http.get("/readyz").json()["parts"]["disk"] == "ok"
    shutil.move(own, tmp_path / "elsewhere")
    reply = other.http.get("/readyz")
    assert reply.status_code == 503
    assert "data folder cannot be written" in reply.json()["parts"]["disk"]


def _of_sqlite(statement: str) -> sqlite3.Error:
    """What SQLite raises for a statement."""
    with closing(sqlite3.connect(":memory:")) as connection, pytest.raises(sqlite3.Error) as raised:
        connection.execute(statement)
    return raised.value


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (errors.DiskFull(), DISK_FULL),
        (errors.ReadOnlySqlTransaction(), NOT_WRITABLE),
        (errors.TooManyColumns(), DATABASE_FAULT),
        (errors.DataCorrupted(), DATABASE_FAULT),
        (errors.TooManyConnections(), None),
        (errors.AdminShutdown(), None),
        (errors.OperationalError("connection refused"), None),
        (_of_sqlite("SELECT nothing"), SERVICE_FAULT),
        (_of_sqlite("SELECT 1 FROM nowhere"), SERVICE_FAULT),
    ],
)
def test_only_what_may_pass_is_told_as_a_database_that_is_away(
    error: Exception, fault: StorageFault | None
) -> None:
    assert storage_fault(OperationalError("SELECT 1", None, error)) == fault


def test_a_fault_of_a_statement_is_the_services_and_not_the_databases(api: ApiForTests) -> None:
    with api.database.transaction() as session:
        session.execute(text("ALTER TABLE datasets RENAME COLUMN rows TO gone"))
    problem = refused(api.http.get("/v1/datasets"), 500, "a fault of the service")
    assert "gone" not in problem["detail"]
    assert "retry-after" not in api.http.get("/v1/datasets").headers


def test_a_database_that_was_locked_is_away_whatever_its_rollback_said() -> None:
    def locked() -> None:
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
            try:
                raise OperationalError("COMMIT", None, _busy())
            except OperationalError:
                try:
                    connection.execute("ROLLBACK")
                except sqlite3.Error as error:
                    raise OperationalError("ROLLBACK", None, error) from None

    with pytest.raises(OperationalError) as raised:
        locked()
    assert storage_fault(raised.value) is None


def _busy() -> sqlite3.Error:
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY
    return error


def test_readiness_says_that_the_disk_is_full(
    api: ApiForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    reply = api.http.get("/readyz")
    assert reply.status_code == 503
    assert reply.json()["parts"]["disk"] == (
        "the data folder cannot be written: No space left on device"
    )


def test_calls_that_store_say_in_the_document_that_the_disk_may_be_full(api: ApiForTests) -> None:
    for path, calls in api.get("/openapi.json")["paths"].items():
        for method, call in calls.items():
            assert ("507" in call["responses"]) == (method in ("post", "delete")), path
