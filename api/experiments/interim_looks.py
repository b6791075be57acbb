"""The plan of interim looks in replies: the plan of a spec, and that of an experiment."""

from collections.abc import Sequence

from api.experiments.views import LookView
from models.comparison.sequential.group_sequential import plan
from models.specs.experiment import ExperimentSpec
from models.states import LookState
from models.store.tables import Look


def planned_view(spec: ExperimentSpec) -> list[LookView]:
    """Return the plan that an experiment of this spec would have."""
    return [
        LookView(
            number=look.number,
            pairs=look.pairs,
            level=look.level,
            spent=look.spent,
            futile_above=look.futile_above,
            state=LookState.PLANNED,
        )
        for look in plan(spec)
    ]


def look_views(looks: Sequence[Look]) -> list[LookView]:
    """Return the plan of an experiment with what has become of each look."""
    return [LookView.model_validate(look, from_attributes=True) for look in looks]
