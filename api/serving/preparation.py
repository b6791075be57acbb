"""`python -m api.serving.preparation`: gives the database this version's schema, and makes the data
set that the service makes itself.

It is a process of its own, which runs while the API imports what it answers with: on a second core
neither waits for the other, and what both of its tasks take, Alembic, scipy and the rows of a data
set, is not kept by a process that never needs them again.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from models.errors import ServiceUnavailable, TripletlabError
from models.logs import log_to_stderr
from models.processes.parent_death import bound
from models.processes.quick_imports import garbage_uncollected
from models.settings import Settings

_FAILED = 3  # an exit status that no fault of Python's own has


@contextmanager
def preparing(settings: Settings) -> Iterator[Callable[[], None]]:
    """The process, from now on; yields a function that returns when all is prepared.

    That raises `ServiceUnavailable` where the database must not be changed, or a part does not
    answer. The process ends with the block.
    """
    process = subprocess.Popen(
        bound([sys.executable, "-m", "api.serving.preparation"]),
        env=settings.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for the service, which then ends it
    )

    def wait() -> None:
        reason, _ = process.communicate()
        if process.returncode == _FAILED:
            raise ServiceUnavailable(reason)
        if process.returncode != 0:
            raise ServiceUnavailable("it could not be prepared; the log says why")

    with process:
        try:
            yield wait
        finally:
            process.kill()


def prepare(settings: Settings) -> None:
    """Do what is to be done; nothing where it has been. Raises `TripletlabError`, or `ValueError`
    for a URL that cannot be read."""
    from api.datasets.generated import ensure_generated
    from api.stored.storage import Storage
    from models.processes.arrow_alone import use_arrow_alone
    from models.store.database import Database
    from models.store.migrating import migrate

    use_arrow_alone()
    migrate(settings.resolved_database_url)
    storage = Storage(settings, Database(settings.resolved_database_url))
    try:
        storage.files.check()
        ensure_generated(storage)
    finally:
        storage.database.close()


def main() -> None:
    settings = Settings()
    log_to_stderr("preparation", settings.log_format)
    try:
        with garbage_uncollected():  # it ends before there is much
            prepare(settings)
    except (TripletlabError, ValueError) as error:
        sys.stdout.write(str(error))
        sys.exit(_FAILED)
    os._exit(0)  # the API waits, and to take down what was imported takes half a second


if __name__ == "__main__":
    main()
