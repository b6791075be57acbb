"""docker-compose.yml without Docker: its services started by their own commands and environment.

What containers would give is put in by name alone: mounted paths become folders, and the addresses
`postgres:5432` and `redis:6379` ports on loopback. Where this user may mount, a service sees a root
file system that it cannot write, as in its container, but for its volumes and what it has in
memory. PostgreSQL's image is stood in for by a cluster of our own, made as the image makes it;
everything else is run as it stands in the file.
"""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg
import yaml
from psycopg import sql

from models.processes.parent_death import bound

from support.faults.own_servers import OwnPostgres, free_port
from support.project import ROOT
from support.workers import PATIENCE, wait_until

READ_ONLY = """
for place in $WRITABLE; do mount --bind "$place" "$place" || exit 1; done
mount -o remount,ro,bind / && exec "$@"
"""


class ComposeForTests:
    """The services of the compose file, each started and asked for its health."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
        self.ports = {name: free_port() for name in ("api", "redis")}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        (folder / "Makefile").write_text((ROOT / "Makefile").read_text())
        make = ["make", "secrets", f"PYTHON={sys.executable}"]
        subprocess.run(make, cwd=folder, check=True, capture_output=True)
        self._postgres = self._made_postgres()
        self.ports["postgres"] = self._postgres.port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports['api']}"

    def secret(self, name: str) -> str:
        return (self.folder / "secrets" / name).read_text()

    def start(self, name: str) -> None:
        """Start a service, when those that it depends on are healthy, and wait until it is."""
        for other in self._service(name).get("depends_on", ()):
            assert self.healthy(other), f"{name} would still wait for {other}"
        with (self.folder / f"{name}.log").open("wb") as log:
            self.processes[name] = subprocess.Popen(
                bound(self._contained(self._shown(name, self._service(name)["command"]))),
                env=self._environment(name),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        # a check may be a command of ours, and starting one costs a second of a processor
        wait_until(
            f"{name} is healthy", lambda: self.healthy(name), every=2.0, log=lambda: self.log(name)
        )

    def healthy(self, name: str) -> bool:
        """What the service's own health check says now."""
        kind, *command = self._service(name)["healthcheck"]["test"]
        if kind == "CMD-SHELL":
            command = ["sh", "-c", *command]
        return self.run(name, command).returncode == 0

    def run(self, name: str, command: list[str]) -> subprocess.CompletedProcess[str]:
        """What `docker compose exec NAME COMMAND` would do."""
        return subprocess.run(
            self._contained(self._shown(name, command)),
            env=self._environment(name),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

    def stop(self, name: str) -> int:
        """End a service as `docker compose stop` does; its exit code."""
        process = self.processes.pop(name)
        process.send_signal(signal.SIGTERM)
        return process.wait(PATIENCE)

    def end(self) -> None:
        for name in list(self.processes)[::-1]:
            self.stop(name)
        self._postgres.end(signal.SIGINT)
        shutil.rmtree(self._postgres.folder)

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def _service(self, name: str) -> dict[str, Any]:
        service: dict[str, Any] = self.file["services"][name]
        return service

    @cached_property
    def contains(self) -> bool:
        """Whether services can be kept from writing elsewhere: it takes the right to mount."""
        if shutil.which("unshare") is None:
            return False
        tried = subprocess.run(["unshare", "--mount", "true"], capture_output=True)
        return tried.returncode == 0

    def _contained(self, command: list[str]) -> list[str]:
        if not self.contains:
            return command
        return ["unshare", "--mount", "sh", "-c", READ_ONLY, "sh", *command]

    def _shown(self, name: str, command: list[str]) -> list[str]:
        return [self._here(name, part).replace("$$", "$") for part in command]

    def _environment(self, name: str) -> dict[str, str]:
        own = self._service(name).get("environment", {})
        kept = {k: v for k, v in os.environ.items() if not k.startswith("TRIPLETLAB_")}
        programs = f"{Path(sys.executable).parent}{os.pathsep}{self._postgres.programs}"
        beside = {
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            # where containers have a network of their own, processes of one host have ports
            "TRIPLETLAB_PORT": str(self.ports["api"]),
            "TRIPLETLAB_WORKERS": "1",  # each slot imports torch
            "TMPDIR": str(self._mounts(name)["/tmp"]),
            "WRITABLE": " ".join(map(str, self._mounts(name).values())),
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self._postgres.port),
        }
        return {**kept, **beside, **{key: self._here(name, value) for key, value in own.items()}}

    def _here(self, name: str, text: str) -> str:
        """What a path or an address in the container is on this machine."""
        mounts = self._mounts(name)
        text = re.sub(rf"(?<![\w.])({'|'.join(mounts)})\b", lambda at: str(mounts[at[1]]), text)
        text = text.replace("/run/secrets", str(self._secrets_of(name)))
        text = text.replace("127.0.0.1:8000", f"127.0.0.1:{self.ports['api']}")
        port = shlex.quote(str(self.ports["redis"]))
        text = text.replace("redis-server - ", f"redis-server - --port {port} ")
        return text.replace("redis-cli ", f"redis-cli -p {port} ")

    def _mounts(self, name: str) -> dict[str, Path]:
        """The folder for each path of the service that it may write."""
        service = self._service(name)
        named = dict(volume.split(":")[::-1] for volume in service["volumes"])
        mounts = {inside: self.folder / "volumes" / source for inside, source in named.items()}
        mounts |= {one: self.folder / "memory" / name / one[1:] for one in service["tmpfs"]}
        for folder in mounts.values():
            folder.mkdir(parents=True, exist_ok=True)
        return mounts

    def _secrets_of(self, name: str) -> Path:
        """A folder with those secrets that the file gives this service, and no other."""
        folder = self.folder / "run" / name
        folder.mkdir(parents=True, exist_ok=True)
        for secret in self._service(name).get("secrets", ()):
            value = self.secret(Path(self.file["secrets"][secret]["file"]).name)
            value = value.replace("@postgres:5432", f"@127.0.0.1:{self._postgres.port}")
            value = value.replace("@redis:6379", f"@127.0.0.1:{self.ports['redis']}")
            (folder / secret).write_text(value)
        return folder

    def _made_postgres(self) -> OwnPostgres:
        """A cluster as the image's entrypoint makes it: user, password and database of the file."""
        # not below the tests' folder, which the user that PostgreSQL runs as may not enter
        folder = Path(tempfile.mkdtemp(prefix="compose-postgres-"))
        cluster = OwnPostgres(folder)
        cluster.start()
        asked = self._service("postgres")["environment"]
        password = self.secret(Path(asked["POSTGRES_PASSWORD_FILE"]).name)
        role, database = (
            sql.Identifier(asked["POSTGRES_USER"]),
            sql.Identifier(asked["POSTGRES_DB"]),
        )
        with psycopg.connect(cluster.url, autocommit=True) as session:
            change = sql.SQL("ALTER ROLE {} PASSWORD {}").format(role, sql.Literal(password))
            session.execute(change)
            session.execute(sql.SQL("CREATE DATABASE {}").format(database))
            (found,) = session.execute("SHOW hba_file").fetchone() or ("",)
            Path(found).write_text("host all all 127.0.0.1/32 scram-sha-256\n")
            session.execute("SELECT pg_reload_conf()")
        return cluster
