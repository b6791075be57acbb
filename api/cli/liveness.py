"""`alive`: whether a worker of this machine is alive, for the health check of a container."""

import platform

from api.cli.console import JsonOption, print_json, say, stop
from api.cli.services import DatabaseUrl, DataDir, settings_from


def alive(
    data_dir: DataDir = None, database_url: DatabaseUrl = None, as_json: JsonOption = False
) -> None:
    """Say whether a worker of this machine is alive; exit with 1 when none is."""
    from sqlalchemy.exc import DBAPIError

    from models.store import clock
    from models.store.database import Database
    from models.store.workers import live_workers

    settings = settings_from(data_dir=data_dir, database_url=database_url)
    here = platform.node()
    database = Database(settings.resolved_database_url)
    try:
        with database.reading() as session:
            living = live_workers(session, clock.now(session), settings.lease_seconds)
    except DBAPIError:
        raise stop("The database does not answer.") from None
    finally:
        database.close()
    workers = [worker.id for worker in living if worker.host == here]
    if not workers:
        raise stop(f"No worker of {here} is alive.")
    if as_json:
        print_json({"host": here, "workers": workers})
        return
    say(f"{', '.join(workers)} on {here}")
