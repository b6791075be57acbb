"""Faults of files, disks, databases and SQL that waiting does not mend, in words for the operator.

A driver reports a full disk, a read-only folder and a server that is away by one exception class,
but only for the last is "try again in a few seconds" true.
"""

import errno
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus

from sqlalchemy.exc import OperationalError

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
READ_ONLY = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR})
# SQLite's error without a meaning of its own is nearly always a statement that it cannot compile
OURS = frozenset({sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISUSE, sqlite3.SQLITE_TOOBIG})


@dataclass(frozen=True)
class StorageFault:
    """What is replied: a status, the last part of the problem's type, its title and sentence."""

    status: HTTPStatus
    kind: str
    title: str
    detail: str


DISK_FULL = StorageFault(
    HTTPStatus.INSUFFICIENT_STORAGE,
    "disk-full",
    "The disk is full",
    "The disk of the service is full, so nothing was stored; whoever runs it has to free room.",
)
NOT_WRITABLE = StorageFault(
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "read-only",
    "The data folder cannot be written",
    "The service may not write its data, so nothing was stored; whoever runs it has to allow it.",
)
FILE_FAULT = StorageFault(
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "files",
    "A file cannot be used",
    "The service could not read or write one of its files; its log says which and why.",
)
DATABASE_FAULT = StorageFault(
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "database",
    "The database cannot do this",
    "The database answers, but cannot carry this out; the log of the service has its words.",
)

SERVICE_FAULT = StorageFault(
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "fault",
    "A fault of the service",
    "This is a fault of the service, not of the request; its log has the traceback.",
)


def storage_fault(error: Exception) -> StorageFault | None:
    """Return what to say of the error; None for one that is no fault of storage, or may pass."""
    if isinstance(error, OperationalError):
        # SQLite ends the transaction itself when the disk is full, and the rollback that follows
        # finds none: the first error is the one that says why
        first, *later = reversed([_of_database(one) for one in _chain(error)] or [None])
        causes = (first, *(one for one in later if one is not SERVICE_FAULT))
        return next((one for one in causes if one is not None), None)
    if not isinstance(error, OSError):
        return None
    if error.errno in FULL:
        return DISK_FULL
    return NOT_WRITABLE if error.errno in READ_ONLY else FILE_FAULT


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The drivers' errors that led to this one, the last first."""
    while error is not None:
        if isinstance(error, OperationalError) and error.orig is not None:
            yield error.orig
        error = error.__context__


def _of_database(error: BaseException) -> StorageFault | None:
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # extended codes are in the higher bits
        if code == sqlite3.SQLITE_FULL:
            return DISK_FULL
        if code == sqlite3.SQLITE_READONLY:
            return NOT_WRITABLE
        if code in OURS:
            return SERVICE_FAULT
        return DATABASE_FAULT if code in DAMAGED else None
    state = getattr(error, "sqlstate", None) or ""
    if state == "53100":
        return DISK_FULL
    if state == "25006":  # the server takes no writes now
        return NOT_WRITABLE
    # 08, 53, 57: the server is away or has no room for another client; without a state it never
    # answered; of the others, 40 and 55 pass too
    passing = not state or state[:2] in ("08", "40", "53", "55", "57")
    return None if passing else DATABASE_FAULT
