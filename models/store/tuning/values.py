"""What tuning runs gave: the metric that chooses, of the weights that each would have kept.

A tuning run is never tested, so the weights that it keeps are not told by the evaluation on the
test pairs, as those of other runs are, but by the spec: the last, or those with the lowest
validation loss, the earliest of equal ones (`worker.training.best_weights`).
"""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.specs.experiment import ExperimentSpec
from models.specs.training import KeptWeights
from models.specs.tuned_arms import for_run
from models.states import RunState
from models.store.tables import Evaluation, Run
from models.tuning.choosing import Values

_Row = tuple[float | None, float | None]  # validation loss, and the metric; by ascending step


def tuning_values(
    session: Session, experiment_id: str, spec: ExperimentSpec, up_to: int | None = None
) -> Values:
    """Arm -> setting -> seed -> value, of the tuning runs that succeeded and have one; that after
    so many steps where `up_to` is given."""
    assert spec.tuning is not None
    kept: dict[tuple[str, int], KeptWeights] = {}
    values: Values = {arm.name: [{} for _ in spec.tuning.all_settings] for arm in spec.arms}
    for (arm, setting, seed), rows in _evaluations(session, experiment_id, spec, up_to).items():
        if (arm, setting) not in kept:
            kept[arm, setting] = for_run(spec, arm, setting).for_arm(arm).checkpoint
        value = _kept_value(rows, kept[arm, setting])
        if value is not None:
            values[arm][setting][seed] = value
    return values


def _evaluations(
    session: Session, experiment_id: str, spec: ExperimentSpec, up_to: int | None
) -> dict[tuple[str, int, int], list[_Row]]:
    assert spec.tuning is not None
    columns = Evaluation.__table__.c
    metric = columns[spec.tuning.choose_by.removeprefix("validation.")]
    query = (
        select(Run.arm, Run.setting, Run.seed, columns.loss, metric)
        .join(Evaluation, Evaluation.run_id == Run.id)
        .where(Run.experiment_id == experiment_id, Run.tuning)
        .where(Run.state == RunState.SUCCEEDED, Evaluation.split == "validation")
        .order_by(Run.position, Evaluation.step)
    )
    if up_to is not None:
        query = query.where(Evaluation.step <= up_to)
    found: defaultdict[tuple[str, int, int], list[_Row]] = defaultdict(list)
    for arm, setting, seed, loss, value in session.execute(query):
        found[arm, setting, seed].append((loss, value))
    return found


def _kept_value(rows: Sequence[_Row], which: KeptWeights) -> float | None:
    if which == "best_validation":
        with_loss = [row for row in rows if row[0] is not None]
        rows = [min(with_loss, key=lambda row: row[0] or 0.0)] if with_loss else rows
    return rows[-1][1]
