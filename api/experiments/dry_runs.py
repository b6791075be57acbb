"""What a spec would give, without storing it: its runs, plan, estimate and baselines."""

from collections.abc import AsyncIterator
from dataclasses import replace

from fastapi import Depends, Request

from api.dependencies import Service, ServiceDep
from api.experiments.checks.coarse_margin import coarse_margin_warnings
from api.experiments.checks.few_seeds import seed_warnings
from api.experiments.checks.seed_sources import seed_sources
from api.experiments.checks.text_lengths import cut_texts, long_text_warnings
from api.experiments.checks.vector_arms import covered
from api.experiments.checks.warm_up import warm_up_warnings
from api.experiments.declared_effects import declared_effects
from api.experiments.estimates import estimate
from api.experiments.formulas import formula_views
from api.experiments.interim_looks import planned_view
from api.experiments.planning import Plan
from api.experiments.programmes import programme_view
from api.experiments.tuning_steps import tuning_plan_view
from api.experiments.views import DryRun, SpecWarning
from api.http.json_bodies import JsonBody
from models.comparison.families import seeds_needed
from models.specs.experiment import ExperimentSpec
from models.specs.wording.arm_differences import arm_differences
from models.store import clock
from models.store.programmes.programmes import with_level_to_come
from models.store.tables import Dataset
from models.store.workers import live_workers


async def _dry_run_turn(
    request: Request,
    service: ServiceDep,
    body: JsonBody,  # noqa: ARG001 — a look whether the client has gone swallows an unread one
    dry_run: bool = False,
) -> AsyncIterator[None]:
    if not dry_run:
        yield
        return
    async with service.series.turn(request):
        yield


DRY_RUN_TURN = Depends(_dry_run_turn, scope="function")
"""Waits for a turn where nothing is stored: a form asks at each change, and a plan is dear."""


def dry_run_view(service: Service, planned: Plan) -> DryRun:
    """Return what the plan would give if it were stored."""
    with service.database.reading() as session:
        planned = replace(planned, spec=with_level_to_come(session, planned.spec))
        workers = live_workers(session, clock.now(session), service.settings.lease_seconds)
        guess = estimate(session, planned.spec, planned.dataset, planned.test_pairs, workers)
    return DryRun(
        spec=planned.spec.model_dump(mode="json"),
        programme=programme_view(planned.spec),
        runs=planned.spec.run_count,
        runs_at_least=planned.spec.fewest_runs,
        plan=planned_view(planned.spec),
        tuning=tuning_plan_view(planned.spec),
        effects=declared_effects(planned.spec),
        seed_sources=seed_sources(planned.spec, planned.training),
        given_negatives=list(planned.given),
        cut_texts=cut_texts(planned.spec, service.dataset_folder(planned.dataset.content_hash)),
        arms_differ=arm_differences(planned.spec),
        formulas=formula_views(planned.spec),
        seeds_needed=seeds_needed(planned.spec),
        warnings=spec_warnings(planned.spec, planned.dataset),
        fitted=planned.fitted,
        estimated_seconds=guess.seconds,
        estimate=guess.how,
        run_memory_bytes=guess.memory,
        vectors=covered(service, planned.spec, planned.dataset, planned.vectors),
        test_pairs=planned.test_pairs,
        left_out_pairs=planned.left_out_pairs,
        baselines={
            "majority": planned.baseline_majority,
            "collapsed": planned.baseline_collapsed,
        },
    )


def spec_warnings(spec: ExperimentSpec, dataset: Dataset) -> list[SpecWarning]:
    """Return what the spec cannot show, what it does not reach, and what will slow it down."""
    return [
        *seed_warnings(spec),
        *coarse_margin_warnings(spec),
        *warm_up_warnings(spec),
        *long_text_warnings(spec, dataset),
    ]
