"""The Python client on comparisons that no experiment here made, and on the noise floor of one."""

import pytest

from api import client as source
from api.client import Client, Invalid, Misused

from support.api import SPEC, ApiForTests


def test_runs_from_elsewhere_are_compared_with_and_without_a_client(
    api: ApiForTests, lab: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = ({seed: base + seed % 3 / 1000 for seed in range(7)} for base in (0.72, 0.70))
    found = lab.compare(a, {**b, 9: 0.5}, metric="accuracy", margin=0.005, names=("new", "old"))
    assert (found.a, found.b, found.metric, found.verdict) == ("new", "old", "accuracy", "a_better")
    assert found.document["only_b"] == [9]
    assert found.pairs["seed"] == list(range(7))
    monkeypatch.setenv("TRIPLETLAB_URL", api.url)
    as_text = {str(seed): value for seed, value in b.items()}  # as JSON has its keys
    again = source.compare(a, as_text, margin=0.005, higher_is_better=False)
    assert (again.verdict, again.metric) == ("b_better", "value")
    for wrong, words in (({0.5: 0.7}, "0.5 is not a seed"), ({0: float("nan")}, "seed 0: nan")):
        with pytest.raises(Misused, match=words):
            lab.compare(wrong, b)  # type: ignore[arg-type]
    with pytest.raises(Misused, match="or two mappings"):
        lab.compare("exp_1/vanilla", b)
    with pytest.raises(Invalid) as refused:
        lab.compare(a, {9: 0.5})
    assert refused.value.errors[0]["pointer"] == "/b"


def test_an_experiment_of_one_arm_has_a_noise_floor(api: ApiForTests, lab: Client) -> None:
    asked = lab.submit({**SPEC, "arms": SPEC["arms"][:1], "seeds": {"count": 4}})
    for run in asked.runs:
        api.train(run.id, accuracy=0.7 + 0.01 * run.seed)
    results = lab.results(asked)
    assert (results.decisions, results.comparisons) == ([], [])
    assert results.noise_floor is not None
    assert results.noise_floor.n == 4
    assert results.sentence == results.noise_floor.sentence
    assert results.noise_floor.two_runs_differ_by["in_1_of_20"] is not None
    assert results.seed_sources is None


def test_the_sources_of_that_noise_are_a_table(api: ApiForTests, lab: Client) -> None:
    seeds = {"count": 3, "vary": ["initial_weights", "batch_order"], "tell_apart": True}
    asked = lab.submit({**SPEC, "arms": SPEC["arms"][:1], "seeds": seeds})
    for run in asked.runs:
        api.train(run.id, accuracy=0.7 + 0.01 * run.seed * (run.arm == "other batch order"))
    results = lab.results(asked)
    found = results.seed_sources
    assert found is not None
    assert found.sources["source"] == ["batch_order", "initial_weights"]
    assert found.sources[0]["low"] < found.sources[0]["sd"] < found.sources[0]["high"]
    assert (found.sources[1]["sd"], found.sources[1]["low"]) == (0.0, None)
    assert results.sentence.startswith(found.sentence)
