"""What tuning says in the results document, from the tuning runs of an experiment."""

from collections.abc import Mapping, Sequence
from functools import partial

from sqlalchemy.orm import Session

from models.abandonment import while_wanted
from models.comparison.declared_rule import declared_rule
from models.comparison.inputs import ArmValues
from models.factors.contrasts import compared_sides
from models.specs.experiment import ExperimentSpec
from models.specs.tuning_budget import tuning_stops
from models.states import TuningState
from models.store.run_life.queueing import Chosen
from models.store.tables import Run, Tuning
from models.store.tuning.plan import chosen_settings
from models.store.tuning.values import tuning_values
from models.tuning.by_setting import Sides, against_baseline, differences_by_setting
from models.tuning.choosing import Values, mean_of
from models.tuning.edges import mostly_at_edge
from models.tuning.expected_best import expected_best
from models.tuning.schema import TunedArm, TuningResult


def tuning_view(
    session: Session, spec: ExperimentSpec, plan: Tuning, runs: Sequence[Run]
) -> TuningResult:
    """Return the tuning as of now; `spec` is the stored one, `runs` are all of the experiment."""
    tuning = spec.tuning
    assert tuning is not None  # the plan is of this spec
    values = tuning_values(session, plan.experiment_id, spec)
    stops = tuning_stops(spec)
    first, last = stops[0], stops[-1]
    at_first = values if first == last else tuning_values(session, plan.experiment_id, spec, first)
    chosen = chosen_settings(session, plan.experiment_id)
    return TuningResult(
        state=TuningState(plan.state),
        reason=plan.reason,
        chosen_at=plan.chosen_at,
        choose_by=tuning.choose_by,
        seeds=spec.tuning_seeds,
        settings=tuning.all_settings,
        stops=stops,
        arms=tuple(
            _arm(spec, name, of_arm, at_first[name], _of(chosen, name), _own(runs, name))
            for name, of_arm in while_wanted(list(values.items()))
        ),
        by_setting=tuple(
            differences_by_setting(spec, _to_the_end(values, runs, last), partial(_sides, spec))
        ),
    )


def _sides(spec: ExperimentSpec, arms: Mapping[str, ArmValues]) -> Sides:
    """Return what is compared at each setting: the declared effects, where there are factors."""
    if spec.factors is None:
        return against_baseline(spec, arms)
    rule = declared_rule(spec)
    every = (compared_sides(effect, arms, rule) for effect in spec.declared_effects)
    return [(one.a, one.b) for one in every]


def _of(chosen: Chosen, arm: str) -> dict[int | None, int]:
    return {seed: setting for (name, seed), setting in chosen.items() if name == arm}


def _to_the_end(values: Values, runs: Sequence[Run], last: int) -> Values:
    """The values of the tuning runs that were trained to the end."""
    whole = {(run.arm, run.setting, run.seed) for run in runs if run.tuning and run.steps == last}
    return {
        arm: [
            {seed: value for seed, value in own.items() if (arm, setting, seed) in whole}
            for setting, own in enumerate(settings)
        ]
        for arm, settings in values.items()
    }


def _own(runs: Sequence[Run], arm: str) -> list[Run]:
    return [run for run in runs if run.tuning and run.arm == arm]


def _arm(
    spec: ExperimentSpec,
    name: str,
    values: Sequence[Mapping[int, float]],
    at_first: Sequence[Mapping[int, float]],
    chosen: Mapping[int | None, int],
    runs: Sequence[Run],
) -> TunedArm:
    assert spec.tuning is not None
    edges = mostly_at_edge(spec.tuning, list(chosen.values()))
    seeds = spec.tuning_seeds
    means = tuple(mean_of(own) if own else None for own in values)
    own_runs = {(run.setting, run.seed): run for run in runs}
    every = [[own_runs[setting, seed] for seed in seeds] for setting in range(len(values))]
    return TunedArm(
        name=name,
        runs=tuple(tuple(run.id for run in own) for own in every),
        trained_to=tuple(tuple(run.steps for run in own) for own in every),
        validation=tuple(tuple(own.get(seed) for seed in seeds) for own in values),
        means=means,
        chosen=chosen.get(None),
        chosen_under={seed: setting for seed, setting in chosen.items() if seed is not None},
        at_edge=bool(edges),
        edges=edges,
        expected_best=expected_best([mean_of(own) for own in at_first if own]),
        steps_spent=sum(run.step for run in runs),
    )
