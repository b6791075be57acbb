"""The results document of an experiment, from its rows.

Sixty arms have thousands of comparisons, most of the document, which are made one at a time.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache

from pydantic import TypeAdapter
from sqlalchemy.orm import Session

from api.dependencies import Service
from api.experiments.programmes import programme_view
from api.experiments.progress import state_of
from api.results.baselines import baselines_of
from api.results.comparability import Compared, compared_of
from api.results.effects import factorial_results
from api.results.interim_verdicts import InterimVerdicts
from api.results.noise import noise_results
from api.results.tuning_results import tuning_view
from api.results.vectors import vectors_of_arms
from api.results.views import ArmResult, Curve, Results, RunResult, TimeToEventView
from api.runs.progress import problem_of
from models.comparison.declared_rule import declared_rule
from models.comparison.families import (
    SECONDARY,
    Family,
    compare_runs,
    family_on,
    pairs_of_arms,
)
from models.comparison.inputs import ArmPair
from models.comparison.lines import Lines
from models.comparison.rule import DecisionRule
from models.comparison.schema import Comparison, Role
from models.specs.experiment import ExperimentSpec
from models.specs.parse import stored_spec
from models.specs.tuned_arms import for_run
from models.specs.wording.arm_differences import arm_differences
from models.specs.wording.terms_in_words import terms_in_words
from models.states import TERMINAL, RunState
from models.store.experiment_states import stored_state
from models.store.experiments import experiment, runs_of
from models.store.metrics.rows import Series, curves, kept_steps
from models.store.metrics.untrained import untrained_of_runs
from models.store.tables import Run
from models.store.tuning.plan import tuning_of

_RESULTS, _COMPARISON = TypeAdapter(Results), TypeAdapter(Comparison)


@dataclass(frozen=True)
class ResultsDocument:
    """The results, of which the comparisons are made when they are asked for, and once."""

    rest: Results
    """All else."""
    comparisons: Iterator[Comparison]

    def whole(self) -> Results:
        return self.rest.model_copy(update={"comparisons": list(self.comparisons)})

    def json(self) -> Iterator[bytes]:
        """The JSON of the whole, in parts."""
        names = list(Results.model_fields)
        place = names.index("comparisons")
        yield _some_fields(self.rest, names[:place])[:-1] + b',"comparisons":['
        for number, comparison in enumerate(self.comparisons):
            yield (b"," if number else b"") + _COMPARISON.dump_json(comparison, by_alias=True)
        yield b"]," + _some_fields(self.rest, names[place + 1 :])[1:]


def _some_fields(results: Results, names: Collection[str]) -> bytes:
    return _RESULTS.dump_json(results, by_alias=True, include=set(names))


def results_document(
    session: Session, experiment_id: str, service: Service, target_loss: float | None = None
) -> ResultsDocument:
    """Return the results as of now.

    `target_loss`, in the loss of the baseline on a batch, adds the steps until it is reached.
    Raises `NotFound` when there is no such experiment.
    """
    row = experiment(session, experiment_id)
    spec = stored_spec(row.spec, row.id)
    everything = runs_of(session, experiment_id)
    runs = [run for run in everything if not run.tuning]
    compared = compared_of(session, row, spec, runs)
    series = curves(session, experiment_id)
    kept, untrained = kept_steps(session, experiment_id), untrained_of_runs(session, experiment_id)
    interim = InterimVerdicts(session, experiment_id, spec)
    tuned = tuning_of(session, experiment_id)
    state = state_of(everything, interim.plan, tuned)
    rows_of = _summed_rows(spec)
    arms = [
        ArmResult(
            name=arm.name,
            terms=terms_in_words(arm.loss),
            runs=[
                _run_result(
                    run,
                    compared.metrics[run.id],
                    untrained.get(run.id),
                    _curve(series[run.id], rows_of(run.arm, run.setting)),
                    kept,
                )
                for run in compared.by_arm[arm.name]
            ],
        )
        for arm in spec.arms
    ]
    rest = Results(
        experiment=row.id,
        name=row.name,
        state=state,
        complete=state in TERMINAL,
        spec=row.spec,
        test_pairs=row.test_pairs,
        left_out_pairs=row.left_out_pairs,
        baselines=baselines_of(row, compared),
        arms=arms,
        arms_differ=arm_differences(spec),
        comparisons=[],
        programme=programme_view(spec),
        **noise_results(compared),
        **factorial_results(compared, interim),
        waiting_times=_time_to_event(session, experiment_id, compared, target_loss),
        plan=interim.plan,
        vectors=vectors_of_arms(spec, runs),
        tuning=None if tuned is None else tuning_view(session, spec, tuned, everything),
    )
    return ResultsDocument(rest, _comparisons(compared, service, interim))


def _run_result(
    run: Run,
    metrics: Mapping[str, float],
    untrained: Mapping[str, float] | None,
    curve: Curve,
    kept: Mapping[str, int],
) -> RunResult:
    return RunResult(
        id=run.id,
        seed=run.seed,
        setting=run.setting,
        state=stored_state(run),
        step=run.step,
        attempts=run.attempt,
        reason=run.reason,
        problem=problem_of(run),
        stopped_early=run.state == RunState.SUCCEEDED and run.step < run.steps,
        kept_step=kept.get(run.id),
        metrics=dict(metrics),
        untrained=None if untrained is None else dict(untrained),
        curve=curve,
        weights_sha256=run.weights_sha256,
        provenance=run.provenance,
    )


def _summed_rows(spec: ExperimentSpec) -> Callable[[str, int], int]:
    """How many rows the loss on a batch adds up, by arm and setting; one where it is their mean."""

    @cache  # each is asked for once a run
    def rows(arm: str, setting: int) -> int:
        own = for_run(spec, arm, setting).for_arm(arm)
        return own.batch_size if own.arm(arm).loss.reduction == "sum" else 1

    return rows


def _curve(series: Series, rows: int) -> Curve:
    """The curve, per row too, of a loss that adds up so many."""
    train, validation = series["train.loss"], series["validation.loss"]
    return Curve(
        step=series["step"],
        train_loss=train,
        validation_loss=validation,
        train_loss_per_row=[loss / rows for loss in train],
        validation_loss_per_row=[None if loss is None else loss / rows for loss in validation],
    )


def _comparisons(
    compared: Compared, service: Service, interim: InterimVerdicts
) -> Iterator[Comparison]:
    spec, lines = compared.spec, compared.lines
    if not spec.compares_arms:
        return iter(())
    arms = compared.arms(service)
    pairs = [(arms[a], arms[b]) for a, b in pairs_of_arms(spec)]
    rule, expected = declared_rule(spec), len(spec.seeds.values())
    others = [metric for metric in SECONDARY if metric != rule.metric]
    if interim.plan:
        return _planned_comparisons(pairs, rule, others, expected, interim, lines)
    primary = family_on(pairs, [rule.metric], rule, "primary", expected, lines)
    secondary = family_on(pairs, others, rule, "secondary", expected, lines)
    return compare_runs([primary, secondary])


def _planned_comparisons(
    arms: list[ArmPair],
    rule: DecisionRule,
    others: list[str],
    expected: int,
    interim: InterimVerdicts,
    lines: Mapping[str, Lines],
) -> Iterator[Comparison]:
    """Compare each pair alone, at the level of its look: the plan has divided the error already."""
    kinds: list[tuple[Role, list[str]]] = [("primary", [rule.metric]), ("secondary", others)]
    alone: list[Family] = []
    for role, metrics in kinds:
        for a, b in arms:
            own = replace(rule, confidence=interim.confidence(a.name, b.name))
            every = family_on([(a, b)], metrics, own, role, expected, lines)
            alone += [[one] for one in every]
    return map(interim.judged, compare_runs(alone))


def _time_to_event(
    session: Session, experiment_id: str, compared: Compared, target_loss: float | None
) -> TimeToEventView:
    # scipy takes a third of a second to import, which starting the API need not wait for
    from api.results.time_to_event import time_to_event

    losses, runs = compared.own.collapsed_loss, compared.runs
    return time_to_event(session, experiment_id, compared.spec, losses, runs, target_loss)
