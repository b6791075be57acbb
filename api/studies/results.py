"""The results of a study, and its view, from the rows of its experiments."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from api.studies.members import Standing, members, specs_of, standings, state_of_all
from api.studies.views import StudyMemberView, StudyResults, StudyView
from models.comparison.declared_rule import declared_rule
from models.comparison.families import arms_against_baseline
from models.errors import NotFound
from models.states import TERMINAL, RunState
from models.store.experiments import steps_done
from models.store.studies.studies import Place, places_of, study
from models.store.tables import Experiment, Study
from models.studies.shared_question import differing
from models.studies.study import study_comparisons


def study_views(session: Session, rows: Sequence[Study]) -> list[StudyView]:
    """Return the view of each study, in the same order."""
    places = places_of(session, [row.id for row in rows])
    ids = [one.experiment_id for own in places.values() for one in own if one.experiment_id]
    found, done = standings(session, ids), steps_done(session, ids)
    views = []
    for row in rows:
        own = [one.experiment_id for one in places[row.id] if one.experiment_id]
        steps = [done[one] for one in own if one in done]
        whole = sum(total for _, total in steps)
        first = session.get(Experiment, own[0]) if own else None
        asked = first.spec if first is not None else {}
        views.append(
            StudyView(
                id=row.id,
                name=row.name,
                planned=row.planned,
                created_at=row.created_at,
                state=_state([found[one] for one in own]),
                progress=round(sum(part for part, _ in steps) / whole, 4) if whole else 0.0,
                # not the whole spec, which one of another version may have written
                arms=[str(arm.get("name")) for arm in asked.get("arms", [])],
                metric=str(asked.get("decision", {}).get("metric", "")),
                experiments=[
                    StudyMemberView(
                        id=place.experiment_id,
                        dataset=place.dataset,
                        state=found[place.experiment_id].state if place.experiment_id else None,
                        runs=found[place.experiment_id].counts if place.experiment_id else {},
                    )
                    for place in places[row.id]
                ],
                owner=row.owner,
            )
        )
    return views


def _state(found: Sequence[Standing]) -> RunState:
    return state_of_all(found) if found else RunState.CANCELLED


def study_results(session: Session, study_id: str) -> StudyResults:
    """Return the results as of now.

    Raises `NotFound` when there is no such study, or every experiment of it was deleted.
    """
    row = study(session, study_id)
    places: list[Place] = places_of(session, [study_id])[study_id]
    specs = specs_of(session, places)
    if not specs:
        raise NotFound(f"every experiment of study '{study_id}' was deleted, so nothing is left")
    spec = next(iter(specs.values()))
    every = members(session, places, specs)
    arms = [(arm, spec.decision.baseline) for arm in arms_against_baseline(spec)]
    rule = declared_rule(spec)
    first, *others = study_comparisons(every, arms, rule, planned=row.planned)
    state = state_of_all(list(standings(session, list(specs)).values()))
    return StudyResults(
        **dict(first),
        id=row.id,
        name=row.name,
        planned=row.planned,
        state=state,
        complete=state in TERMINAL,
        differing=tuple(differing(list(specs.values()))),
        others=tuple(others),
    )
