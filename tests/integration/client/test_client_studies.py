"""The Python client on studies: planned, joined, waited for, read and exported."""

from pathlib import Path

import pytest

from api.client import Client, Invalid

from support.api import ApiForTests
from support.asked_studies import STUDY_SPEC, over, train_experiment, with_data_sets


def test_a_study_is_planned_followed_read_and_joined(
    api: ApiForTests, lab: Client, tmp_path: Path
) -> None:
    names = with_data_sets(api, 2)
    made = lab.plan_study("Two", STUDY_SPEC, over(names), idempotency_key="k")
    assert lab.plan_study("Two", STUDY_SPEC, over(names), idempotency_key="k").id == made.id
    assert (made.planned, made.state, made.experiments["dataset"]) == (True, "queued", names)
    for one, ahead in zip(made.experiments["id"], (0.02, 0.03), strict=True):
        train_experiment(api, one, ahead)
    seen: list[str] = []
    ended = lab.wait_for_study(made, lambda one: seen.append(one.id))
    assert (ended.state, ended.progress, seen) == ("succeeded", 1.0, made.experiments["id"])
    results = lab.study_results(ended)
    assert (results.a, results.counted, results.verdict) == ("modified", 2, "undecided")
    assert results.interval is not None
    assert results.prediction_interval is None
    assert results.data_sets["dataset"] == names
    assert results.comparisons == [results]
    assert lab.export_study(made, tmp_path / "a.csv").read_text().count("data set") >= 2
    joined = lab.join_study("Again", made.experiments["id"])
    assert not lab.study(joined).planned
    assert [one.id for one in lab.studies()] == [joined.id, made.id]
    assert lab.cancel_study(joined).state == "succeeded"  # nothing of it goes on
    with pytest.raises(Invalid) as refused:
        lab.plan_study("Wrong", STUDY_SPEC, [*over(names[:1]), {"dataset": "absent"}])
    assert refused.value.errors[0]["pointer"] == "/over/1/dataset"
