"""`tripletlab serve` as a person starts it: a real service on a free port, with a worker."""

import re
from pathlib import Path
from typing import Any

import httpx

from support.commands import started
from support.process_tree import descendants
from support.workers import wait_until


class Served:
    """`tripletlab serve` on a free port, with a data folder of its own."""

    def __init__(self, folder: Path, *flags: str) -> None:
        self.log = folder / "serve.log"
        place = ["--port", "0", "--data-dir", str(folder / "data"), "--workers", "1"]
        self.process = started("serve", *place, *flags, log=self.log)
        self.url = wait_until("the address", self._address)

    def _address(self) -> str | None:
        assert self.process.poll() is None, self.log.read_text()
        found = re.search(r"answers at (\S+)", self.log.read_text())
        return found[1] if found else None

    def family(self) -> set[int]:
        return descendants(self.process.pid)

    def ready(self) -> Any:
        return httpx.get(f"{self.url}/readyz", timeout=60).json()
