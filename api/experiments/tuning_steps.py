"""Tuning in replies: what a spec would tune, and what an experiment has chosen so far."""

from sqlalchemy.orm import Session

from api.experiments.views import TuningPlanView, TuningStepView
from models.specs.experiment import ExperimentSpec
from models.specs.tuning_budget import tuning_steps, tuning_stops
from models.states import TuningState
from models.store.tables import Tuning
from models.store.tuning.plan import chosen_settings


def tuning_plan_view(spec: ExperimentSpec) -> TuningPlanView | None:
    """Return what an experiment of this spec would tune; None where it tunes nothing."""
    if spec.tuning is None:
        return None
    return TuningPlanView(
        settings=list(spec.tuning.all_settings),
        seeds=list(spec.tuning_seeds),
        runs=spec.tuning_run_count,
        steps=tuning_steps(spec),
        stops=list(tuning_stops(spec)),
    )


def tuning_step_view(session: Session, tuning: Tuning) -> TuningStepView:
    """Return what has become of the choice of settings."""
    chosen = chosen_settings(session, tuning.experiment_id)
    under: dict[str, dict[int, int]] = {}
    for (arm, seed), setting in chosen.items():
        if seed is not None:
            under.setdefault(arm, {})[seed] = setting
    return TuningStepView(
        state=TuningState(tuning.state),
        reason=tuning.reason,
        chosen_at=tuning.chosen_at,
        chosen={arm: setting for (arm, seed), setting in chosen.items() if seed is None},
        chosen_under=under,
    )
