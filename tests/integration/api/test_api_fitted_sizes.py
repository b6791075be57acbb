"""Sizes that a body leaves open follow from its data set: told in the dry run, and stored."""

from collections.abc import Callable
from typing import Any

import pytest

from support.api import ARMS, ApiForTests, pointers
from support.uploads import own_pairs, upload

SMALL = {"recipe": "hard-negative-mining-small"}
COURSE = {"arms": ARMS, "encoder": {"kind": "bag"}}


@pytest.fixture
def dry_run(api: ApiForTests) -> Callable[..., Any]:
    assert upload(api, own_pairs(1000), name="mine").status_code == 201

    def asked(expected: int = 200, **body: Any) -> Any:
        reply = api.http.post("/v1/experiments", params={"dry_run": True}, json=body)
        assert reply.status_code == expected, reply.text
        return reply if expected != 200 else reply.json()

    return asked


def test_a_recipe_takes_a_small_data_set_of_ones_own(
    api: ApiForTests, dry_run: Callable[..., Any]
) -> None:
    found = dry_run(**SMALL, dataset="mine")
    spec = found["spec"]
    assert (spec["split"]["train_rows"], spec["split"]["test_rows"]) == (800, 200)
    assert found["test_pairs"] == 200
    # 400 duplicates, a fifth of the first 320 is held out: 64 fill one batch of 64
    assert (spec["batch_size"], spec["validation_batches"]) == (64, 1)
    told = {one["pointer"]: one for one in found["fitted"]}
    assert told.keys() == {"/split", "/batch_size", "/validation_batches", "/validation_pairs"}
    assert "first 800 rows train and the next 200 test" in told["/split"]["sentence"]
    assert told["/batch_size"]["value"] == 64
    stored = api.http.post("/v1/experiments", json={**SMALL, "dataset": "mine"}).json()["spec"]
    assert stored == spec
    assert dry_run(**stored)["fitted"] == []


def test_a_recipe_keeps_its_sizes_on_its_own_data_set_and_where_they_fit(
    dry_run: Callable[..., Any],
) -> None:
    own = dry_run(**SMALL)
    assert own["fitted"] == []
    assert own["spec"]["split"]["train_rows"] == 20_000
    assert (own["spec"]["batch_size"], own["spec"]["validation_pairs"]) == (128, 1024)


def test_a_share_becomes_rows_and_replaces_the_numbers_of_a_recipe(
    dry_run: Callable[..., Any],
) -> None:
    found = dry_run(**SMALL, split={"train_share": 0.5})
    assert found["spec"]["split"] == {
        "kind": "in_order", "train_rows": 12_000, "test_rows": 12_000, "validation_fraction": 0.2,
    }  # fmt: skip
    assert "at a train_share of 0.5" in found["fitted"][0]["sentence"]
    groups = {"kind": "connected_groups", "train_share": 0.75}
    split = dry_run(**COURSE, dataset="mine", split=groups)["spec"]["split"]
    assert (split["test_rows"], "train_share" in split) == (250, False)
    assert dry_run(**COURSE, dataset="mine")["spec"]["split"]["train_rows"] == 800
    both = {"kind": "in_order", "train_share": 0.5, "train_rows": 500}
    assert pointers(dry_run(422, **COURSE, dataset="mine", split=both)) == ["/split/train_share"]


def test_a_size_that_is_given_is_refused_where_it_does_not_fit(
    dry_run: Callable[..., Any],
) -> None:
    for field, given in (
        ("/batch_size", {"batch_size": 128}),
        ("/split/train_rows", {"split": {"train_rows": 20_000}}),
        ("/split/test_rows", {"split": {"kind": "connected_groups", "test_rows": 5000}}),
        ("/split/train_share", {"split": {"train_share": 0.9999}}),
    ):
        refused = dry_run(422, **SMALL, dataset="mine", **given)
        assert pointers(refused) == [field], refused.text
    assert "lower it to 64" in dry_run(422, **SMALL, dataset="mine", batch_size=128).text


def test_groups_that_are_woven_together_are_given_a_test_part_that_works(
    api: ApiForTests, dry_run: Callable[..., Any]
) -> None:
    """Every pair that is no duplicate joins two duplicate groups."""
    rows = [f"a{n},b{n},1\n" for n in range(400)]
    rows += [f"a{n},b{(n * 7 + 1) % 400},0\n" for n in range(400)]
    rows += [f"x{n},y{n},0\n" for n in range(100)]
    woven = ("question1,question2,is_duplicate\n" + "".join(rows)).encode()
    assert upload(api, woven, name="woven").status_code == 201
    groups = {"kind": "connected_groups"}
    found = dry_run(**COURSE, dataset="woven", split=groups)
    size = found["spec"]["split"]["test_rows"]
    share = {**groups, "train_share": 0.2}
    refused = dry_run(422, **COURSE, dataset="woven", split=share)
    assert pointers(refused) == ["/split/train_share"]
    named = float(refused.json()["detail"].rsplit("train_share of ", 1)[1].rstrip("."))
    again = dry_run(**COURSE, dataset="woven", split={**groups, "train_share": named})
    assert 1 <= again["test_pairs"] <= again["spec"]["split"]["test_rows"]
    assert 1 <= size <= 180
