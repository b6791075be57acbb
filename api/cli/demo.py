"""`demo`: the whole service on this machine, and the forum's question asked of it."""

import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.connection import connected
from api.cli.console import FAILED, INTERRUPTED, JsonOption, print_json, say, stop
from api.cli.documents import apply_settings
from api.cli.experiments import SetOption
from api.cli.services import (
    DataDir,
    Workers,
    interrupt_on_signals,
    require_torch,
    settings_from,
    wait_for_interrupt,
)
from api.cli.tables import show_results
from api.cli.watching import watch
from api.serving.embedded_service import PortTaken, embedded_service, listen
from models.errors import ServiceUnavailable
from models.settings import Settings

RECIPE = "hard-negative-mining-small"


def demo(
    data_dir: DataDir = None,
    workers: Workers = None,
    once: Annotated[bool, typer.Option("--once", help="End when the answer is there.")] = False,
    assignments: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Start the service, ask whether leaving out harder negatives helps, and show the answer."""
    require_torch()
    body = apply_settings({"recipe": RECIPE}, assignments or [])
    interrupt_on_signals()
    state = None
    try:
        with _folder(data_dir) as folder:
            settings = settings_from(data_dir=folder, workers=workers)
            with _service(settings) as address:
                state = _ask(address, settings.key, body, as_json)
                if not once:
                    say(f"The service goes on at {address} until Ctrl-C.")
                    wait_for_interrupt()
    except ServiceUnavailable as error:
        raise stop(f"The demo cannot start: {error}") from None
    except KeyboardInterrupt:
        say("Stopped.")
    if state != "succeeded":
        raise typer.Exit(INTERRUPTED if state is None else FAILED)


@contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    """The folder given by flag or environment, or one that goes with the demo."""
    settings = settings_from()
    if given is not None or "data_dir" in settings.model_fields_set:
        yield given or settings.data_dir
        return
    with tempfile.TemporaryDirectory(prefix="tripletlab-demo-", ignore_cleanup_errors=True) as made:
        yield Path(made)


@contextmanager
def _service(settings: Settings) -> Iterator[str]:
    """The embedded service, its worker's log beside its data so that the bars stay whole."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    log = settings.data_dir / "worker.log"
    listening = _listen(settings)
    with embedded_service(settings, listening, worker=True, quiet=True, worker_log=log) as address:
        say(f"Tripletlab answers at {address}, a page to look at. The worker's log is {log}")
        yield address


def _listen(settings: Settings) -> socket.socket:
    try:
        return listen(settings.host, settings.port)
    except PortTaken:
        say(f"Port {settings.port} is taken, so this takes a free one.")
        return listen(settings.host, 0)


def _ask(address: str, key: str, body: Any, as_json: bool) -> str:
    """POST the recipe, follow it, show the answer; the experiment's last state."""
    with connected(address, key) as client:
        asked = client.submit(body)
        say(f"{asked.name}: {len(asked.runs)} runs, {asked.id}")
        state = watch(client, asked.id)
        (print_json if as_json else show_results)(client.results(asked).document)
        say(f"To look at it: {address}/#/experiments/{asked.id}")
        say(f"The whole answer: {address}/v1/experiments/{asked.id}/results")
        return state
