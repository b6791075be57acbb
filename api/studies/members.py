"""The experiments of a study as they stand now: their state, and what each says by itself.

Verdicts are those of each experiment's own results document, which a test checks, without its
bootstraps: a study of many data sets is computed at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.results.interim_verdicts import InterimVerdicts
from models.comparison.compare import adjusted_evidence
from models.comparison.comparison_warnings import warnings_of
from models.comparison.declared_rule import declared_rule
from models.comparison.evidence import Evidence
from models.comparison.families import arms_against_baseline, pairs_of_arms
from models.comparison.inputs import ArmValues, ComparisonInput
from models.comparison.lines import NO_LINES
from models.comparison.schema import Verdict
from models.comparison.verdict import comparison_sentence, decide
from models.specs.experiment import ExperimentSpec
from models.specs.parse import stored_spec
from models.states import TERMINAL, RunState, experiment_state
from models.store.arm_values import arm_values_of
from models.store.experiment_states import RunCounts, run_counts_of, with_more_planned
from models.store.studies.studies import Place
from models.store.tables import Experiment
from models.studies.study import Judged, Member

VERDICT: TypeAdapter[Verdict] = TypeAdapter(Verdict)


@dataclass(frozen=True)
class Standing:
    """How far an experiment is."""

    state: RunState
    counts: RunCounts


def standings(session: Session, ids: Sequence[str]) -> dict[str, Standing]:
    """Return how far each of these experiments is."""
    counts, planned = run_counts_of(session, ids), with_more_planned(session, ids)
    return {
        one: Standing(experiment_state(own, look_left=one in planned), own)
        for one, own in counts.items()
    }


def state_of_all(found: Sequence[Standing]) -> RunState:
    """Return the state of an experiment that had all these runs."""
    together = {state: sum(one.counts[state] for one in found) for state in RunState}
    return experiment_state(together, look_left=any(one.state not in TERMINAL for one in found))


def specs_of(session: Session, places: Sequence[Place]) -> dict[str, ExperimentSpec]:
    """Return the spec of each experiment that is still there, in the order of the study."""
    ids = [place.experiment_id for place in places if place.experiment_id is not None]
    query = select(Experiment.id, Experiment.spec).where(Experiment.id.in_(ids))
    found: dict[str, dict[str, Any]] = {one: spec for one, spec in session.execute(query)}
    return {one: stored_spec(found[one], one) for one in ids}


def members(
    session: Session, places: Sequence[Place], specs: Mapping[str, ExperimentSpec]
) -> list[Member]:
    """Return each data set with what its experiment says, for `study_comparisons`."""
    found, values = standings(session, list(specs)), arm_values_of(session, specs)
    every = []
    for place in places:
        one = place.experiment_id
        if one is None:
            every.append(Member(place.dataset, None, None, ()))
            continue
        state = found[one].state
        judged = _judged(session, one, specs[one], values[one], ended=state in TERMINAL)
        ordered = [judged[arm] for arm in arms_against_baseline(next(iter(specs.values())))]
        every.append(Member(place.dataset, one, state, ordered))
    return every


def _judged(
    session: Session,
    experiment_id: str,
    spec: ExperimentSpec,
    arms: Mapping[str, ArmValues],
    *,
    ended: bool,
) -> dict[str, Judged]:
    """Return what the experiment says of each arm against its baseline."""
    row = session.get_one(Experiment, experiment_id)
    rule = declared_rule(spec)
    family = [
        ComparisonInput(
            arms[a],
            arms[b],
            rule,
            len(spec.seeds.values()),
            awaited=0 if ended else 1,
            lines=row.lines.get(rule.metric, NO_LINES),
        )
        for a, b in pairs_of_arms(spec)
    ]
    with_baseline = family[: len(spec.arms) - 1]  # the other pairs only count in the family
    if spec.until_decided is not None:
        return _judged_at_looks(session, experiment_id, spec, with_baseline)
    evidence = adjusted_evidence([family])[: len(with_baseline)]
    return {one.compared.a.name: _as_it_stands(one) for one in evidence}


def _judged_at_looks(
    session: Session, experiment_id: str, spec: ExperimentSpec, family: Sequence[ComparisonInput]
) -> dict[str, Judged]:
    """As `_judged`, of an experiment that adds seeds: each arm alone, at the level of its look."""
    interim = InterimVerdicts(session, experiment_id, spec)
    found = {}
    for compared in family:
        a, b = compared.a.name, compared.b.name
        at_look = replace(compared.rule, confidence=interim.confidence(a, b))
        (evidence,) = adjusted_evidence([[replace(compared, rule=at_look)]])
        found[a] = _at_look(evidence, interim, a)
    return found


def _at_look(evidence: Evidence, interim: InterimVerdicts, arm: str) -> Judged:
    look, warnings = interim.latest_on(arm), warnings_of(evidence.compared)
    if look is None:
        return Judged(evidence, "undecided", interim.why_none_yet(), warnings)
    verdict = VERDICT.validate_python(look.verdict)
    return Judged(evidence, verdict, look.sentence, warnings)


def _as_it_stands(evidence: Evidence) -> Judged:
    verdict, warnings = decide(evidence), warnings_of(evidence.compared)
    sentence = comparison_sentence(evidence, verdict, warnings)
    return Judged(evidence, verdict, sentence, warnings)
