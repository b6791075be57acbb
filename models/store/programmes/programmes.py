"""All SQL of programmes: each question has its place and its level before its first run.

**Two that are asked at once get different places**: whoever asks holds the programme's row until
its experiment is stored. What is known of earlier questions is written down whenever one is asked,
or an experiment of the programme deleted, and never changed afterwards.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.comparison.rule import alpha_of
from models.errors import Invalid, Problem
from models.programmes.levels import level
from models.specs.experiment import ExperimentSpec
from models.states import Outcome
from models.store.programmes.outcomes import outcome_of
from models.store.tables import Experiment, Programme, ProgrammeQuestion


@dataclass(frozen=True)
class Known:
    """What has just become known of a question."""

    question: ProgrammeQuestion
    outcome: Outcome
    after: int


def programme(session: Session, name: str) -> Programme | None:
    return session.get(Programme, name)


def questions_of(session: Session, name: str) -> list[ProgrammeQuestion]:
    """Every question in order, those of deleted experiments too."""
    query = select(ProgrammeQuestion).where(ProgrammeQuestion.programme == name)
    ordered = query.order_by(ProgrammeQuestion.number)
    return list(session.scalars(ordered.execution_options(populate_existing=True)))


@dataclass(frozen=True)
class Standing:
    """The questions of a programme in order, what each has found by now, and the level that the
    next one would get."""

    questions: list[ProgrammeQuestion]
    outcomes: list[Outcome]
    next_level: float


def standing(session: Session, asked: Programme) -> Standing:
    """How a programme stands; nothing is stored."""
    questions = questions_of(session, asked.name)
    known = list(_newly_known(session, questions))
    new = {one.question.number: one.outcome for one in known}
    outcomes = [new.get(one.number, Outcome(one.outcome)) for one in questions]
    return Standing(questions, outcomes, _next_level(asked.confidence, questions, known))


def with_level_to_come(session: Session, spec: ExperimentSpec) -> ExperimentSpec:
    """The spec with the question and the level that it would get now; nothing is stored.

    Raises `Invalid` as `ask` does.
    """
    if spec.programme is None:
        return spec
    asked = programme(session, spec.programme.name)
    questions = [] if asked is None else questions_of(session, asked.name)
    if asked is not None:
        _require_its_promise(asked, spec)
    return _with_level(spec, questions, list(_newly_known(session, questions)))


def ask(session: Session, spec: ExperimentSpec, owner: str | None, now: datetime) -> ExperimentSpec:
    """The spec with its question and level; the programme is held until the transaction ends, and
    made by its first question.

    Raises `Invalid` where the spec's confidence is not that of the programme.
    """
    if spec.programme is None:
        return spec
    name = spec.programme.name
    if programme(session, name) is None:
        confidence = spec.decision.confidence
        _make(session, Programme(name=name, confidence=confidence, created_at=now, owner=owner))
    held = _hold(session, name)
    _require_its_promise(held, spec)
    questions = questions_of(session, name)
    note_outcomes(session, questions)
    return _with_level(spec, questions, ())


def store_question(session: Session, row: Experiment, spec: ExperimentSpec) -> None:
    """Write the question that `ask` gave a level; nothing without a programme."""
    asked = spec.programme
    if asked is None or asked.question is None or asked.level is None:
        return
    session.add(
        ProgrammeQuestion(
            programme=asked.name,
            number=asked.question,
            level=asked.level,
            experiment_id=row.id,
            outcome=Outcome.OPEN,
            known_after=None,
        )
    )
    session.flush()


def note_before_deleting(session: Session, experiment_id: str) -> None:
    """Write down what the experiment has found, since its runs are going to be gone: what it spent
    or earned is the programme's. One without an outcome found nothing."""
    query = select(ProgrammeQuestion).where(ProgrammeQuestion.experiment_id == experiment_id)
    question = session.scalar(query)
    if question is None or question.outcome != Outcome.OPEN:
        return
    _hold(session, question.programme)
    questions = questions_of(session, question.programme)
    note_outcomes(session, [question], asked=len(questions))
    if question.outcome == Outcome.OPEN:
        question.outcome, question.known_after = Outcome.NOTHING, len(questions)


def note_outcomes(
    session: Session, questions: Sequence[ProgrammeQuestion], *, asked: int | None = None
) -> None:
    """Write down what has become known of them, of `asked` questions so far: by default these."""
    for known in _newly_known(session, questions, asked):
        known.question.outcome, known.question.known_after = known.outcome, known.after
    session.flush()


def _newly_known(
    session: Session, questions: Sequence[ProgrammeQuestion], asked: int | None = None
) -> Iterator[Known]:
    after = len(questions) if asked is None else asked
    for question in questions:
        if question.outcome == Outcome.OPEN and question.experiment_id is not None:
            outcome = outcome_of(session, question.experiment_id)
            if outcome != Outcome.OPEN:
                yield Known(question, outcome, after)


def _with_level(
    spec: ExperimentSpec, questions: Sequence[ProgrammeQuestion], known: Sequence[Known]
) -> ExperimentSpec:
    assert spec.programme is not None
    given = _next_level(spec.decision.confidence, questions, known)
    place = {"question": len(questions) + 1, "level": given}
    return spec.model_copy(update={"programme": spec.programme.model_copy(update=place)})


def _next_level(
    confidence: float, questions: Sequence[ProgrammeQuestion], known: Sequence[Known]
) -> float:
    stored = [
        one.known_after
        for one in questions
        if one.outcome == Outcome.DISCOVERY and one.known_after is not None
    ]
    new = [one.after for one in known if one.outcome == Outcome.DISCOVERY]
    return level(alpha_of(confidence), len(questions) + 1, [*stored, *new])


def _require_its_promise(asked: Programme, spec: ExperimentSpec) -> None:
    if asked.confidence == spec.decision.confidence:
        return
    detail = (
        f"the programme '{asked.name}' promises {asked.confidence:g} over all its questions, as "
        f"the first of them said; set {asked.confidence:g} here, or take another programme"
    )
    raise Invalid([Problem("/decision/confidence", detail)])


def _make(session: Session, row: Programme) -> None:
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError:
        pass  # somebody else asked its first question just now


def _hold(session: Session, name: str) -> Programme:
    query = select(Programme).where(Programme.name == name).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one()
