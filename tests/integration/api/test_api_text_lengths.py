"""Texts that an encoder cuts, and one that had better be cut: told before anything is trained."""

from typing import Any

from support.api import ARMS, SPEC, ApiForTests

PAIRS = "question1,question2,label\n" + "".join(
    f"how do i mend a {n},how is a {n} mended,{n % 2}\n" for n in range(200)
)
LONG = PAIRS + f"{'word ' * 300},what is a word,0\n"
SMALL: dict[str, Any] = {
    "dataset": "mine",
    "split": {"kind": "in_order", "train_rows": 150, "test_rows": 50},
    "batch_size": 4,
}
CUT = {"kind": "bag", "max_tokens": 5}


def test_the_dry_run_counts_the_rows_that_an_arm_cuts(api: ApiForTests) -> None:
    upload(api, PAIRS)
    found = dry_run(api, arms=[ARMS[0], {**ARMS[1], "encoder": CUT}]).json()
    (told,) = found["cut_texts"]
    assert (told["arm"], told["max_tokens"]) == (ARMS[1]["name"], 5)
    assert (told["rows"], told["texts"]) == (200, 200)  # six tokens, and five
    assert "200 of 200 rows have a text of more than 5 tokens" in told["sentence"]
    assert dry_run(api).json()["cut_texts"] == []
    assert found["warnings"] == dry_run(api).json()["warnings"]


def test_one_text_that_costs_more_than_the_rest_is_told_until_it_is_cut(api: ApiForTests) -> None:
    upload(api, LONG)
    (warning,) = [one for one in dry_run(api).json()["warnings"] if one["kind"] == "long_text"]
    said = "The longest text has 300 tokens, and 99 of 100 have at most 6."
    assert warning["sentence"].startswith(said)
    assert "`encoder.max_tokens` cuts it" in warning["sentence"]
    body = {**SPEC, **SMALL}
    assert warning in api.http.post("/v1/experiments", json=body).json()["warnings"]
    cut = dry_run(api, encoder=CUT).json()
    assert "long_text" not in {one["kind"] for one in cut["warnings"]}


def upload(api: ApiForTests, rows: str) -> None:
    reply = api.http.post("/v1/datasets", files={"file": ("mine.csv", rows)}, data={"name": "mine"})
    assert reply.status_code == 201, reply.text


def dry_run(api: ApiForTests, **changes: Any) -> Any:
    body = {**SPEC, **SMALL, **changes}
    reply = api.http.post("/v1/experiments", params={"dry_run": True}, json=body)
    assert reply.status_code == 200, reply.text
    return reply
