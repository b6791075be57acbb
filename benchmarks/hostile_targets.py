"""What `hostile.py` attacks: experiments of a size that is allowed, put into a service's store.

Nothing is trained. The experiments are posted; their figures and files are then written as those of
runs that have succeeded, in eight variants of which the database makes the rest.
"""

import hashlib
import math
import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from own_service import OwnService
from safetensors.numpy import save_file
from sqlalchemy import Table, insert, select, update
from sqlalchemy.orm import Session

from models.settings import Settings
from models.states import RunState
from models.store import clock
from models.store.database import Database
from models.store.events import record_of_runs
from models.store.experiments import runs_of
from models.store.metrics import rows
from models.store.tables import Evaluation, Run, Step

from support.stored import evaluation_row, step_row

VARIANTS = 8
TEST_PAIRS = 10_240
WEIGHTS = b"weights" * 500_000
AT_ONCE = 10_000
TEXTS, ROWS, CHARACTERS = "long-texts", 400, 10_000


@dataclass(frozen=True)
class Targets:
    """Ids of what is there, and the name of a data set of long texts."""

    wide: str
    """16 arms under 40 seeds, 100 steps each."""
    deep: str
    """2 arms under 200 seeds, 100 steps each."""
    long: str
    """2 arms under one seed, 100,000 steps each."""
    runs: dict[str, list[str]]
    """Of each of these experiments."""
    texts: str = TEXTS


def fill(service: OwnService) -> Targets:
    """Put everything into the store of a service that has no key yet."""
    database = Database(service.settings.resolved_database_url)
    made = {}
    for name, arms, seeds, steps, every in (
        ("wide", 16, 40, 100, 10),
        ("deep", 2, 200, 100, 10),
        ("long", 2, 1, 100_000, 100),
    ):
        spec = _spec(name, arms, seeds, steps, every)
        made[name] = service.client.submit(spec).id
        _succeed(database, service.settings, made[name], steps, every)
    with database.reading() as session:
        runs = {one: [run.id for run in runs_of(session, one)] for one in made.values()}
    database.close()
    with tempfile.TemporaryDirectory() as folder:
        service.client.upload(_long_texts(Path(folder) / "texts.csv"), TEXTS)
    return Targets(**made, runs=runs)


def _spec(name: str, arms: int, seeds: int, steps: int, every: int) -> dict[str, Any]:
    terms = [{"kind": "closest_negative"}]
    return {
        "name": f"Something {name} to ask about",
        "dataset": "questions-generated",
        "split": {"kind": "in_order", "train_rows": 12_000, "test_rows": TEST_PAIRS},
        "arms": [
            {"name": f"arm-{k}", "loss": {"margin": 0.25 + 0.01 * k, "terms": terms}}
            for k in range(arms)
        ],
        "steps": steps,
        "evaluate_every": every,
        "seeds": {"count": seeds},
    }


def _succeed(
    database: Database, settings: Settings, experiment_id: str, steps: int, every: int
) -> None:
    with database.transaction() as session:
        runs = runs_of(session, experiment_id)
        for run in runs[:VARIANTS]:
            for piece in _in_pieces(range(1, steps + 1)):
                rows.append_steps(session, run.id, [_step(step, steps, run) for step in piece])
            for step in range(every, steps + 1, every):
                rows.append_evaluation(session, run.id, _evaluation(step, steps, run))
        for first in runs[:VARIANTS]:
            for table in (Step.__table__, Evaluation.__table__):
                assert isinstance(table, Table)
                _copy(session, table, first)
        for run in runs:
            accuracy = 0.7 + 0.01 * random.Random(run.id).random()
            test = evaluation_row(steps, "test", accuracy=accuracy, loss=None)
            rows.append_evaluation(session, run.id, test)
        _tell(session, experiment_id, runs)
    for run in runs:
        _write_files(settings.run_dir(run.id), run)


def _in_pieces(steps: range) -> Iterator[range]:
    return (steps[first : first + AT_ONCE] for first in range(0, len(steps), AT_ONCE))


def _loss(step: int, steps: int, run: Run) -> float:
    """Of a row: on the plateau for a while, then falling."""
    plateau = steps * (1 + run.position % VARIANTS) // 20
    return 0.25 if step <= plateau else 0.25 * math.exp(-3 * (step - plateau) / steps)


def _step(step: int, steps: int, run: Run) -> rows.StepRow:
    loss = _loss(step, steps, run)
    noisy = loss * (1 + 0.01 * math.sin(step))
    row = step_row(step, loss=256 * noisy)
    return replace(row, loss_per_row=noisy, s_ap_mean=1 - loss / 9, s_an_mean=0.5 + 2 * loss)


def _evaluation(step: int, steps: int, run: Run) -> rows.EvaluationRow:
    loss = _loss(step, steps, run)
    return replace(evaluation_row(step, loss=256 * loss), loss_per_row=loss)


def _copy(session: Session, table: Table, first: Run) -> None:
    """Give the other runs of the same variant the rows of the first one."""
    copied = [column for column in table.columns if column.key != "run_id"]
    others = (
        (Run.experiment_id == first.experiment_id)
        & (Run.position % VARIANTS == first.position)
        & (Run.id != first.id)
    )
    query = select(Run.id, *copied).join_from(Run, table, (table.c.run_id == first.id) & others)
    session.execute(insert(table).from_select(["run_id", *(one.key for one in copied)], query))


def _tell(session: Session, experiment_id: str, runs: Sequence[Run]) -> None:
    now = clock.now(session)
    for before, after in (
        (RunState.QUEUED, RunState.RUNNING),
        (RunState.RUNNING, RunState.SUCCEEDED),
    ):
        record_of_runs(
            session,
            experiment_id=experiment_id,
            runs=[(run.id, 1) for run in runs],
            kind="state",
            now=now,
            from_state=before,
            to_state=after,
        )
    session.execute(
        update(Run)
        .where(Run.experiment_id == experiment_id)
        .values(
            state=RunState.SUCCEEDED,
            attempt=1,
            step=Run.steps,
            started_at=now,
            finished_at=now,
            heartbeat_at=now,
            weights_sha256=hashlib.sha256(WEIGHTS).hexdigest(),
            provenance={"torch": "2.13.0", "threads": 1},
        ),
        execution_options={"synchronize_session": False},
    )


def _write_files(folder: Path, run: Run) -> None:
    draws = np.random.default_rng(run.position)
    label = (np.arange(TEST_PAIRS) % 3 == 0).astype(np.int8)
    score = draws.normal(np.where(label == 1, 0.85, 0.55), 0.15).clip(-1, 1).astype(np.float32)
    folder.mkdir(parents=True)
    row = np.arange(12_000, 12_000 + TEST_PAIRS, dtype=np.int64)
    save_file({"row": row, "label": label, "score": score}, folder / "scores.safetensors")
    if run.position == 0:
        (folder / "weights.safetensors").write_bytes(WEIGHTS)


def _long_texts(path: Path) -> Path:
    lines = ["question1,question2,is_duplicate"]
    for row in range(ROWS):
        first, second = (f"{row} {side} " + "word " * (CHARACTERS // 5 - 4) for side in "ab")
        lines.append(f"{first},{second},{row % 2}")
    path.write_text("\n".join(lines), encoding="utf-8")
    return path
