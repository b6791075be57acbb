"""The command `tripletlab`: in this process where only its answer counts, else as a person runs it.

Starting an interpreter for each command is most of what a test of commands would cost. What makes
a command a process (its entry point, signals, a terminal, standard input as bytes) is tested with
`run_process` and `started`.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from api.cli import app, console
from models.processes.parent_death import bound

COMMAND = Path(sys.executable).with_name("tripletlab")
PATIENCE = 240.0  # seconds; a busy machine is no failure
WIDTH = 120  # columns
STARTS_SERVICES = (("serve",), ("worker",), ("demo",))


def environment(**settings: str) -> dict[str, str]:
    """This process's own, with only these settings of the service in it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRIPLETLAB_")}
    return {**kept, "COLUMNS": str(WIDTH), **settings}


def tripletlab(
    *arguments: str, stdin: str = "", **settings: str
) -> subprocess.CompletedProcess[str]:
    """The command, run to its end in this process; an exception that it lets through is raised.

    One that starts services is a process all the same: it logs, forks, and may become another.
    """
    if arguments[:1] in STARTS_SERVICES:
        return run_process(*arguments, stdin=stdin, **settings)
    others = {name: None for name in os.environ if name.startswith("TRIPLETLAB_")}
    for stream in (console.out, console.err):
        stream.width = WIDTH
    ended = CliRunner().invoke(app, arguments, input=stdin, env={**others, **settings})
    if ended.exception is not None and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    return subprocess.CompletedProcess(arguments, ended.exit_code, ended.stdout, ended.stderr)


def run_process(
    *arguments: str, stdin: str = "", **settings: str
) -> subprocess.CompletedProcess[str]:
    """The command as a process of its own, run to its end."""
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
