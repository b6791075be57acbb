"""Finding experiments again: tags, notes, and the filters of the list; and what sets them apart."""

import pytest

from api.client import Client

from support.api import ARMS, ApiForTests, StartService, pointers
from support.commands import tripletlab


@pytest.fixture
def api(start_service: StartService) -> ApiForTests:
    """One kind of database is enough here: no query is special to one."""
    return start_service()


def names(api: ApiForTests, **filters: object) -> list[str]:
    return [one["name"] for one in api.get("/v1/experiments", **filters)["items"]]


def test_tags_and_notes_are_stored_told_and_found_by(api: ApiForTests) -> None:
    first, second = (api.submit(name=name) for name in ("First", "Second"))
    path = f"/v1/experiments/{first['id']}/labels"
    assert api.get(path) == {"name": "First", "tags": [], "notes": ""}
    changed = api.http.patch(path, json={"tags": ["quora", "margin"], "notes": "Once more."})
    told = {"name": "First", "tags": ["margin", "quora"]}
    assert changed.json() == {**told, "notes": "Once more."}
    api.http.patch(path, json={"notes": ""})
    assert api.get(path) == {**told, "notes": ""}
    assert names(api, tag="margin") == ["First"]
    listed = {one["name"]: one["tags"] for one in api.get("/v1/experiments")["items"]}
    assert listed == {"First": ["margin", "quora"], "Second": []}
    done = tripletlab("label", second["id"], "--tag", "own", "--url", api.url)
    assert done.stdout == "name: Second\ntags: own\nnotes: –\n"
    assert "Second" in tripletlab("list", "--tag", "own", "--url", api.url).stdout


def test_what_is_no_tag_is_refused_at_its_place(api: ApiForTests) -> None:
    path = f"/v1/experiments/{api.submit()['id']}/labels"
    assert pointers(api.http.patch(path, json={"tags": ["one", "two words"]})) == ["/tags/1"]
    assert pointers(api.http.patch(path, json={"tags": ["one", "one"]})) == ["/tags/1"]
    assert pointers(api.http.patch(path, json={"notes": "x" * 10_001})) == ["/notes"]
    for name in ("", " x", "two\nlines", "x" * 201, "turned \u202e round"):
        assert pointers(api.http.patch(path, json={"name": name})) == ["/name"]
    assert pointers(api.http.patch(path, json={"title": "x"})) == ["/title"]


def test_a_renamed_experiment_has_its_name_wherever_it_is_told(api: ApiForTests) -> None:
    made = api.submit(name="Misspelt")
    for run in made["runs"]:
        api.train(run["id"], accuracy=0.7)
    place = f"/v1/experiments/{made['id']}"
    assert api.get(f"{place}/results")["name"] == "Misspelt", "kept from here on"
    done = tripletlab("label", made["id"], "--name", "Spelt", "--url", api.url)
    assert done.stdout.startswith("name: Spelt\n")
    assert api.get(f"{place}/results")["name"] == "Spelt"
    assert (api.get(place)["name"], api.get(place)["spec"]["name"]) == ("Spelt", "Misspelt")
    assert names(api, name="spelt") == ["Spelt"]
    assert names(api, name="misspelt") == []
    stream = api.http.get(f"{place}/events").text
    assert "from 'Misspelt' to 'Spelt'" in stream
    with Client(api.url) as client:
        assert client.label(made["id"], name="Again", tags=["a"])["name"] == "Again"
        assert client.label(made["id"]) == {"name": "Again", "tags": ["a"], "notes": ""}
    assert api.get(f"{place}/seeds")["fresh"]["name"] == "Again, fresh seeds"


def test_the_list_is_filtered_by_arm_and_by_verdict_over_pages(api: ApiForTests) -> None:
    third = {"name": "third", "loss": {"terms": [{"kind": "closest_negative", "weight": 2.0}]}}
    for name, gain in (("Better", 0.03), ("Alike", 0.0), ("Better too", 0.03)):
        made = api.submit(name=name, seeds={"count": 6})
        for run in made["runs"]:
            lead = gain + 0.0001 * run["seed"] if run["arm"] == "modified" else 0.0
            api.train(run["id"], accuracy=0.7 + 0.002 * run["seed"] + lead)
    api.submit(name="Waits", arms=[ARMS[0], third])
    assert names(api, arm="third") == ["Waits"]
    assert names(api, verdict="equivalent") == ["Alike"]
    page = api.get("/v1/experiments", verdict="better", limit=1)
    assert [one["name"] for one in page["items"]] == ["Better too"]
    rest = api.get("/v1/experiments", verdict="better", limit=1, cursor=page["next"])
    assert [one["name"] for one in rest["items"]] == ["Better"]
    assert pointers(api.http.get("/v1/experiments", params={"verdict": "x"})) == ["/query/verdict"]


def test_the_fields_in_which_experiments_differ_are_told_for_every_arm(api: ApiForTests) -> None:
    one = api.submit()["id"]
    other = api.submit(batch_size=64, seeds={"count": 3}, optimizer={"kind": "adam"})["id"]
    found = api.get("/v1/differences", experiment_id=[one, other])["fields"]
    told = {field["words"]: [value["words"] for value in field["values"]] for field in found}
    assert told == {
        "term 1": ["mean negative", "closest negative"] * 2,
        "batch size": ["32", "32", "64", "64"],
        "seeds": ["2", "2", "3", "3"],
        "validation batches": ["4", "4", "2", "2"],  # as many as there are
    }
    arms = [value["arm"] for value in found[0]["values"]]
    assert arms == [f"{one}/vanilla", f"{one}/modified", f"{other}/vanilla", f"{other}/modified"]
    refused = api.http.get("/v1/differences", params={"experiment_id": "exp_x"})
    assert refused.status_code == 422
