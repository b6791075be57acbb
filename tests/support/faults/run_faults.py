"""Faults of one run: its files, its numbers, its messages, what it asks for."""

import random
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

from models.broker import celery_app, submit
from models.states import RunState

from support.faults.ledger import Accepted, Ledger
from support.faults.processes import send
from support.workers import wait_until

FAILED = frozenset({RunState.FAILED})


def corrupt_checkpoint(ledger: Ledger, draw: random.Random) -> str | None:
    """Bits change in the newest checkpoint, then the attempt dies."""

    def spoil(path: Path) -> None:
        content = bytearray(path.read_bytes())
        content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        path.write_bytes(content)

    return _spoil_newest(ledger, draw, spoil)


def truncate_checkpoint(ledger: Ledger, draw: random.Random) -> str | None:
    """The newest checkpoint loses its end, then the attempt dies."""

    def spoil(path: Path) -> None:
        content = path.read_bytes()
        path.write_bytes(content[: draw.randrange(len(content))])

    return _spoil_newest(ledger, draw, spoil)


def out_of_memory(ledger: Ledger, draw: random.Random) -> str | None:
    """The exception of a full CUDA device in some step of a running attempt."""
    run_id = _one_running(ledger, draw)
    if run_id is None:
        return None
    return _met(ledger, run_id, "out-of-memory")


def infinite_loss(ledger: Ledger, draw: random.Random) -> str | None:
    """The loss of some step of a run is infinite: the run fails, with what it has so far."""
    run_id = _one_running(ledger, draw)
    if run_id is None:
        return None
    met = _met(ledger, run_id, "infinite-loss")
    if met is not None:
        one = ledger.of_run(run_id)
        one.ends, one.says = (
            one.ends | FAILED,
            "|".join(filter(None, (one.says, "the loss was inf"))),
        )
    return met


def nan_loss(ledger: Ledger, draw: random.Random) -> str | None:
    """An experiment whose loss is no number after its first update."""
    one = ledger.ask("diverging", _key(draw))
    one.ends, one.says = FAILED, "nan"
    return one.id


def raising_spec(ledger: Ledger, draw: random.Random) -> str | None:
    """An experiment whose trainings raise what no second attempt would mend."""
    with ledger.service.held():
        one = ledger.ask("brief", _key(draw))
        one.ends, one.says = FAILED, "IndexError at step 0: index 7 is out of bounds"
        for run in ledger.service.runs_of(one.id):
            (ledger.service.shim / f"{run.id}.raises").touch()
    return one.id


def time_limit(ledger: Ledger, draw: random.Random) -> str | None:
    """An experiment that would train for an hour, and may for two seconds."""
    one = ledger.ask("endless", _key(draw))
    one.ends, one.says = FAILED, "the time_limit of 2 s was reached"
    return one.id


def data_gone(ledger: Ledger, draw: random.Random) -> str | None:
    """An experiment whose data set's files are gone: after its attempts it says so."""
    name = f"gone-{draw.getrandbits(40):x}"
    rows = [f"how do i do thing {n}?,what is the way to do {n}?,{n % 2}" for n in range(1200)]
    file = "\n".join(["question1,question2,is_duplicate", f"{name}?,{name}?,1", *rows]).encode()
    sent = {"file": ("pairs.csv", file, "text/csv")}
    reply = ledger.service.http.post("/v1/datasets", data={"name": name}, files=sent)
    assert reply.status_code == 201, reply.text
    folder = ledger.service.settings.datasets_dir / reply.json()["content_hash"]
    with ledger.service.held():  # no worker reads them before they are gone
        one = ledger.ask("brief", _key(draw), dataset=name)
        one.ends, one.says = FAILED, "the data set's files are not at"
        shutil.rmtree(folder)
    return one.id


def deliver_five_times(ledger: Ledger, draw: random.Random) -> str | None:
    """Five messages more for each run of a new experiment, all at once."""
    one = ledger.ask("bag", _key(draw))
    _announce(ledger, one, 5)
    return one.id


def claim_twice(ledger: Ledger, draw: random.Random) -> str | None:
    """Two attempts start for the same queued run at the same time, and the workers' follow."""
    service = ledger.service
    with service.held():
        one = ledger.ask("lstm", _key(draw))
        run = service.runs_of(one.id)[0]
        for _ in range(2):
            service.start_attempt(run.id)
        wait_until("a claim", lambda: service.runs_of(one.id)[0].attempt)
    return one.id


def _spoil_newest(
    ledger: Ledger, draw: random.Random, spoil: Callable[[Path], object]
) -> str | None:
    attempts = ledger.service.attempts()
    for pid in draw.sample(sorted(attempts), len(attempts)):
        folder = ledger.service.settings.run_dir(attempts[pid]) / "checkpoints"
        send([pid], signal.SIGSTOP)
        steps = sorted(int(path.stem[5:]) for path in folder.glob("step-*.json"))
        if len(steps) < 2:
            send([pid], signal.SIGCONT)
            continue
        newest = f"step-{steps[-1]}"
        spoil(folder / f"{newest}.{draw.choice(('safetensors', 'json'))}")
        send([pid], signal.SIGKILL)
        return ""
    return None


def _met(ledger: Ledger, run_id: str, fault: str) -> str | None:
    """Leave the fault for the run's next step; None when the run was over before it."""
    left = ledger.service.shim / f"{run_id}.{fault}"
    left.touch()
    end = time.monotonic() + 20
    while left.exists():
        if time.monotonic() > end:
            left.unlink(missing_ok=True)
            return None
        time.sleep(0.05)
    return ""


def _one_running(ledger: Ledger, draw: random.Random) -> str | None:
    found = sorted(ledger.service.attempts().values())
    return draw.choice(found) if found else None


def _announce(ledger: Ledger, one: Accepted, times: int) -> None:
    app = celery_app(ledger.service.broker_url)
    try:
        for run in ledger.service.runs_of(one.id) * times:
            submit(app, run.id, run.device, pretrained=run.pretrained)
    finally:
        app.close()


def _key(draw: random.Random) -> str:
    return f"key-{draw.getrandbits(64):x}"
