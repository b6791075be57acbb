"""What the command says of an experiment with one arm."""

import json

from support.api import ARMS, SPEC, ApiForTests, StartService
from support.commands import tripletlab


def test_results_tell_the_noise_floor_and_no_verdict(start_service: StartService) -> None:
    api: ApiForTests = start_service()
    made = api.submit(arms=ARMS[:1], seeds={"count": 6})
    for run in made["runs"]:
        api.train(run["id"], accuracy=0.7 + 0.002 * (run["seed"] % 4))
    for command in ("results", "watch"):
        done = tripletlab(command, made["id"], "--url", api.url)
        assert done.returncode == 0, done.stderr
        floor = api.get(f"/v1/experiments/{made['id']}/results")["noise_floor"]
        assert floor["sentence"] in done.stdout
        assert "Noise of vanilla: test.accuracy" in done.stdout
        assert f"{floor['two_runs_differ_by']['in_1_of_20']:.4f}" in done.stdout
        assert "Secondary" not in done.stdout
        assert "Baselines of every accuracy" in done.stdout
    asked = tripletlab("results", made["id"], "--expect", "decided", "--url", api.url)
    assert asked.returncode == 3
    assert "One arm has no verdict; decided was expected." in asked.stderr


def test_the_recipe_is_submitted_by_name(start_service: StartService) -> None:
    api: ApiForTests = start_service()
    changes = ["--set", "seeds.count=3", "--set", f"split={json.dumps(SPEC['split'])}"]
    done = tripletlab("submit", "noise-floor", *changes, "--url", api.url)
    assert done.returncode == 0, done.stderr
    assert [run.arm for run in api.runs(done.stdout.strip())] == ["vanilla"] * 3
    early = tripletlab("results", done.stdout.strip(), "--url", api.url)
    assert "no run of it has finished" in early.stdout


def test_results_tell_what_makes_runs_differ(start_service: StartService) -> None:
    api: ApiForTests = start_service()
    seeds = {"count": 3, "vary": ["initial_weights", "batch_order"], "tell_apart": True}
    made = api.submit(arms=ARMS[:1], seeds=seeds)
    for run in made["runs"]:
        moved = 0.01 * run["seed"] * (run["arm"] == "other batch order")
        api.train(run["id"], accuracy=0.7 + 0.002 * run["seed"] + moved)
    done = tripletlab("results", made["id"], "--url", api.url)
    assert done.returncode == 0, done.stderr
    found = api.get(f"/v1/experiments/{made['id']}/results")["seed_sources"]
    assert "What makes runs of vanilla differ: test.accuracy" in done.stdout
    assert found["sentence"] in done.stdout
    assert f"{found['sources'][0]['sd']:.4f}" in done.stdout
    assert "Noise of vanilla: test.accuracy" in done.stdout
