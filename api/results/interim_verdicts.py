"""The plan of looks in replies, and comparisons that say no more than the looks have said.

Between two looks there are runs on which nobody has judged. They are shown: the pairs, the means,
the interval at the level of the last look. **The verdict and its sentence are those of the last
look that judged the comparison**, kept as they were said then.
"""

from sqlalchemy.orm import Session

from api.experiments.interim_looks import look_views
from models.comparison.group_sequential import confidence_at, not_judged
from models.comparison.schema import Comparison
from models.specs.experiment import ExperimentSpec
from models.states import LookState
from models.store.interim_looks import looks_of, verdicts_of
from models.store.tables import LookVerdict


class LookedAt:
    """What the looks of one experiment allow its results document to say."""

    def __init__(self, session: Session, experiment_id: str, spec: ExperimentSpec) -> None:
        self.plan = look_views(looks_of(session, experiment_id))
        self._baseline = spec.decision.baseline
        self._confidence = spec.decision.confidence
        # looks come in order, so the last word on each arm stays
        self._said = {one.arm: one for one in verdicts_of(session, experiment_id)}

    def confidence(self, a: str, b: str) -> float:
        """Of the interval: that of the look which spoke last on the two, or else of the first.

        At a look this is its repeated confidence interval (Jennison and Turnbull 1989).
        """
        if not self.plan:
            return self._confidence
        said = self._said_on(a, b)
        return confidence_at(self.plan[said.number - 1 if said else 0].level)

    def _said_on(self, a: str, b: str) -> LookVerdict | None:
        return self._said.get(a) if b == self._baseline else None

    def judged(self, found: Comparison) -> Comparison:
        """The comparison of the runs so far, with the verdict that the plan allows."""
        if not self.plan:
            return found
        said = self._said_on(found.a, found.b)
        if said is not None and found.role == "primary":
            return found.model_copy(update={"verdict": said.verdict, "sentence": said.sentence})
        sentence = not_judged(found, self._why_not(found))
        return found.model_copy(update={"verdict": "undecided", "sentence": sentence})

    def _why_not(self, found: Comparison) -> str:
        if found.b != self._baseline:
            return f"The plan judges every arm against {self._baseline}, and not this pair."
        if found.role == "secondary":
            return "The plan judges the metric that decides, and not this one."
        first = self.plan[0]
        if first.state == LookState.DROPPED:
            return "The experiment was cancelled before the first look, so there is no verdict."
        return (
            f"There is no verdict before look 1 of {len(self.plan)}, planned at {first.pairs} "
            f"seeds, at level {first.level:.3g}."
        )
