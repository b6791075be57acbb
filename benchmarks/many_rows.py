"""A run's curve among a thousand step rows and among ten million, on SQLite and on PostgreSQL.

    python benchmarks/many_rows.py [--server postgresql://postgres@127.0.0.1:5432/test]

The same run of 1,000 steps is read whole and by its loss alone from two databases, taking turns:
one that holds nothing else, and one with ten million rows of ten thousand other runs. Then the
database's own plan of that query. Needs 4 GiB of disk; PostgreSQL databases are made and dropped.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import event, insert, select, text

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from goals import tell_goal

from models.store.database import Database
from models.store.metrics.rows import append_steps, step_columns
from models.store.migrating import migrate
from models.store.tables import Run, Step

from support.databases import postgres_database
from support.stored import step_row, stored_run

STEPS, OTHERS, TURNS = 1_000, 10_000, 101
AT_ONCE = 500  # runs whose rows are written at once: half a million rows
HURRY = {  # while ten million rows are written: what guards them from faults takes half of the time
    "sqlite": ("PRAGMA synchronous=OFF", "PRAGMA foreign_keys=OFF", "PRAGMA cache_size=-200000"),
    "postgresql": ("SET session_replication_role = replica",),
}


def milliseconds(database: Database, run_id: str, metrics: Sequence[str]) -> float:
    begun = time.perf_counter()
    with database.reading() as session:
        found = step_columns(session, run_id, metrics=metrics)
    taken = (time.perf_counter() - begun) * 1000
    assert len(found["step"]) == STEPS
    return taken


def made(url: str) -> tuple[Database, str]:
    """A database that holds a run and its steps, and the run's id."""
    migrate(url)
    database = Database(url)
    with database.transaction() as session:
        run_id = stored_run(session).id
        append_steps(session, run_id, [step_row(step) for step in range(1, STEPS + 1)])
    return database, run_id


def crowd(database: Database, run_id: str) -> None:
    """Ten thousand runs beside it, each with the same steps."""
    event.listen(database.engine, "connect", hurry := _hurry(database.engine.dialect.name))
    database.engine.dispose()  # so that those that write are new
    with database.transaction() as session:
        mine = session.get_one(Run, run_id)
        same = {c.key: getattr(mine, c.key) for c in Run.__table__.columns}
        rows = [
            {**same, "id": f"run_other{k:017}", "position": 100 + k, "seed": 100 + k}
            for k in range(OTHERS)
        ]
        session.execute(insert(Run), rows)
    copied = [column for column in Step.__table__.columns if column.key != "run_id"]
    names = ["run_id", *(column.key for column in copied)]
    for first in range(100, 100 + OTHERS, AT_ONCE):
        some = Run.position.between(first, first + AT_ONCE - 1)
        theirs = select(Run.id, *copied).join_from(Run, Step, (Step.run_id == run_id) & some)
        with database.transaction() as session:
            session.execute(insert(Step).from_select(names, theirs))
    event.remove(database.engine, "connect", hurry)
    database.engine.dispose()  # so that those that read are as a service has them
    if database.engine.dialect.name == "postgresql":
        with database.engine.connect() as connection:  # as autovacuum does in time
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(
                text("VACUUM (ANALYZE) steps")
            )


def _hurry(dialect: str) -> Callable[..., None]:
    def begin(connection: Any, *_: Any) -> None:
        cursor = connection.cursor()
        for statement in HURRY[dialect]:
            cursor.execute(statement)
        cursor.close()
        if dialect == "postgresql":
            connection.commit()

    return begin


def plan(database: Database, run_id: str) -> list[str]:
    query = select(Step.step, Step.__table__.c.loss).where(
        Step.run_id == run_id, Step.step > 0, Step.step <= STEPS
    )
    shown = str(
        query.order_by(Step.step).compile(database.engine, compile_kwargs={"literal_binds": True})
    )
    how = "EXPLAIN QUERY PLAN " if database.engine.dialect.name == "sqlite" else "EXPLAIN "
    with database.reading() as session:
        return [str(row[-1]) for row in session.execute(text(how + shown))]


def measure(kind: str, few_url: str, many_url: str) -> None:
    (few, alone), (many, crowded) = made(few_url), made(many_url)
    crowd(many, crowded)
    for name, metrics in (("all figures", ()), ("the loss", ("loss",))):
        turns = [
            (milliseconds(few, alone, metrics), milliseconds(many, crowded, metrics))
            for _ in range(TURNS)
        ]
        before, after = (statistics.median(side) for side in zip(*turns, strict=True))
        ratio = statistics.median(second / first for first, second in turns)
        tell_goal(f"a curve among 10⁷ rows, {name}, {kind}", f"{after:.2f} ms",
                  f"among 10³ {before:.2f} ms", f"{ratio:.2f}", "≤ 1.3", ratio <= 1.3)  # fmt: skip
    for line in plan(many, crowded):
        print(f"{kind}: {line}")
    few.close()
    many.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", default="postgresql://postgres@127.0.0.1:5432/test")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="many-rows-") as folder:
        measure("SQLite", f"sqlite:///{folder}/few.sqlite3", f"sqlite:///{folder}/many.sqlite3")
    with postgres_database(asked.server) as few, postgres_database(asked.server) as many:
        measure("PostgreSQL", few, many)


if __name__ == "__main__":
    main()
