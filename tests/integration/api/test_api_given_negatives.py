"""Given negatives over HTTP: told by a dry run, and refused where there are none or too few."""

from typing import Any

import pytest

from support.api import ARMS, SPEC, ApiForTests, pointers

TRIPLETS = "anchor,positive,negative_1,negative_2\n" + "".join(
    f"how is {n} made,how to make {n},why {n},{f'who made {n}' if n % 2 else ''}\n"
    for n in range(60)
)
SCORED = "sentence1,sentence2,score\n" + "".join(f"a {n},b {n},{n % 6}\n" for n in range(120))
APART = "question1,question2,label\n" + "".join(f"a {n},b {n},{n % 2}\n" for n in range(120))
SMALL = {"split": {"kind": "in_order", "train_rows": 100, "test_rows": 20}, "batch_size": 4}
FIRST, SECOND, BOTH = ({**ARMS[0]["loss"], "anchors": one} for one in ("first", "second", "both"))


def dry_run(api: ApiForTests, **changes: Any) -> Any:
    return api.http.post("/v1/experiments", params={"dry_run": True}, json={**SPEC, **changes})


def given_to(loss: dict[str, Any], **negatives: Any) -> list[dict[str, Any]]:
    return [ARMS[0], {"name": "given", "loss": loss, "negatives": {"given": 2, **negatives}}]


def upload(api: ApiForTests, rows: str, **form: str) -> None:
    files = {"file": ("mine.csv", rows)}
    reply = api.http.post("/v1/datasets", files=files, data={"name": "mine", **form})
    assert reply.status_code == 201, reply.text


def test_the_dry_run_tells_what_each_arm_is_given_and_what_it_costs(api: ApiForTests) -> None:
    found = dry_run(api, arms=given_to(SECOND)).json()
    (told,) = found["given_negatives"]
    assert (told["arm"], told["given"], told["in_batch"]) == ("given", 2, True)
    pairs, having, mean = (
        told[name] for name in ("training_pairs", "pairs_with_given", "given_per_pair")
    )
    assert pairs == found["seed_sources"]["training_pairs"]
    assert 0 < having < pairs
    assert having / pairs <= mean <= 2 * having / pairs
    assert told["sentence"] == (
        f"given: {having:,} of {pairs:,} training pairs have a negative that is given to their "
        f"anchor, {mean:.2g} a pair on average. A step encodes {mean / 2:.0%} more questions. "
        'Words that only these have are unknown, unless vocabulary.rows is "all".'
    )
    assert found["spec"]["negatives"] == {"in_batch": True, "given": 0}
    assert found["spec"]["arms"][1]["negatives"] == {"in_batch": True, "given": 2}
    plain = dry_run(api).json()
    assert plain["given_negatives"] == []
    assert found["estimated_seconds"] > plain["estimated_seconds"]
    large = {"kind": "in_order", "train_rows": 20_000, "test_rows": 4000}
    alone = dry_run(api, split=large, arms=given_to(FIRST, in_batch=False)).json()
    (told,) = alone["given_negatives"]
    assert told["given_per_pair"] >= 1
    assert "and only these train" in told["sentence"]


def test_triplets_give_an_anchor_its_own(api: ApiForTests) -> None:
    upload(api, TRIPLETS)
    found = dry_run(api, dataset="mine", **SMALL, arms=given_to(FIRST, in_batch=False))
    assert found.status_code == 200, found.text
    (told,) = found.json()["given_negatives"]
    assert told["pairs_with_given"] == told["training_pairs"]
    assert 1.4 < told["given_per_pair"] < 1.6
    assert "vocabulary" not in told["sentence"]
    turned = dry_run(api, dataset="mine", **SMALL, arms=given_to(SECOND))
    assert pointers(turned) == ["/arms/1/negatives/given"]
    assert "given to its anchor, which is the first text" in turned.text


@pytest.mark.parametrize(
    ("rows", "form", "said"),
    [
        (SCORED, {"duplicate_from": "3"}, "have scores, which give no anchor a negative"),
        (APART, {}, "so none is given a negative; take 0, or other rows"),
    ],
    ids=["scored", "no question in two pairs"],
)
def test_a_data_set_that_gives_none_is_refused(
    api: ApiForTests, rows: str, form: dict[str, str], said: str
) -> None:
    upload(api, rows, **form)
    of_arm = dry_run(api, dataset="mine", **SMALL, arms=given_to(FIRST))
    assert (of_arm.status_code, pointers(of_arm)) == (422, ["/arms/1/negatives/given"])
    assert said in of_arm.text
    of_spec = dry_run(api, dataset="mine", **SMALL, negatives={"given": 1})
    assert pointers(of_spec) == ["/negatives/given"], "once for both arms"


def test_what_cannot_be_given_is_refused_at_its_field(api: ApiForTests) -> None:
    both = dry_run(api, arms=given_to(BOTH))
    assert pointers(both) == ["/arms/1/negatives/given"]
    assert "given to the anchors of one side" in both.text
    few = dry_run(api, arms=given_to(FIRST, in_batch=False), batch_size=32)
    assert pointers(few) == ["/arms/1/negatives/in_batch"]
    assert "whose anchor is given a negative count then, and a batch has 32" in few.text
    nothing = dry_run(api, negatives={"in_batch": False})
    assert pointers(nothing) == ["/negatives/in_batch"]
    tuned = dry_run(
        api,
        arms=given_to(FIRST),
        tuning={"grid": {"/loss/anchors": ["first", "both"], "/negatives/given": [1, 2]}},
    )
    assert set(pointers(tuned)) == {"/negatives/given", "/arms/1/negatives/given"}


def test_the_recipe_on_labelled_negatives_serves_the_generated_questions_too(
    api: ApiForTests,
) -> None:
    document = {"recipe": "labelled-negatives", "dataset": SPEC["dataset"], "batch_size": 64}
    reply = api.http.post("/v1/experiments", params={"dry_run": True}, json=document)
    assert reply.status_code == 200, reply.text
    (told,) = reply.json()["given_negatives"]
    assert told["arm"] == "given too"
    assert told["pairs_with_given"] > 500
