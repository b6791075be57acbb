"""The verdicts of an experiment with interim looks: its results document has no others.

Runs that ended after the last look are shown in a comparison: the pairs, the means, the interval at
the level of that look. **The verdict and its sentence are those of the last look that judged the
comparison**, as they were stored then.
"""

from sqlalchemy.orm import Session

from api.experiments.interim_looks import look_views
from models.comparison.declared_rule import declared_rule
from models.comparison.rule import confidence_at
from models.comparison.schema import Comparison, Role
from models.comparison.sequential.group_sequential import no_verdict_sentence
from models.factors.schema import Effect
from models.factors.sentences import no_verdict_on_effect
from models.numbers_in_words import significant
from models.specs.experiment import ExperimentSpec
from models.states import LookState
from models.store.interim_looks import looks_of, verdicts_of
from models.store.tables import LookVerdict


class InterimVerdicts:
    """The plan of looks of one experiment, and what its looks have judged so far."""

    def __init__(self, session: Session, experiment_id: str, spec: ExperimentSpec) -> None:
        self.plan = look_views(looks_of(session, experiment_id))
        self._baseline = spec.decision.baseline
        self._confidence = declared_rule(spec).confidence
        # verdicts come in the order of the looks, so the last one on each arm, or effect, stays
        self._latest = {verdict.arm: verdict for verdict in verdicts_of(session, experiment_id)}

    def confidence(self, a: str, b: str) -> float:
        """Return the confidence of the interval: of the last look that judged the pair, else the
        first look.

        At a look this gives its repeated confidence interval (Jennison and Turnbull 1989).
        """
        return self._confidence_of(self._verdict_on(a, b))

    def confidence_on(self, effect: str) -> float:
        """Return the same for an effect, which is named by its key."""
        return self._confidence_of(self._latest.get(effect))

    def _confidence_of(self, verdict: LookVerdict | None) -> float:
        if not self.plan:
            return self._confidence
        return confidence_at(self.plan[verdict.number - 1 if verdict else 0].level)

    def _verdict_on(self, a: str, b: str) -> LookVerdict | None:
        return self._latest.get(a) if b == self._baseline else None

    def latest_on(self, arm: str) -> LookVerdict | None:
        """Return what the last look said that judged this arm against the baseline, if any did."""
        return self._latest.get(arm)

    def why_none_yet(self) -> str:
        """Return why there is no verdict on the metric that decides before the first look."""
        return self._why_none_yet("primary")

    def judged(self, comparison: Comparison) -> Comparison:
        """Return the comparison of the runs so far with the verdict that the plan allows."""
        if not self.plan:
            return comparison
        look = self._verdict_on(comparison.a, comparison.b)
        if look is not None and comparison.role == "primary":
            update = {"verdict": look.verdict, "sentence": look.sentence}
            return comparison.model_copy(update=update)
        why = no_verdict_sentence(comparison, self._why_not(comparison))
        sentence = " ".join([why, *(one.sentence for one in comparison.warnings)])
        return comparison.model_copy(update={"verdict": "undecided", "sentence": sentence})

    def judged_effect(self, key: str, effect: Effect) -> Effect:
        """Return the effect over the runs so far with the verdict that the plan allows."""
        look = self._latest.get(key)
        if look is not None and effect.role == "primary":
            return effect.model_copy(update={"verdict": look.verdict, "sentence": look.sentence})
        why = no_verdict_on_effect(effect, self._why_none_yet(effect.role))
        sentence = " ".join([why, *(one.sentence for one in effect.warnings)])
        return effect.model_copy(update={"verdict": "undecided", "sentence": sentence})

    def _why_not(self, comparison: Comparison) -> str:
        if comparison.b != self._baseline:
            return f"The plan judges every arm against {self._baseline}, and not this pair."
        return self._why_none_yet(comparison.role)

    def _why_none_yet(self, role: Role) -> str:
        if role == "secondary":
            return "The plan judges the metric that decides, and not this one."
        first = self.plan[0]
        if first.state == LookState.DROPPED:
            return "The experiment was cancelled before the first look, so there is no verdict."
        return (
            f"There is no verdict before look 1 of {len(self.plan)}, planned at {first.pairs} "
            f"seeds, at level {significant(first.level, 3)}."
        )
