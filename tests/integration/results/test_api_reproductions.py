"""A run trained again over HTTP: the same figures are called identical, and no other is missed."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save, save_file
from sqlalchemy import delete, update

from models.files.run_files import SCORES, WEIGHTS
from models.store.metrics.rows import append_steps
from models.store.run_life.runs import advance
from models.store.tables import Evaluation, Run, Step

import support.api
from support.api import ApiForTests, now
from support.stored import step_row

WEIGHTS_FILE = save({"bias": np.zeros(3, np.float32), "embedding": np.ones((2, 2), np.float32)})


@pytest.fixture
def experiment(api: ApiForTests) -> dict[str, Any]:
    return api.submit()


@pytest.fixture
def run_id(api: ApiForTests, experiment: dict[str, Any]) -> str:
    """A run that has succeeded."""
    found: str = experiment["runs"][0]["id"]
    api.train(found, accuracy=0.7, weights=WEIGHTS_FILE)
    return found


def reproduce(api: ApiForTests, run_id: str) -> dict[str, Any]:
    reply = api.http.post(f"/v1/runs/{run_id}/reproduce")
    assert reply.status_code == 202, reply.text
    view: dict[str, Any] = reply.json()
    assert reply.headers["location"] == f"/v1/reproductions/{view['id']}"
    return view


def report(api: ApiForTests, run_id: str, **trained: Any) -> dict[str, Any]:
    """The report once the run was trained again, with the same figures unless said."""
    view = reproduce(api, run_id)
    api.train(view["again"], **{"accuracy": 0.7, "weights": WEIGHTS_FILE, **trained})
    found: dict[str, Any] = api.get(f"/v1/reproductions/{view['id']}")
    return found


def test_a_training_with_the_same_figures_is_identical(api: ApiForTests, run_id: str) -> None:
    view = reproduce(api, run_id)
    assert (view["state"], view["identical"], view["run"]) == ("queued", None, run_id)
    assert view["sentence"] == "The reproduction is queued."
    api.train(view["again"], accuracy=0.7, weights=WEIGHTS_FILE)
    found = api.get(f"/v1/reproductions/{view['id']}")
    assert (found["identical"], found["first_difference"]) == (True, None)
    assert found["compared"] == {"steps": 20, "evaluations": 3, "scores": 3}
    assert found["weights"]["recorded"] == found["weights"]["again"]
    assert found["provenance_differences"] == {}
    assert found["sentence"].startswith("Identical: every value of 20 steps, 3 evaluations and 3")
    assert api.get(f"/v1/runs/{run_id}/reproductions")["items"] == [found]


def test_a_metric_that_was_not_measured_yet_when_the_run_was_recorded_is_no_difference(
    api: ApiForTests, run_id: str
) -> None:
    before = update(Evaluation).where(Evaluation.run_id == run_id).values(f1=None, mcc=None)
    with api.database.transaction() as session:
        session.execute(before)
        session.execute(update(Step).where(Step.run_id == run_id).values(false_closest_share=None))
    found = report(api, run_id)
    assert (found["identical"], found["first_difference"]) == (True, None)


def tamper_step(api: ApiForTests, run_id: str) -> None:
    changed = update(Step).where(Step.run_id == run_id, Step.step == 17)
    later = update(Evaluation).where(Evaluation.run_id == run_id, Evaluation.step == 20)
    with api.database.transaction() as session:
        session.execute(changed.values(s_an_mean=0.25))
        session.execute(later.values(accuracy=0.1))


def tamper_evaluation(api: ApiForTests, run_id: str) -> None:
    """The test comes after the validation of the same step, and before the scores."""
    last = update(Evaluation).where(Evaluation.run_id == run_id, Evaluation.step == 20)
    with api.database.transaction() as session:
        session.execute(last.values(roc_auc=0.5, positive_mean=None))
    tamper_scores(api, run_id)


def tamper_test(api: ApiForTests, run_id: str) -> None:
    one = (Evaluation.run_id == run_id, Evaluation.split == "test")
    with api.database.transaction() as session:
        session.execute(update(Evaluation).where(*one).values(positive_mean=None))


def tamper_scores(api: ApiForTests, run_id: str) -> None:
    changed = {**support.api.SCORES, "score": np.array([0.5, -0.5, 0.5], dtype=np.float32)}
    save_file(changed, api.settings.run_dir(run_id) / SCORES)


def lose_a_step(api: ApiForTests, run_id: str) -> None:
    with api.database.transaction() as session:
        session.execute(delete(Step).where(Step.run_id == run_id, Step.step == 3))


# (where, step, split, row), figure, recorded, again
Expected = tuple[tuple[str, int | None, str | None, int | None], str, float | None, float | None]
TAMPERED: list[tuple[Callable[[ApiForTests, str], None], Expected]] = [
    (tamper_step, (("steps", 17, None, None), "s_an_mean", 0.25, 0.2)),
    (tamper_evaluation, (("evaluations", 20, "validation", None), "roc_auc", 0.5, 0.8)),
    (tamper_test, (("evaluations", 20, "test", None), "positive_mean", None, 0.9)),
    (tamper_scores, (("scores", None, None, 2001), "score", -0.5, -0.25)),
    (lose_a_step, (("steps", 3, None, None), "loss", None, 10 / 3)),
]


@pytest.mark.parametrize(("tamper", "expected"), TAMPERED)
def test_the_first_figure_that_differs_is_found_with_its_size(
    api: ApiForTests,
    run_id: str,
    tamper: Callable[[ApiForTests, str], None],
    expected: Expected,
) -> None:
    tamper(api, run_id)
    found = report(api, run_id)
    first = found["first_difference"]
    place, figure, recorded, again = expected
    assert found["identical"] is False
    assert tuple(first[name] for name in ("where", "step", "split", "row")) == place
    assert (first["figure"], first["recorded"], first["again"]) == (figure, recorded, again)
    difference = None if recorded is None or again is None else again - recorded
    assert first["difference"] == difference
    assert found["sentence"].startswith("Not identical:")


def test_a_step_that_only_the_training_again_lacks_is_found_too(
    api: ApiForTests, run_id: str
) -> None:
    found = report(api, run_id)
    lose_a_step(api, found["again"])
    first = api.get(f"/v1/reproductions/{found['id']}")["first_difference"]
    assert (first["step"], first["recorded"], first["again"]) == (3, 10 / 3, None)


def test_weights_that_differ_are_named_down_to_the_first(api: ApiForTests, run_id: str) -> None:
    changed = np.ones((2, 2), np.float32)
    changed[1, 0] = 1.5
    weights = save({"bias": np.zeros(3, np.float32), "embedding": changed})
    found = report(api, run_id, weights=weights)
    first = found["first_difference"]
    assert found["identical"] is False
    assert found["weights"]["recorded"] != found["weights"]["again"]
    assert (first["where"], first["figure"]) == ("weights", "embedding[1, 0]")
    assert (first["recorded"], first["again"], first["difference"]) == (1.0, 1.5, 0.5)


def test_a_hash_that_differs_with_equal_weights_is_no_identity(
    api: ApiForTests, run_id: str
) -> None:
    other = save(
        {"bias": np.zeros(3, np.float32), "embedding": np.ones((2, 2), np.float32)}, {"a": "b"}
    )
    found = report(api, run_id, weights=other)
    assert (found["identical"], found["first_difference"]["figure"]) == (False, "sha256")


def test_what_cannot_be_compared_is_not_called_identical(api: ApiForTests, run_id: str) -> None:
    (api.settings.run_dir(run_id) / SCORES).unlink()
    found = report(api, run_id)
    assert (found["identical"], found["compared"]["scores"]) == (None, None)
    assert "a file of test scores is missing" in found["sentence"]


def test_what_differs_beside_the_spec_is_said(api: ApiForTests, run_id: str) -> None:
    older = update(Run).where(Run.id == run_id)
    with api.database.transaction() as session:
        session.execute(older.values(provenance={"torch": "2.11.0", "device_kind": "cpu"}))
    found = report(api, run_id)
    assert found["provenance_differences"]["torch"] == {"recorded": "2.11.0", "again": "2.13.0"}
    assert api.get(f"/v1/runs/{found['again']}")["device"] == "cpu", "as the run was trained"


def test_a_difference_is_said_while_the_training_goes_on(api: ApiForTests, run_id: str) -> None:
    view = reproduce(api, run_id)
    again = view["again"]
    attempt = api.claim(again)
    _advance(api, again, attempt, [step_row(step, loss=10.0 / step) for step in (1, 2)])
    found = api.get(f"/v1/reproductions/{view['id']}")
    assert (found["state"], found["identical"]) == ("running", None)
    assert found["sentence"].endswith("identical so far: 2 steps, 0 evaluations.")
    _advance(api, again, attempt, [step_row(3, loss=1.0)])
    found = api.get(f"/v1/reproductions/{view['id']}")
    assert (found["identical"], found["first_difference"]["step"]) == (False, 3)


def _advance(api: ApiForTests, run_id: str, attempt: int, rows: list[Any]) -> None:
    with api.database.transaction() as session:
        append_steps(session, run_id, rows)
        advance(session, run_id, attempt, rows[-1].step, now())


def test_asking_again_while_one_is_under_way_gives_that_one(api: ApiForTests, run_id: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        views = list(pool.map(lambda _: reproduce(api, run_id), range(4)))
    assert len({view["id"] for view in views}) == 1
    api.train(views[0]["again"], accuracy=0.7, weights=WEIGHTS_FILE)
    assert reproduce(api, run_id)["id"] != views[0]["id"]
    assert len(api.get(f"/v1/runs/{run_id}/reproductions")["items"]) == 2


def test_nothing_of_the_experiment_changes(
    api: ApiForTests, experiment: dict[str, Any], run_id: str
) -> None:
    places = [f"/v1/experiments/{experiment['id']}", f"/v1/experiments/{experiment['id']}/results"]
    before = [api.get(place) for place in places]
    listed = api.get("/v1/experiments")
    report(api, run_id, accuracy=0.1)
    assert [api.get(place) for place in places] == before
    assert api.get("/v1/experiments") == listed
    assert [one["id"] for one in listed["items"]] == [experiment["id"]]


def test_the_training_again_has_the_spec_with_its_one_seed(
    api: ApiForTests, experiment: dict[str, Any], run_id: str
) -> None:
    again = api.get(f"/v1/runs/{reproduce(api, run_id)['again']}")
    run = api.get(f"/v1/runs/{run_id}")
    assert (again["arm"], again["seed"], again["steps"]) == (run["arm"], run["seed"], run["steps"])
    own = api.get(f"/v1/experiments/{again['experiment']}")
    assert own["spec"] == {**experiment["spec"], "seeds": {"list": [run["seed"]]}}


def test_only_a_run_that_succeeded_and_is_no_reproduction_can_be_reproduced(
    api: ApiForTests, experiment: dict[str, Any], run_id: str
) -> None:
    early = api.http.post(f"/v1/runs/{experiment['runs'][1]['id']}/reproduce")
    assert (early.status_code, "is queued" in early.json()["detail"]) == (409, True)
    again = report(api, run_id)["again"]
    refused = api.http.post(f"/v1/runs/{again}/reproduce")
    assert (refused.status_code, run_id in refused.json()["detail"]) == (409, True)
    unknown = f"run_{'0' * 26}"
    assert api.http.post(f"/v1/runs/{unknown}/reproduce").status_code == 404
    assert api.http.get(f"/v1/reproductions/rep_{'0' * 26}").status_code == 404
    assert api.http.get("/v1/reproductions/nonsense").status_code == 404


def test_deleting_the_experiment_takes_its_reproductions_along(
    api: ApiForTests, experiment: dict[str, Any], run_id: str
) -> None:
    view = reproduce(api, run_id)
    place = f"/v1/experiments/{experiment['id']}"
    api.http.post(f"{place}/cancel")
    refused = api.http.delete(place)
    assert (refused.status_code, view["again"] in refused.json()["detail"]) == (409, True)
    api.train(view["again"], accuracy=0.7)
    folder = api.settings.run_dir(view["again"])
    assert (folder / WEIGHTS).exists()
    assert api.http.delete(place).status_code == 204
    assert not folder.exists()
    for gone in (f"/v1/reproductions/{view['id']}", f"/v1/runs/{view['again']}"):
        assert api.http.get(gone).status_code == 404
