"""The looks that a worker takes, without a broker that answers: nothing is lost by its absence."""

from collections.abc import Iterator

import pytest
from celery import Celery
from sqlalchemy import update

from models.broker import celery_app
from models.settings import Settings
from models.store.database import Database
from models.store.tables import Experiment
from worker.housekeeping.planned_steps import take_planned_steps
from worker.housekeeping.reaper import reap

from support.interim_looks import end_runs, runs_of, states, unclear, until_decided

NOBODY = "redis://127.0.0.1:1/0"


@pytest.fixture
def app() -> Iterator[Celery]:
    """A client of a broker that is away."""
    with celery_app(NOBODY) as made:
        yield made


def test_runs_are_added_also_while_the_broker_is_away(database: Database, app: Celery) -> None:
    made = until_decided(database)
    end_runs(database, made, unclear)
    take_planned_steps(database, app)
    assert states(database, made) == ["taken", "planned"]
    assert len(runs_of(database, made)) == 20


def test_a_round_of_the_reaper_takes_the_looks_that_nobody_took(
    database: Database, app: Celery
) -> None:
    made = until_decided(database)
    end_runs(database, made, unclear)
    reap(database, app, Settings(database_url=database.url, broker_url=NOBODY))
    assert len(runs_of(database, made)) == 20


def test_an_experiment_that_cannot_be_judged_does_not_keep_others_from_their_look(
    database: Database, app: Celery
) -> None:
    broken, made = until_decided(database), until_decided(database)
    for one in (broken, made):
        end_runs(database, one, unclear)
    with database.transaction() as session:
        nonsense = {"spec": "of a version to come"}
        session.execute(update(Experiment).where(Experiment.id == broken).values(spec=nonsense))
    take_planned_steps(database, app)
    assert states(database, broken) == ["planned", "planned"]
    assert states(database, made) == ["taken", "planned"]
