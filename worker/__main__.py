"""`python -m worker`: a worker, with its settings from the environment."""

import sys

from models.errors import ServiceUnavailable
from models.settings import Settings
from worker.logs import log_to_stderr
from worker.service import Supervisor


def main() -> None:
    log_to_stderr("worker")
    try:
        Supervisor(Settings()).run()
    except (ServiceUnavailable, ValueError) as error:
        sys.exit(f"the worker cannot start: {error}")


if __name__ == "__main__":
    main()
