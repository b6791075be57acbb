"""The service in processes of its own, as an operator runs it, and the harness's hold on them.

`SeparateService`: an API, two workers of one slot, Redis and PostgreSQL. `EmbeddedService`:
`tripletlab serve` with SQLite, the embedded broker and its one worker. What has ended is started
again by `mend`, as a process manager would; nothing else is done for the service.
"""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from api.serving.embedded_broker import EmbeddedBroker
from models.processes.parent_death import bound
from models.settings import Settings
from models.store import experiments
from models.store.database import Database
from models.store.ids import new_id
from models.store.migrating import migrate
from models.store.tables import Experiment, Run

from support.commands import started
from support.faults.own_servers import OwnPostgres, OwnRedis, free_port
from support.faults.processes import attempts_in, family_of, send, supervisors_in
from support.faults.small_disk import SmallDisk
from support.workers import wait_until

_ATTEMPT = "import sys; from worker.attempts.process import attempt; attempt(sys.argv[1])"
SHIM = Path(__file__).with_name("shim")
LIMITS: dict[str, Any] = {
    "workers": 1,
    "heartbeat_seconds": 0.5,
    "lease_seconds": 8.0,
    "resubmit_seconds": 2.0,
    "checkpoint_seconds": 0.3,
    "max_attempts": 12,
    "retry_seconds": 0.5,  # where the service waits after faults
    "longest_retry_seconds": 2.0,
}


class HurtService:
    """What both kinds have in common. `database` is the harness's own eye on the rows."""

    database: Database

    def __init__(self, folder: Path, disk: str, **settings: Any) -> None:
        self.folder = folder
        self.api: subprocess.Popen[bytes] | None = None
        self.extras: list[subprocess.Popen[bytes]] = []  # attempts that the harness has started
        self.disk = SmallDisk(folder / disk, 160, self.attempts)
        self.settings = Settings(
            data_dir=folder / "data", port=free_port(), **{**LIMITS, **settings}
        )
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.settings.port}", timeout=30)
        self.shim = folder / "shim"  # see shim/sitecustomize.py
        self.shim.mkdir()
        self.clock = self.shim / "clock"
        self.set_clock(0)
        self.surprises: list[str] = []
        self._all: list[subprocess.Popen[bytes]] = []

    def mend(self) -> None:
        """Start what has ended, and return once the API answers and every worker beats."""
        raise NotImplementedError

    @property
    def broker_url(self) -> str:
        raise NotImplementedError

    def roots(self) -> list[int]:
        """The processes that the harness itself started, servers not among them."""
        mine = [process.pid for process in self.extras]
        return mine if self.api is None else [self.api.pid, *mine]

    def family(self) -> set[int]:
        return family_of(self.roots())

    def attempts(self) -> dict[int, str]:
        """Attempts that live: the process and its run."""
        return attempts_in(self.family())

    def post(self, document: dict[str, Any], key: str) -> str:
        """Accepted, with the experiment's id. As a client does, it asks again until it is."""

        def accepted() -> str | None:
            try:
                headers = {"Idempotency-Key": key}
                reply = self.http.post("/v1/experiments", json=document, headers=headers)
            except httpx.TransportError:
                return None
            if reply.status_code >= 500:
                return None
            assert reply.status_code in (200, 202), reply.text
            return str(reply.json()["id"])

        return str(wait_until("an accepted experiment", accepted))

    def stored(self, key: str) -> Experiment | None:
        with self.database.reading() as session:
            return experiments.by_idempotency_key(session, key)

    def runs_of(self, experiment_id: str) -> list[Run]:
        with self.database.reading() as session:
            return experiments.runs_of(session, experiment_id)

    def set_clock(self, seconds: float) -> None:
        """Move the clock of the worker whose clock can be moved; 0 sets it right."""
        beside = self.clock.with_suffix(".new")
        beside.write_text(str(seconds))
        beside.replace(self.clock)

    @contextmanager
    def held(self) -> Iterator[None]:
        """No worker does anything inside this block."""
        still = family_of(supervisors_in(self.family()))
        send(still, signal.SIGSTOP)
        try:
            yield
        finally:
            send(still, signal.SIGCONT)

    def start_attempt(self, run_id: str) -> None:
        """What a worker's pool starts for a message; here by the harness, whoever else does."""
        log = (self.folder / f"attempt-{run_id}.log").open("ab")
        environment = self.settings.environment(
            **self._shim(), TRIPLETLAB_WORKER_ID=new_id("wrk"), OMP_NUM_THREADS="1"
        )
        with log:
            attempt = subprocess.Popen(
                bound([sys.executable, "-c", _ATTEMPT, run_id]),
                env=environment,
                stdin=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )
        self.extras.append(attempt)
        self._all.append(attempt)

    def log(self) -> str:
        """Everything that the service's processes have said, oldest first."""
        return "".join(path.read_text() for path in sorted(self.folder.glob("*.log")))

    def close(self) -> None:
        family = self.family()
        send(family, signal.SIGKILL)
        wait_until("the end of the service", lambda: not family_of(family))
        for process in self._all:
            process.wait()
        self.http.close()
        self.database.close()
        self.disk.close()

    def _start(self, *command: str, **more: str) -> subprocess.Popen[bytes]:
        log = self.folder / f"{len(self._all):04}-{command[0]}.log"
        changed = self.settings.environment(**more).items()
        known = {name: value for name, value in changed if os.environ.get(name) != value}
        self._all.append(started(*command, log=log, **known))
        return self._all[-1]

    def _start_api(self, *flags: str) -> None:
        if self._fallen(self.api):
            self.api = self._start("serve", *flags, **self._shim())

    def _shim(self) -> dict[str, str]:
        path = os.pathsep.join(filter(None, (str(SHIM), os.environ.get("PYTHONPATH"))))
        return {"PYTHONPATH": path, "TRIPLETLAB_FAULT_FOLDER": str(self.shim)}

    def _ready(self, workers: int) -> bool:
        try:
            said = self.http.get("/readyz").json()
        except httpx.TransportError:
            return False
        return bool(said["ready"]) and bool(said["live_workers"] >= workers)

    def _fallen(self, process: subprocess.Popen[bytes] | None) -> bool:
        """Whether to start it (again); one that ended without a signal, by itself, is noted."""
        if process is None:
            return True
        status = process.poll()
        if status is not None and status > 0:
            self.surprises.append(f"a process ended by itself, with status {status}")
        return status is not None


