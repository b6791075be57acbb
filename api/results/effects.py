"""The effects and cells of the results document, where a spec has factors."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from api.results.comparability import Metrics, arms_of
from api.results.interim_verdicts import InterimVerdicts
from models.comparison.families import SECONDARY, declared_rule
from models.comparison.inputs import ArmRuns
from models.comparison.schema import Role
from models.factors.effects import effects_on, largest_first
from models.factors.schema import Effect
from models.factors.sentences import what_matters_most
from models.specs.experiment import ExperimentSpec
from models.store.tables import Run
from models.store.tuning.plan import Settled


def factorial_results(
    spec: ExperimentSpec,
    own: Settled,
    runs: Sequence[Run],
    metrics: Metrics,
    interim: InterimVerdicts,
    chance: Mapping[str, float],
) -> dict[str, Any]:
    """Return the fields of `Results` that factors add; all of them empty where there are none."""
    # scipy.stats takes a second to import, which starting the API need not wait for
    from models.factors.cell_means import cell_summaries, factor_pairs

    if spec.factors is None:
        return {"what_matters_most": None, "effects": [], "cells": [], "factor_pairs": []}
    cells = arms_of(spec, own, runs, metrics, None)
    effects = _effects(spec, cells, interim, chance)
    values = {name: cell.on(spec.decision.metric) for name, cell in cells.items()}
    return {
        "what_matters_most": what_matters_most([one for one in effects if one.role == "primary"]),
        "effects": effects,
        "cells": cell_summaries(spec, values),
        "factor_pairs": factor_pairs(spec, values),
    }


def _effects(
    spec: ExperimentSpec,
    cells: Mapping[str, ArmRuns],
    interim: InterimVerdicts,
    chance: Mapping[str, float],
) -> list[Effect]:
    """Return the declared effects, judged as one family; with a plan of looks each is judged alone,
    at the level of its look, since the plan has divided the error already."""
    rule, expected = declared_rule(spec.decision), len(spec.seeds.values())
    others = [metric for metric in SECONDARY if metric != rule.metric]
    roles: list[tuple[Role, list[str]]] = [("primary", [rule.metric]), ("secondary", others)]
    found: list[Effect] = []
    for role, metrics in roles:
        if not interim.plan:
            every = spec.declared_effects
            found += effects_on(every, metrics, cells, rule, role, expected, chance)
            continue
        for metric in metrics:
            alone = []
            for declared in spec.declared_effects:
                own = replace(rule, confidence=interim.confidence_on(declared.key))
                (effect,) = effects_on([declared], [metric], cells, own, role, expected, chance)
                alone.append(interim.judged_effect(declared.key, effect))
            found += largest_first(alone, metric)
    return found
