"""`serve`, `worker`, `migrate`: starting the service; flags override the environment."""

import gc
import os
import signal
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from api.cli.console import USAGE, JsonOption, print_json, say, stop
from models.errors import ServiceUnavailable
from models.loopback import is_loopback

if TYPE_CHECKING:
    from models.settings import Settings

SIGNALS = (signal.SIGINT, signal.SIGTERM)
SETTLE_SECONDS = 1.0  # for the answers to those who waited for the service to start
NO_TORCH = (
    "torch is not installed, so this installation cannot train: pip install 'tripletlab[worker]', "
    "or start the API alone with --no-worker."
)

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Files, embedded database and broker; by default data."),
]
DatabaseUrl = Annotated[
    str | None, typer.Option("--database-url", help="sqlite:///… or postgresql://…")
]
BrokerUrl = Annotated[
    str | None, typer.Option("--broker-url", help="redis://…; by default an embedded broker.")
]
Port = Annotated[int | None, typer.Option("--port", help="By default 8000; 0 takes a free one.")]
Workers = Annotated[
    int | None,
    typer.Option("--workers", help="Runs at the same time; else one for each core."),
]


def settings_from(**flags: Any) -> "Settings":
    """Return the settings from the environment, overridden by the given flags."""
    from pydantic import ValidationError

    from models.settings import Settings

    given = {name: value for name, value in flags.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        lines = [
            f"  {'.'.join(map(str, one['loc']))}: {one['msg']}"
            for one in error.errors(include_url=False)
        ]
        raise stop("\n".join(["These settings cannot be used:", *lines]), USAGE) from None


def require_data_folder(settings: "Settings") -> None:
    """Make the data folder, and refuse one that cannot be made or written."""
    place = settings.data_dir
    there = next(path for path in (place, *place.parents) if os.path.exists(path))
    if not there.is_dir():
        raise stop(
            f"The data folder cannot be {place}, since {there} is a file; give another one with "
            "--data-dir or TRIPLETLAB_DATA_DIR.",
            USAGE,
        )
    try:
        place.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=place).close()
    except OSError as error:
        raise stop(
            f"The data folder {place} cannot be written: {error.strerror}. Give another one with "
            "--data-dir or TRIPLETLAB_DATA_DIR, or allow this user to write there.",
            USAGE,
        ) from None


def require_torch() -> None:
    if find_spec("torch") is None:
        raise stop(NO_TORCH)


def serve(
    host: Annotated[
        str | None, typer.Option(help="Address to listen on; by default 127.0.0.1.")
    ] = None,
    port: Port = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    broker_url: BrokerUrl = None,
    workers: Workers = None,
    no_worker: Annotated[
        bool, typer.Option("--no-worker", help="Only the API; workers run elsewhere.")
    ] = False,
) -> None:
    """Start the service: the API, a worker, and a broker unless one is given."""
    from api.serving.embedded_service import embedded_service, listen
    from models.logs import log_to_stderr
    from models.processes.memory_return import return_freed_memory, return_memory_now

    if not no_worker:
        require_torch()
    settings = settings_from(
        host=host,
        port=port,
        data_dir=data_dir,
        database_url=database_url,
        broker_url=broker_url,
        workers=workers,
    )
    require_data_folder(settings)
    log_to_stderr("api", settings.log_format)
    interrupt_on_signals()
    return_freed_memory()
    try:
        listening = listen(settings.host, settings.port)
        with embedded_service(settings, listening, worker=not no_worker) as running:
            say(f"Tripletlab answers at {running.address} (Ctrl-C stops it)")
            if not is_loopback(settings.host):
                warn_of_others(settings)
            if no_worker:
                warn_of_no_worker(settings)
            time.sleep(SETTLE_SECONDS)
            running.read_first_list()
            # what was made so far stays: a search for garbage in it would stop everything else
            gc.collect()
            gc.freeze()
            return_memory_now()
            wait_for_interrupt()
    except (ServiceUnavailable, ValueError) as error:
        raise stop(f"The service cannot start: {error}") from None
    except KeyboardInterrupt:
        say("Stopped.")


def warn_of_no_worker(settings: "Settings") -> None:
    """Say where nothing will ever train: no separate worker can use an embedded broker."""
    if not settings.broker_url:
        say(
            "It has no worker, and none can join it, since its broker is embedded: give workers "
            "and service one with --broker-url, or start it without --no-worker."
        )


def warn_of_others(settings: "Settings") -> None:
    """Warn whoever runs a service that other machines can reach."""
    from models.store.access.keys import any_key
    from models.store.database import Database

    say(
        f"It listens on {settings.host}, so other machines can reach it: every call needs an API "
        "key, and keys are sent in plain text unless a proxy adds TLS."
    )
    database = Database(settings.resolved_database_url)
    with database.reading() as session:
        made = any_key(session)
    database.close()
    if not made:
        say(
            "There is no key yet, so it answers only /healthz. Create one: "
            "tripletlab keys create NAME --scope submit"
        )


def interrupt_on_signals() -> None:
    """End the command on SIGTERM as on Ctrl-C; a second signal does not interrupt its end."""
    for number in SIGNALS:
        signal.signal(number, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    for number in SIGNALS:
        signal.signal(number, _already_ending)
    raise KeyboardInterrupt


def _already_ending(_number: int, _frame: FrameType | None) -> None:
    pass


def wait_for_interrupt() -> NoReturn:
    while True:
        time.sleep(3600)


def worker(
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    broker_url: BrokerUrl = None,
    workers: Workers = None,
) -> None:
    """Start a worker for a service that uses a separate broker."""
    require_torch()
    settings = settings_from(
        data_dir=data_dir, database_url=database_url, broker_url=broker_url, workers=workers
    )
    if not settings.broker_url:
        raise stop(
            "A separate worker needs the broker of the service: --broker-url or "
            "TRIPLETLAB_BROKER_URL. `tripletlab serve` starts a worker with an embedded broker.",
            USAGE,
        )
    require_data_folder(settings)
    os.execve(sys.executable, [sys.executable, "-m", "worker"], settings.environment())


def migrate(
    data_dir: DataDir = None, database_url: DatabaseUrl = None, as_json: JsonOption = False
) -> None:
    """Migrate the database to the schema of this version."""
    from models.store.migrating import migrate as migrate_database

    settings = settings_from(data_dir=data_dir, database_url=database_url)
    if not settings.database_url:
        require_data_folder(settings)
    try:
        migrate_database(settings.resolved_database_url)
    except ValueError as error:
        raise stop(str(error), USAGE) from None
    except ServiceUnavailable as error:
        raise stop(f"The database cannot be migrated: {error}.") from None
    if as_json:
        print_json({"migrated": True})
        return
    say("The database has the schema of this version.")
