"""How long an experiment will take, said before it is started."""

from typing import Any

import pytest

from support.api import ARMS, SPEC, ApiForTests


@pytest.mark.parametrize("seconds", [60, 1])
def test_an_estimate_rests_on_finished_runs_once_there_are_some(
    api: ApiForTests, seconds: int
) -> None:
    made = api.submit()
    api.train(made["runs"][0]["id"], accuracy=0.7, seconds=seconds)
    guess = api.http.post("/v1/experiments", params={"dry_run": True}, json=SPEC).json()
    assert "finished runs" in guess["estimate"]
    assert guess["estimated_seconds"] == pytest.approx(4 * seconds, rel=0.05)


def test_an_estimate_counts_what_a_run_that_stopped_early_did(api: ApiForTests) -> None:
    stop = {"early_stop": {"patience": 1}}
    made = api.submit(steps=200, **stop)
    api.train(made["runs"][0]["id"], accuracy=0.7, seconds=60)  # 20 steps
    spec = {**SPEC, "steps": 20, **stop}
    guess = api.http.post("/v1/experiments", params={"dry_run": True}, json=spec).json()
    assert guess["estimated_seconds"] == pytest.approx(4 * 60, rel=0.05)
    assert "less when runs stop early" in guess["estimate"]


def test_an_estimate_counts_each_arm_by_what_it_trains(api: ApiForTests) -> None:
    def seconds(**arm: Any) -> float:
        arms = [ARMS[0], {**ARMS[1], **arm}]
        spec = {**SPEC, "steps": 2000, "validation_pairs": 2, "arms": arms}
        guess = api.http.post("/v1/experiments", params={"dry_run": True}, json=spec).json()
        assert isinstance(guess["estimated_seconds"], float)
        return guess["estimated_seconds"]

    same = seconds()
    assert seconds(steps=4000) > 1.2 * same
    assert seconds(batch_size=64) > 1.2 * same
    assert seconds(encoder={"kind": "bag"}) < 0.8 * same
    assert seconds(encoder={"kind": "gru"}) < same
    wide = {"kind": "transformer", "layers": 8, "feedforward_dim": 1024}
    assert seconds(encoder=wide) > 1.5 * same
