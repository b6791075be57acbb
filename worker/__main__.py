"""`python -m worker`: a worker, with its settings from the environment."""

import sys

from models.errors import ServiceUnavailable
from models.logs import log_to_stderr
from models.processes.quick_imports import garbage_uncollected
from models.settings import Settings
from worker.pool.repeatable import loaded_repeatable


def main() -> None:
    with garbage_uncollected(), loaded_repeatable():  # the attempts' processes are forked from it
        from worker.supervisor import Supervisor

    settings = Settings()
    log_to_stderr("worker", settings.log_format)
    try:
        Supervisor(settings).run()
    except (ServiceUnavailable, ValueError) as error:
        sys.exit(f"the worker cannot start: {error}")


if __name__ == "__main__":
    main()