class SeparateService(HurtService):
    """An API and two workers on a Redis and a PostgreSQL of their own.

    The second worker's clock can be moved.
    """

    def __init__(self, folder: Path, **settings: Any) -> None:
        for name in ("redis", "postgres"):
            (folder / name).mkdir()
        self.redis, self.postgres = OwnRedis(folder / "redis"), OwnPostgres(folder / "postgres")
        self.redis.start()
        self.postgres.start()
        urls = {"database_url": self.postgres.url, "broker_url": self.redis.url}
        super().__init__(folder, "data/runs", **urls, **settings)
        migrate(self.postgres.url)
        self.database = Database(self.postgres.url)
        self.workers: list[subprocess.Popen[bytes] | None] = [None, None]

    def mend(self) -> None:
        wait_until("a service that is ready", self._mended)

    def _mended(self) -> bool:
        self._start_api("--no-worker")
        for place, worker in enumerate(self.workers):
            if self._fallen(worker):
                self.workers[place] = self._start_worker(place)
        return self._ready(2)

    @property
    def broker_url(self) -> str:
        return self.redis.url

    def roots(self) -> list[int]:
        return super().roots() + [worker.pid for worker in self.workers if worker is not None]

    def close(self) -> None:
        super().close()
        self.redis.end(signal.SIGKILL)
        self.postgres.end(signal.SIGQUIT)

    def _start_worker(self, place: int) -> subprocess.Popen[bytes]:
        moved = {"TRIPLETLAB_FAULT_CLOCK": str(self.clock)} if place == 1 else {}
        return self._start("worker", **self._shim(), **moved)


class EmbeddedService(HurtService):
    """`tripletlab serve` as it is by default: SQLite, its own broker, its own worker."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        super().__init__(folder, "data", database_url="", broker_url="", **settings)
        migrate(self.settings.resolved_database_url)
        self.database = Database(self.settings.resolved_database_url)

    def mend(self) -> None:
        def mended() -> bool:
            self._start_api()
            return self._ready(1)

        wait_until("a service that is ready", mended)

    @property
    def broker_url(self) -> str:
        return EmbeddedBroker(self.settings.data_dir / "broker").url


@contextmanager
def opened(kind: type[SeparateService] | type[EmbeddedService], **settings: Any) -> Iterator[Any]:
    """A running service in a temporary folder, gone at the end with all that it started.

    Raises `Absent` where a program is missing.
    """
    # pytest's own folders may be entered by root alone, and PostgreSQL is another user
    with tempfile.TemporaryDirectory(prefix="hurt-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        service = kind(Path(folder), **settings)
        try:
            service.mend()
            yield service
        finally:
            service.close()
