"""Whether an experiment has made a discovery: a verdict `better`, in either direction."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.comparison.compare import verdicts
from models.comparison.declared_rule import declared_rule
from models.comparison.families import pairs_of_arms
from models.comparison.inputs import ComparisonInput
from models.comparison.lines import NO_LINES
from models.factors.effects import effect_input
from models.specs.experiment import ExperimentSpec
from models.specs.parse import stored_spec
from models.states import TERMINAL, Outcome, RunState
from models.store.arm_values import arm_values
from models.store.experiment_states import current_state
from models.store.tables import Experiment, LookVerdict

BETTER = ("a_better", "b_better")


def outcome_of(session: Session, experiment_id: str) -> Outcome:
    """What is known by now.

    A look that calls an arm better has decided it, whatever the later ones do. Otherwise nothing is
    known before the experiment has ended; nor while runs are cancelled, since a retry may yet
    bring the verdict that whoever cancelled them did not wait for.
    """
    row = session.get_one(Experiment, experiment_id)
    spec = stored_spec(row.spec, experiment_id)
    if spec.until_decided is not None and _a_look_found(session, experiment_id):
        return Outcome.DISCOVERY
    state, counts = current_state(session, experiment_id)
    if state not in TERMINAL or counts[RunState.CANCELLED]:
        return Outcome.OPEN
    if spec.until_decided is None and _the_end_found(session, row, spec):
        return Outcome.DISCOVERY
    return Outcome.NOTHING


def _a_look_found(session: Session, experiment_id: str) -> bool:
    found = select(LookVerdict.arm).where(
        LookVerdict.experiment_id == experiment_id, LookVerdict.verdict.in_(BETTER)
    )
    return session.scalar(found.limit(1)) is not None


def _the_end_found(session: Session, row: Experiment, spec: ExperimentSpec) -> bool:
    values, rule = arm_values(session, row.id, spec), declared_rule(spec)
    lines = row.lines.get(rule.metric, NO_LINES)
    family = [
        ComparisonInput(values[a], values[b], rule, lines=lines) for a, b in pairs_of_arms(spec)
    ] + [effect_input(effect, values, rule, lines).compared for effect in spec.declared_effects]
    return any(verdict in BETTER for _, verdict in verdicts(family))
