"""All SQL of step series for pictures: means over stretches of steps, made by the database.

A picture has some hundred points; the steps behind it may be millions, and stay where they are.
"""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.store.tables import Run, Step

Columns = dict[str, list[float]]


def step_means(
    session: Session, experiment_id: str, names: Sequence[str], width: int
) -> dict[str, Columns]:
    """Of each run with steps, but for tuning runs, by id: `step` and each named metric, as means
    over stretches of `width` steps in order. The last stretch of a run may be shorter.

    A metric that a stretch does not have is NaN.
    """
    stretch = ((Step.step - 1) // width).label("stretch")
    columns = ("step", *names)
    query = (
        select(Step.run_id, *(func.avg(getattr(Step, name)) for name in columns))
        .join(Run, Run.id == Step.run_id)
        .where(Run.experiment_id == experiment_id, ~Run.tuning)
        .group_by(Step.run_id, stretch)
        .order_by(Step.run_id, stretch)
    )
    found: dict[str, Columns] = defaultdict(lambda: {name: [] for name in columns})
    for run_id, *means in session.execute(query):
        for name, mean in zip(columns, means, strict=True):
            found[run_id][name].append(float("nan") if mean is None else float(mean))
    return dict(found)
