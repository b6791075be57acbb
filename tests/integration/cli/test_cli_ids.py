"""In place of an id: its beginning, `latest`, and a run by its arm and seed."""

from subprocess import CompletedProcess

import pytest

from support.api import ApiForTests, StartService
from support.commands import tripletlab


@pytest.fixture
def api(start_service: StartService) -> ApiForTests:
    """One kind of database is enough here: the command speaks HTTP alone."""
    return start_service()


def run(api: ApiForTests, *arguments: str) -> CompletedProcess[str]:
    return tripletlab(*arguments, "--url", api.url)


def test_an_experiment_is_named_by_latest_and_by_the_beginning_of_its_id(api: ApiForTests) -> None:
    first, last = (api.submit(name=name)["id"] for name in ("First", "Last"))
    named = {"latest": last, first: first, first[:29]: first, first[4:29]: first}
    for words, meant in named.items():
        assert all(one.id in run(api, "runs", words).stdout for one in api.runs(meant))
    assert f"{first} is cancelled" in run(api, "cancel", first[:29]).stderr
    assert run(api, "delete", first[:29], "--yes").stderr == f"{first} is deleted.\n"


def test_an_ambiguous_beginning_names_the_candidates(api: ApiForTests) -> None:
    first, last = (api.submit(name=name)["id"] for name in ("First", "Last"))
    for words in ("exp_0", "0"):
        refused = run(api, "results", words)
        assert refused.returncode == 2
        assert refused.stderr.splitlines() == [
            f"The ids of several begin with {words}; type more of it:",
            f"  {last}  Last",
            f"  {first}  First",
        ]
    absent = run(api, "results", "exp_zz")
    assert absent.returncode == 1
    assert absent.stderr == "There is no experiment whose id is 'exp_zz', or begins so.\n"
    assert "There is no study yet" in run(api, "study", "results", "latest").stderr


def test_a_run_is_named_by_its_arm_and_seed_and_by_the_beginning_of_its_id(
    api: ApiForTests,
) -> None:
    made = api.submit()
    api.http.post(f"/v1/experiments/{made['id']}/cancel")
    wanted = next(one for one in made["runs"] if (one["arm"], one["seed"]) == ("modified", 1))
    for words in ("latest/modified/1", f"{made['id'][:20]}/modified/1", wanted["id"][:29]):
        assert run(api, "retry", words).stdout == f"{wanted['id']}: queued\n"
        api.http.post(f"/v1/runs/{wanted['id']}/cancel")
    refused = run(api, "reproduce", "latest/modified/9")
    assert refused.stderr == (
        "latest has no run modified/9; its arms: vanilla, modified; its seeds: 0, 1.\n"
    )
    assert "latest/ARM/SEED" in run(api, "weights", "latest").stderr


def test_arms_are_compared_by_the_latest_experiment(api: ApiForTests) -> None:
    made = api.submit(seeds={"count": 2})
    for one in made["runs"]:
        api.train(one["id"], accuracy=0.7 + 0.01 * one["seed"])
    said = run(api, "compare", "latest/modified", f"{made['id'][:20]}/vanilla")
    assert said.returncode == 0
    assert "modified" in said.stdout
