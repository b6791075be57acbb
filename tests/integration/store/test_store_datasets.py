"""Data sets in the store: a name keeps its content, and stays while an experiment needs it."""

import pytest

from models.errors import Conflict, NotFound
from models.store.access.keys import create_key
from models.store.access.scopes import Scope
from models.store.database import Database
from models.store.datasets import add_dataset, dataset_by_name, list_datasets, remove_dataset
from models.store.experiments import delete_experiment, runs_of
from models.store.run_life.runs import request_cancel

from support.stored import at, profile, stored_dataset, stored_experiment


def test_a_data_set_is_found_by_its_name_with_its_profile(database: Database) -> None:
    with database.transaction() as session:
        add_dataset(
            session, name="quora", content_hash="abc", has_split=True, profile=profile(rows=200)
        )
    with database.reading() as session:
        found = dataset_by_name(session, "quora")
    assert (found.content_hash, found.has_split) == ("abc", True)
    assert (found.rows, found.duplicates, found.empty_texts) == (200, 37, 1)
    assert (found.distinct_texts, found.vocabulary_size) == (180, 500)
    groups = (found.duplicate_groups, found.largest_group, found.false_negatives)
    assert (*groups, found.in_order_test, found.in_order_shared) == (30, 5, 2, 4, 1)
    lengths = (found.token_length_mean, found.token_length_median, found.token_length_p99)
    assert (*lengths, found.token_length_max) == (11.5, 10.0, 31.0, 40)


def test_the_same_content_under_the_same_name_is_the_data_set_that_is_there(
    database: Database,
) -> None:
    with database.transaction() as session:
        first = stored_dataset(session, "pairs", "abc")
        assert stored_dataset(session, "pairs", "abc").id == first.id
        assert len(list_datasets(session)) == 1


def test_other_content_under_a_taken_name_is_refused(database: Database) -> None:
    with database.transaction() as session:
        stored_dataset(session, "pairs", "abc")
    with pytest.raises(Conflict, match="'pairs' belongs to"), database.transaction() as session:
        stored_dataset(session, "pairs", "def")
    with database.reading() as session:
        assert dataset_by_name(session, "pairs").content_hash == "abc"


def test_two_names_may_share_one_content(database: Database) -> None:
    with database.transaction() as session:
        stored_dataset(session, "one", "abc")
        stored_dataset(session, "another", "abc")
        assert [dataset.name for dataset in list_datasets(session)] == ["another", "one"]


def test_a_name_that_is_not_there_is_not_found(database: Database) -> None:
    with database.transaction() as session:
        with pytest.raises(NotFound, match="'nothing'"):
            dataset_by_name(session, "nothing")
        with pytest.raises(NotFound, match="'nothing'"):
            remove_dataset(session, "nothing")


def test_a_data_set_is_removed_and_its_name_is_free_again(database: Database) -> None:
    with database.transaction() as session:
        stored_dataset(session, "pairs", "abc")
    with database.transaction() as session:
        assert remove_dataset(session, "pairs").content_hash == "abc"
    with database.transaction() as session:
        assert list_datasets(session) == []
        stored_dataset(session, "pairs", "def")


def test_a_data_set_stays_while_an_experiment_uses_it(database: Database) -> None:
    with database.transaction() as session:
        made = stored_experiment(session)
    with pytest.raises(Conflict, match=made.id), database.transaction() as session:
        remove_dataset(session, "pairs")
    with database.transaction() as session:
        for run in runs_of(session, made.id):
            request_cancel(session, run.id, at(1))
        delete_experiment(session, made.id)
        remove_dataset(session, "pairs")


def test_whose_experiment_uses_a_data_set_of_another_key_is_told_with_who_can_help(
    database: Database,
) -> None:
    with database.transaction() as session:
        ann, bob = (create_key(session, name, Scope.SUBMIT, at(0))[0].id for name in ("ann", "bob"))
        own, other = stored_experiment(session), stored_experiment(session)
        dataset_by_name(session, "pairs").owner = own.owner = ann
        session.flush()
        other.owner = bob
    with pytest.raises(Conflict, match="'bob'.*ask an admin") as refused:
        with database.transaction() as session:
            remove_dataset(session, "pairs")
    assert other.id in str(refused.value)
    with database.transaction() as session:
        for run in runs_of(session, other.id):
            request_cancel(session, run.id, at(1))
        delete_experiment(session, other.id)
    with pytest.raises(Conflict, match=f"{own.id}; delete that first"):
        with database.transaction() as session:
            remove_dataset(session, "pairs")
