"""A service of a benchmark's own: the command in a process, on a folder that goes with it."""

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from api.client import Client
from models.settings import Settings


@dataclass(frozen=True)
class OwnService:
    client: Client
    pid: int
    settings: Settings


@contextmanager
def own_service(*arguments: str, **given: object) -> Iterator[OwnService]:
    """`tripletlab serve` with these arguments and settings, SQLite and an embedded broker."""
    with tempfile.TemporaryDirectory(prefix="tripletlab-", ignore_cleanup_errors=True) as folder:
        settings = Settings.model_validate({"data_dir": Path(folder), "broker_url": "", **given})
        log = Path(folder) / "serve.log"
        command = [str(Path(sys.executable).with_name("tripletlab")), "serve", "--port", "0"]
        with log.open("wb") as output:
            serving = subprocess.Popen(
                [*command, *arguments], env=settings.environment(), stdout=output, stderr=output
            )
        try:
            while not (found := re.search(r"answers at (\S+)", log.read_text())):
                if serving.poll() is not None:
                    sys.exit(log.read_text())
                time.sleep(0.05)
            with Client(found[1], timeout=120) as client:
                yield OwnService(client, serving.pid, settings)
        finally:
            serving.terminate()
            serving.wait()
