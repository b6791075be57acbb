"""The effects and cells of the results document, where a spec has factors."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from api.results.comparability import Compared
from api.results.interim_verdicts import InterimVerdicts
from models.comparison.declared_rule import declared_rule
from models.comparison.families import SECONDARY
from models.comparison.inputs import ArmRuns
from models.comparison.lines import Lines
from models.comparison.schema import Role
from models.factors.effects import effects_on, largest_first
from models.factors.schema import Effect
from models.factors.sentences import what_matters_most
from models.specs.experiment import ExperimentSpec


def factorial_results(compared: Compared, interim: InterimVerdicts) -> dict[str, Any]:
    """Return the fields of `Results` that factors add; all of them empty where there are none."""
    # scipy takes a third of a second to import, which starting the API need not wait for
    from models.factors.cell_means import cell_summaries, factor_pairs

    spec = compared.spec
    if spec.factors is None:
        return {"what_matters_most": None, "effects": [], "cells": [], "factor_pairs": []}
    cells = compared.arms(None)
    effects = _effects(spec, cells, interim, compared.lines)
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
    lines: Mapping[str, Lines],
) -> list[Effect]:
    """Return the declared effects, judged as one family; with a plan of looks each is judged alone,
    at the level of its look, since the plan has divided the error already."""
    rule, expected = declared_rule(spec), len(spec.seeds.values())
    others = [metric for metric in SECONDARY if metric != rule.metric]
    roles: list[tuple[Role, list[str]]] = [("primary", [rule.metric]), ("secondary", others)]
    found: list[Effect] = []
    for role, metrics in roles:
        if not interim.plan:
            every = spec.declared_effects
            found += effects_on(every, metrics, cells, rule, role, expected, lines)
            continue
        for metric in metrics:
            alone = []
            for declared in spec.declared_effects:
                own = replace(rule, confidence=interim.confidence_on(declared.key))
                (effect,) = effects_on([declared], [metric], cells, own, role, expected, lines)
                alone.append(interim.judged_effect(declared.key, effect))
            found += largest_first(alone, metric)
    return found
