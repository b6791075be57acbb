"""A run's curve among a thousand step rows and among ten million, on SQLite and on PostgreSQL.

    python benchmarks/many_rows.py [--server postgresql://postgres@127.0.0.1:5432/test]

The same run of 10,000 steps is read whole and by its loss alone, before and after ten million
rows of a thousand other runs stand beside it. Then the database's own plan of that query. Needs
4 GiB of disk; the PostgreSQL database is one that this makes and drops.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import insert, select, text

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from goals import tell_goal

from models.database import Database
from models.metrics import append_steps, steps_series
from models.migrating import migrate
from models.tables import Run, Step

from databases_for_tests import postgres_database
from stored import step_row, stored_run

STEPS, OTHERS, TIMES = 10_000, 1_000, 15


def milliseconds(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        work()
        taken.append((time.perf_counter() - begun) * 1000)
    return statistics.median(taken)


def read(database: Database, run_id: str) -> tuple[float, float]:
    """Medians: the whole curve, and its loss alone."""

    def series(*figures: str) -> None:
        with database.reading() as session:
            found = steps_series(session, run_id, figures=figures)
        assert len(found["step"]) == STEPS

    return milliseconds(series), milliseconds(lambda: series("loss"))


def crowd(database: Database, run_id: str) -> None:
    """A thousand runs beside it, each with the same steps."""
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
    for first in range(100, 100 + OTHERS, 50):  # half a million rows at once
        rows_of_others = select(Run.id, *copied).join_from(
            Run, Step, (Step.run_id == run_id) & Run.position.between(first, first + 49)
        )
        with database.transaction() as session:
            session.execute(insert(Step).from_select(names, rows_of_others))


def plan(database: Database, run_id: str) -> list[str]:
    query = select(Step.step, Step.loss).where(
        Step.run_id == run_id, Step.step > 0, Step.step <= STEPS
    )
    shown = str(
        query.order_by(Step.step).compile(database.engine, compile_kwargs={"literal_binds": True})
    )
    how = "EXPLAIN QUERY PLAN " if database.engine.dialect.name == "sqlite" else "EXPLAIN "
    with database.reading() as session:
        return [str(row[-1]) for row in session.execute(text(how + shown))]


def measure(kind: str, url: str) -> None:
    migrate(url)
    database = Database(url)
    with database.transaction() as session:
        run_id = stored_run(session).id
        append_steps(session, run_id, [step_row(step) for step in range(1, STEPS + 1)])
    few = read(database, run_id)
    crowd(database, run_id)
    if kind == "PostgreSQL":
        with database.engine.connect() as connection:  # as autovacuum does in time
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(
                text("ANALYZE steps")
            )
    many = read(database, run_id)
    for figure, before, after in zip(("all figures", "the loss"), few, many, strict=True):
        tell_goal(
            f"a curve among 10⁷ rows, {figure}, {kind}",
            f"{after:.1f} ms",
            f"among 10⁴ {before:.1f} ms",
            f"{after / before:.2f}",
            "≤ 1.3",
            after / before <= 1.3,
        )
    for line in plan(database, run_id):
        print(f"{kind}: {line}")
    database.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", default="postgresql://postgres@127.0.0.1:5432/test")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="many-rows-") as folder:
        measure("SQLite", f"sqlite:///{folder}/rows.sqlite3")
    with postgres_database(asked.server) as url:
        measure("PostgreSQL", url)


if __name__ == "__main__":
    main()
