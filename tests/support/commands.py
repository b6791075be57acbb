"""The command `tripletlab` as a person runs it: a process of its own, with its exit code."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from models.processes.parent_death import bound

COMMAND = Path(sys.executable).with_name("tripletlab")
PATIENCE = 240.0  # seconds; a busy machine is no failure


def environment(**settings: str) -> dict[str, str]:
    """This process's own, with only these settings of the service in it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRIPLETLAB_")}
    return {**kept, "COLUMNS": "120", **settings}


def tripletlab(
    *arguments: str, stdin: str = "", **settings: str
) -> subprocess.CompletedProcess[str]:
    """The command, run to its end."""
    return subprocess.run(
        [COMMAND, *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env=environment(**settings),
    )


def started(*arguments: str, log: Path, **settings: str) -> subprocess.Popen[bytes]:
    """The command, going on in the background; what it says is in `log`."""
    with log.open("wb") as output:
        return subprocess.Popen(
            bound([str(COMMAND), *arguments]),  # a killed test run leaves none behind
            env=environment(**settings),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def stopped(process: subprocess.Popen[bytes], number: signal.Signals) -> int:
    """Its exit code, once the signal has ended it."""
    process.send_signal(number)
    return process.wait(PATIENCE)
