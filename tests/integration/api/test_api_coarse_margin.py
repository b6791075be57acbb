"""A margin that is no more than one test pair is told before anything is trained."""

from typing import Any

import pytest

from support.api import SPEC, ApiForTests


def told(api: ApiForTests, **changes: Any) -> list[str]:
    reply = api.http.post("/v1/experiments?dry_run=true", json={**SPEC, **changes})
    assert reply.status_code == 200, reply.text
    return [one["sentence"] for one in reply.json()["warnings"] if one["kind"] == "coarse_margin"]


def test_a_margin_of_one_test_pair_is_told_where_the_accuracy_decides(api: ApiForTests) -> None:
    split = {"kind": "in_order", "train_rows": 2000, "test_rows": 200}
    (sentence,) = told(api, split=split)
    assert sentence.startswith(
        "One of the 200 test pairs is 0.005 of the accuracy, and the margin is 0.005:"
    )
    assert told(api, split={**split, "test_rows": 201}) == []
    assert told(api, split=split, decision={"equivalence_margin": 0.01}) == []
    assert told(api, split=split, decision={"metric": "test.roc_auc"}) == []


@pytest.mark.parametrize("rows", [100, 150])
def test_it_is_told_where_one_pair_is_more_than_the_margin(api: ApiForTests, rows: int) -> None:
    (sentence,) = told(api, split={"kind": "in_order", "train_rows": 2000, "test_rows": rows})
    assert f"One of the {rows} test pairs" in sentence
