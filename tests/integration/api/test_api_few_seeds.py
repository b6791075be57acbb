"""Seeds that cannot give any verdict are told in the dry run and in the reply to the POST."""

from typing import Any

from support.api import ARMS, SPEC, ApiForTests


def test_too_few_seeds_for_any_verdict_are_told_before_they_are_trained(api: ApiForTests) -> None:
    def told(seeds: Any, arms: int = 2, **also: Any) -> tuple[list[str], int]:
        named = [{**ARMS[number % 2], "name": f"arm {number}"} for number in range(arms)]
        body = {**SPEC, "arms": named, "seeds": seeds, **also}
        found = api.http.post("/v1/experiments", params={"dry_run": True}, json=body).json()
        accepted = api.http.post("/v1/experiments", json=body).json()
        assert accepted["warnings"] == found["warnings"]
        of_seeds = [one for one in found["warnings"] if one["kind"] == "too_few_seeds"]
        return [one["sentence"] for one in of_seeds], found["seeds_needed"]

    (sentence,), needed = told({"count": 5})
    assert "With 5 seeds no arm can be called better, or equivalent," in sentence
    assert (needed, "that takes 6 seeds or more" in sentence) == (6, True)
    assert told({"count": 6}) == ([], 6)
    (sentence,), needed = told({"list": [3, 1, 4, 15, 9, 2, 6]}, arms=4)  # six comparisons
    assert needed == 8  # 2/2^8 x 6 is below 0.05, and 2/2^7 x 6 is not
    assert "With 7 seeds no arm can be called better whatever comes out: that takes 8" in sentence
    assert told({"count": 1}, arms=1)[0] == []
    assert told({"until_decided": {"min": 6, "max": 12}})[0] == []
