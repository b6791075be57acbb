"""What a seed varies, over HTTP: told by a dry run, refused where it cannot be, and part of what a
reproduction, a comparison and a verdict rest on."""

from typing import Any

import pytest

from models.specs.parse import parse_spec
from models.store.experiments import experiment
from models.store.run_life.runs import run as find_run

from support.api import SPEC, ApiForTests, pointers

FEW_PAIRS = {"train_rows": 300, "test_rows": 400, "validation_fraction": 0.5}
ALL = ["initial_weights", "batch_order", "training_rows"]


def dry_run(api: ApiForTests, seeds: dict[str, Any], **changes: Any) -> Any:
    spec = {**SPEC, "seeds": seeds, **changes}
    return api.http.post("/v1/experiments", json=spec, params={"dry_run": True})


def test_a_dry_run_says_what_a_seed_varies(api: ApiForTests) -> None:
    usual = dry_run(api, {"count": 4}).json()
    found, pairs = usual["seed_sources"], usual["seed_sources"]["training_pairs"]
    assert (found["varied"], found["held"], found["held_at"]) == (ALL[:2], [], None)
    assert found["pairs_drawn"] is None
    said = f"Each seed has its own initial weights and batch order. All {pairs:,} training pairs"
    assert found["sentence"].startswith(said)
    assert usual["spec"]["seeds"] == {"count": 4}

    varied = dry_run(api, {"list": [3, 8], "vary": ["training_rows", "batch_order"]}).json()
    found = varied["seed_sources"]
    assert (found["varied"], found["held"], found["held_at"]) == (ALL[1:], ALL[:1], 3)
    assert found["training_pairs"] == pairs
    groups, drawn = found["training_groups"], found["pairs_drawn"]
    assert (20 < groups <= pairs, drawn) == (True, round(pairs * (groups // 2) / groups))
    assert found["sentence"] == (
        "Each seed has its own batch order. The initial weights of seed 3 are those of all runs. "
        f"Each seed trains on half of the {groups:,} duplicate groups, drawn for it: about "
        f"{drawn:,} of {pairs:,} training pairs."
    )
    assert varied["spec"]["seeds"]["held_at"] == 3


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"split": {"train_rows": 40, "test_rows": 400}, "batch_size": 2}, "which takes 20, and"),
        ({"split": FEW_PAIRS, "batch_size": 40}, "pairs, and a batch has 40; use more rows"),
    ],
)
def test_too_few_training_pairs_cannot_be_drawn_from(
    api: ApiForTests, changes: dict[str, Any], said: str
) -> None:
    reply = dry_run(api, {"count": 2, "vary": ["batch_order", "training_rows"]}, **changes)
    assert pointers(reply) == ["/seeds/vary"], reply.text
    assert said in reply.json()["detail"]
    assert dry_run(api, {"count": 2}, **changes).status_code == 200, "all of them may train"


def test_a_reproduction_draws_what_the_run_drew(api: ApiForTests) -> None:
    made = api.submit(seeds={"count": 2, "vary": ["training_rows"]})
    run = next(run for run in made["runs"] if run["seed"] == 1)
    api.train(run["id"], accuracy=0.7)
    again = api.http.post(f"/v1/runs/{run['id']}/reproduce").json()["again"]
    with api.database.reading() as session:
        spec = parse_spec(experiment(session, find_run(session, again).experiment_id).spec)
    assert spec.seeds.values() == (1,)
    assert spec.seeds.draws(1) == parse_spec(made["spec"]).seeds.draws(1)


def test_a_verdict_says_what_was_held_and_pairs_only_seeds_that_mean_the_same(
    api: ApiForTests,
) -> None:
    held, usual = api.submit(seeds={"count": 2, "vary": ["batch_order"]}), api.submit()
    for run in (*held["runs"], *usual["runs"]):
        api.train(run["id"], accuracy=0.7 + 0.01 * run["seed"] + 0.02 * (run["arm"] == "modified"))
    (warning,) = api.get(f"/v1/experiments/{held['id']}/results")["comparisons"][0]["warnings"]
    assert warning == {
        "kind": "held_source",
        "sentence": "All runs have the initial weights of seed 0, so this says nothing of other "
        "ones.",
    }
    listed = {one["id"]: one["verdicts"] for one in api.get("/v1/experiments")["items"]}
    assert listed[held["id"]][0]["warnings"] == [warning]
    assert listed[usual["id"]][0]["warnings"] == []
    sides = {"a": f"{held['id']}/modified", "b": f"{usual['id']}/vanilla"}
    reply = api.http.get("/v1/comparisons", params=sides)
    assert pointers(reply) == ["/query/b"]
    assert "equal seeds are not pairs" in reply.json()["detail"]
