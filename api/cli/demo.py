"""`demo`: the whole service on this machine, answering the forum's question."""

import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.connection import connected
from api.cli.console import FAILED, INTERRUPTED, JsonOption, print_json, say, stop
from api.cli.documents import apply_settings
from api.cli.experiments import SetOption
from api.cli.live_progress import show_progress
from api.cli.results.tables import show_results
from api.cli.services import (
    Port,
    Workers,
    interrupt_on_signals,
    require_data_folder,
    require_torch,
    settings_from,
    wait_for_interrupt,
)
from models.errors import ServiceUnavailable

if TYPE_CHECKING:
    from models.settings import Settings

RECIPE = "hard-negative-mining-small"

_MEANS = {
    "equivalent": "either may be taken here; what is left between them is less than was said to "
    "matter.",
    "undecided": "these seeds cannot tell; ask again with more of them.",
}
"""What each verdict means for whoever has to choose; otherwise one of the arms does better."""
_ON_QUORA = (
    "That is about these questions, this network and this setting. On the Quora pairs the two are "
    "equivalent once each is tuned, and at the course's own setting modified does better: "
    "benchmarks/forum_question.md tells why."
)


def demo(
    data_dir: Annotated[
        Path | None,
        typer.Option(help="Files, embedded database and broker; by default a temporary folder."),
    ] = None,
    port: Port = None,
    workers: Workers = None,
    once: Annotated[bool, typer.Option("--once", help="Exit when the results are there.")] = False,
    assignments: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Start the service, test whether leaving out harder negatives helps, and show the results."""
    require_torch()
    body = apply_settings({"recipe": RECIPE}, assignments or [])
    interrupt_on_signals()
    state = None
    try:
        with _folder(data_dir) as folder:
            settings = settings_from(data_dir=folder, port=port, workers=workers)
            require_data_folder(settings)
            with _service(settings) as address:
                state, pages = _ask(address, settings.key, body, as_json)
                if not once:
                    for page in pages:
                        say(page)
                    say(f"The service goes on at {address} until Ctrl-C.")
                    wait_for_interrupt()
        say(_what_stays(folder))
    except ServiceUnavailable as error:
        raise stop(f"The demo cannot start: {error}") from None
    except KeyboardInterrupt:
        say("Stopped.")
    if state != "succeeded":
        raise typer.Exit(INTERRUPTED if state is None else FAILED)


@contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    """Yield the folder given by flag or environment, or a temporary one."""
    settings = settings_from()
    if given is not None or "data_dir" in settings.model_fields_set:
        yield given or settings.data_dir
        return
    with tempfile.TemporaryDirectory(prefix="tripletlab-demo-", ignore_cleanup_errors=True) as made:
        yield Path(made)


@contextmanager
def _service(settings: "Settings") -> Iterator[str]:
    """Run the embedded service, with its worker's log in a file so that the bars stay intact."""
    from api.serving.embedded_service import embedded_service

    settings.data_dir.mkdir(parents=True, exist_ok=True)
    log = settings.data_dir / "worker.log"
    listening = _listen(settings)
    with embedded_service(settings, listening, worker=True, quiet=True, worker_log=log) as running:
        address = running.address
        say(f"Tripletlab answers at {address}; open it in a browser. The worker's log is {log}")
        yield address


def _listen(settings: "Settings") -> socket.socket:
    from api.serving.embedded_service import PortTaken, listen

    try:
        return listen(settings.host, settings.port)
    except PortTaken:
        say(f"Port {settings.port} is in use, so the demo takes a free one.")
        return listen(settings.host, 0)


def _ask(address: str, key: str, body: Any, as_json: bool) -> tuple[str, list[str]]:
    """Submit the recipe, follow it and show its results; return the last state, and sentences that
    say where the service shows them."""
    with connected(address, key) as client:
        created = client.submit(body)
        say(f"{created.name}: {len(created.runs)} runs, {created.id}")
        state = show_progress(client, created.id)
        results = client.results(created).document
        (print_json if as_json else show_results)(results)
        for comparison in results["comparisons"][:1]:
            say(f"What it means: {_meaning(comparison)}")
        say(_ON_QUORA)
        return state, [
            f"On the page: {address}/#/experiments/{created.id}",
            f"All results: {address}/v1/experiments/{created.id}/results",
            "Next, pairs of your own, in another terminal (first: source .venv/bin/activate):",
            f"  tripletlab datasets add pairs.csv --name my-pairs --url {address}",
            f"  tripletlab submit {RECIPE} --set dataset=my-pairs --wait --url {address}",
        ]


def _meaning(comparison: dict[str, Any]) -> str:
    verdict = comparison["verdict"]
    if verdict in _MEANS:
        return _MEANS[verdict]
    return f"take {comparison['a' if verdict == 'a_better' else 'b']} here."


def _what_stays(folder: Path) -> str:
    """Return what is left of a demo that has ended, in the folder that it had."""
    if not folder.exists():
        return (
            "The service has ended, and its temporary folder is deleted; --data-dir keeps the "
            "results."
        )
    return f"The service has ended; tripletlab serve --data-dir {folder} shows the results again."
