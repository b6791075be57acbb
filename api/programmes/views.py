"""The schema of each reply on programmes."""

from datetime import datetime

from api.http.views import View
from models.states import Outcome


class ProgrammeSummary(View):
    """A programme in a list."""

    name: str
    confidence: float
    """1 - the share of its claims `better` that may be false on average."""
    created_at: datetime
    questions: int
    """How many were asked, those of deleted experiments among them."""
    last_level: float
    """That of the last of them."""
    owner: str | None
    """Id of the API key that asked first."""


class QuestionView(View):
    """A question of a programme."""

    number: int
    """Its place, from 1."""
    level: float
    """What it may spend on a false `better`, as it was stored before its first run."""
    experiment: str | None
    """Null where it was deleted; what it spent and found stays."""
    name: str | None
    """Of the experiment."""
    outcome: Outcome
    """`discovery`: some arm, or effect, is better; `nothing`; `open` while it goes on, or where it
    was cancelled."""


class ProgrammeDocument(View):
    """A programme with all its questions."""

    name: str
    confidence: float
    created_at: datetime
    owner: str | None
    questions: list[QuestionView]
    """In the order in which they were asked."""
    next_level: float
    """That of the next question, if it were asked now."""
