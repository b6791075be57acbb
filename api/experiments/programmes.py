"""Which question of its programme an experiment is, in replies."""

from api.experiments.views import ProgrammeView
from models.comparison.declared_rule import question_of
from models.comparison.wording import question_words
from models.specs.experiment import ExperimentSpec


def programme_view(spec: ExperimentSpec) -> ProgrammeView | None:
    """Return its question; None outside a programme."""
    asked = question_of(spec)
    if asked is None:
        return None
    words = question_words(asked)
    return ProgrammeView(
        name=asked.programme,
        question=asked.number,
        level=asked.level,
        sentence=f"{words[0].upper()}{words[1:]}.",
    )
