"""The service calls no address that someone sends, but the webhooks of hosts that it allows."""

import ast
from pathlib import Path

from support.project import ROOT

CLIENTS = {"httpx", "requests", "aiohttp", "urllib3", "http", "ftplib", "fsspec"}
CLIENT = {Path("api/client.py"), Path("api/cli/trackers/mlflow_server.py")}
"""Clients by trade: they run on the machine of whoever types the command or opens a notebook."""


ITSELF = {Path("api/agents/in_process.py")}
"""To the application that it is part of, in this process, whatever address is asked for."""
WEBHOOKS = {Path("worker/webhooks/signed_post.py")}
"""To hosts of `TRIPLETLAB_WEBHOOK_HOSTS` alone, each checked before it is called."""


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def test_no_module_of_the_service_has_a_client_for_addresses() -> None:
    found = {
        path.relative_to(ROOT): sorted(bad)
        for package in ("api", "models", "worker")
        for path in (ROOT / package).rglob("*.py")
        if (
            bad := {
                name
                for name in imported(path)
                if name.split(".")[0] in CLIENTS
                and name not in ("http", "http.HTTPStatus")
                or name.startswith("urllib.request")
            }
        )
    }
    assert set(found) == CLIENT | ITSELF | WEBHOOKS, found
