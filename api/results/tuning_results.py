"""What tuning says in the results document, from the tuning runs of an experiment."""

from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from models.abandonment import while_wanted
from models.specs.experiment import ExperimentSpec
from models.states import TuningState
from models.store.run_life.queueing import Chosen
from models.store.tables import Run, Tuning
from models.store.tuning.plan import chosen_settings
from models.store.tuning.values import tuning_values
from models.tuning.by_setting import differences_by_setting
from models.tuning.choosing import mean_of
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
    chosen = chosen_settings(session, plan.experiment_id)
    return TuningResult(
        state=TuningState(plan.state),
        reason=plan.reason,
        chosen_at=plan.chosen_at,
        choose_by=tuning.choose_by,
        seeds=spec.tuning_seeds,
        settings=tuning.all_settings,
        arms=tuple(
            _arm(spec, name, of_arm, _of(chosen, name), _own(runs, name))
            for name, of_arm in while_wanted(list(values.items()))
        ),
        by_setting=tuple(differences_by_setting(spec, values)),
    )


def _of(chosen: Chosen, arm: str) -> dict[int | None, int]:
    return {seed: setting for (name, seed), setting in chosen.items() if name == arm}


def _own(runs: Sequence[Run], arm: str) -> list[Run]:
    return [run for run in runs if run.tuning and run.arm == arm]


def _arm(
    spec: ExperimentSpec,
    name: str,
    values: Sequence[Mapping[int, float]],
    chosen: Mapping[int | None, int],
    runs: Sequence[Run],
) -> TunedArm:
    assert spec.tuning is not None
    edges = mostly_at_edge(spec.tuning, list(chosen.values()))
    seeds = spec.tuning_seeds
    means = tuple(mean_of(own) if own else None for own in values)
    ids = {(run.setting, run.seed): run.id for run in runs}
    return TunedArm(
        name=name,
        runs=tuple(tuple(ids[setting, seed] for seed in seeds) for setting in range(len(values))),
        validation=tuple(tuple(own.get(seed) for seed in seeds) for own in values),
        means=means,
        chosen=chosen.get(None),
        chosen_under={seed: setting for seed, setting in chosen.items() if seed is not None},
        at_edge=bool(edges),
        edges=edges,
        expected_best=expected_best([mean for mean in means if mean is not None]),
        steps_spent=sum(run.step for run in runs),
    )
