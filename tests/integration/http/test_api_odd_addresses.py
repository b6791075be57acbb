"""Ids, numbers and names that are none: refused as the caller's mistake, and they lead nowhere."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.api import ARMS, SPEC, ApiForTests, StartService, pointers, refused
from support.uploads import CSV, HEADER, upload


def test_whole_numbers_in_queries_fit_every_database(start_service: StartService) -> None:
    api = start_service()
    for path, calls in api.get("/openapi.json")["paths"].items():
        for parameter in calls.get("get", {}).get("parameters", ()):
            kinds = [parameter["schema"], *parameter["schema"].get("anyOf", ())]
            for kind in kinds:
                if kind.get("type") == "integer":
                    assert kind.get("maximum", 2**64) < 2**63, f"{path}: {parameter['name']}"


numbers = st.integers(2**63, 2**200) | st.integers(-(2**200), -(2**63))
odd = st.sampled_from(
    [
        "%00",
        "a%00b",
        "..",
        "%2e%2e",
        "..%2f..%2fetc%2fpasswd",
        "%ff",
        "%ed%a0%80",
        "exp_" + "0" * 26,
    ]
) | numbers.map(str)


@given(st.data())
@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
def test_no_id_or_number_in_a_path_or_query_makes_a_fault(odd_api: ApiForTests, data: Any) -> None:
    paths = odd_api.thread.app.openapi()["paths"]
    path = data.draw(st.sampled_from(sorted(path for path in paths if "{" in path)))
    before, _, rest = path.partition("{")
    query = data.draw(st.sampled_from(["", "?cursor={}", "?after={}", "?limit={}", "?wait={}"]))
    address = before + data.draw(odd) + rest.partition("}")[2] + query.format(data.draw(odd))
    method = data.draw(st.sampled_from(sorted(paths[path])))
    reply = odd_api.http.request(method.upper(), address)
    assert 400 <= reply.status_code < 500, address
    assert reply.headers["content-type"] == "application/problem+json"


@pytest.fixture
def odd_api(start_service: StartService) -> ApiForTests:
    return start_service()


@pytest.mark.parametrize("query", ["name=%00", "dataset=a%00", "cursor=%00", "state=%00"])
def test_a_nul_in_a_query_is_refused(start_service: StartService, query: str) -> None:
    assert start_service().http.get(f"/v1/experiments?{query}").status_code == 422


@pytest.mark.parametrize(
    ("path", "query", "words"),
    [
        ("/v1/experiments", "limt=5", "cursor, limit"),
        ("/v1/experiments", "limit=5&a/b=1", "unknown parameter"),
        ("/v1/recipes", "name=x", "this call has none"),
        (f"/v1/runs/run_{'0' * 26}/steps", "max_point=5", "max_points"),
        (f"/v1/experiments/exp_{'0' * 26}/events", "from-now=1", "from_now"),
    ],
)
def test_a_parameter_that_a_call_does_not_have_is_named(
    start_service: StartService, path: str, query: str, words: str
) -> None:
    problem = refused(start_service().http.get(f"{path}?{query}"), 422, words)
    name = query.rpartition("&")[2].partition("=")[0].replace("/", "~1")
    assert [error["pointer"] for error in problem["errors"]] == [f"/query/{name}"]


def test_what_has_one_value_and_is_given_twice_is_refused(start_service: StartService) -> None:
    """In silence the last value would count, or the first, and the other would have no effect."""
    api = start_service()
    run, own = f"/v1/runs/run_{'0' * 26}", f"/v1/experiments/exp_{'0' * 26}"
    for address in (
        "/v1/experiments?limit=5&limit=200",
        "/v1/experiments?limit=5&limit=5",
        "/v1/comparisons?a=x/y&b=x/z&a=x/w",
        f"{own}/events?from_now=1&from_now=0",
        f"{run}/mistakes?kind=all&kind=called_different",
        f"{own}?wait=0&wait=1",
    ):
        problem = refused(api.http.get(address), 422, "is given 2 times")
        name = address.partition("?")[2].partition("=")[0]
        assert [error["pointer"] for error in problem["errors"]] == [f"/query/{name}"]
    listed = api.http.get(f"{run}/steps?figures=loss&figures=gradient_norm")
    assert listed.status_code == 404, "a list may repeat"
    keys = [("Idempotency-Key", "one"), ("Idempotency-Key", "two")]
    reply = api.http.post("/v1/experiments", json=SPEC, headers=keys)
    assert pointers(reply) == ["/header/idempotency-key"]
    assert not api.get("/v1/experiments")["items"]
    form = {"name": ["one", "two"]}
    reply = api.http.post("/v1/datasets", data=form, files={"file": ("a.csv", CSV)})
    assert pointers(reply) == ["/name"]


def test_what_is_not_the_cursor_of_a_page_is_refused(start_service: StartService) -> None:
    api = start_service()
    made = [api.submit()["id"] for _ in range(3)]
    page = api.get("/v1/experiments", limit=2)
    assert [one["id"] for one in page["items"]] == [made[2], made[1]]
    (left,) = api.get("/v1/experiments", cursor=page["next"])["items"]
    assert left["id"] == made[0]
    for cursor in ("garbage", "2", "", f"run_{'0' * 26}", f"{page['next']}x"):
        reply = api.http.get("/v1/experiments", params={"cursor": cursor})
        refused(reply, 422, "`next` of the page before")


@pytest.mark.parametrize("character", ["\u202e", "\u2028", "\u2029", "\x85", "\u2066"])
def test_a_name_that_turns_the_text_around_it_or_breaks_its_line_is_refused(
    start_service: StartService, character: str
) -> None:
    body = {**SPEC, "name": f"be{character}fore"}
    problem = refused(start_service().http.post("/v1/experiments", json=body), 422)
    assert [error["pointer"] for error in problem["errors"]] == ["/name"]
    assert f"U+{ord(character):04X}" in problem["detail"]


def test_names_that_look_like_others_are_refused_wherever_a_name_is_given(
    start_service: StartService,
) -> None:
    """One rule for experiments, arms, factors, levels and runs from elsewhere."""
    api = start_service()
    loss = ARMS[0]["loss"]
    factor: dict[str, Any] = {
        "name": "m",
        "levels": [{"name": "a", "loss": loss}, {"name": "b", "loss": loss}],
    }
    for name, words in (
        (" a", "begins or ends with a space"),
        ("a ", "begins or ends with a space"),
        ("a\u00a0", "begins or ends with a space"),
        ("a\u200bb", "U+200B, which nobody can see"),
        ("a\ufeff", "U+FEFF, which nobody can see"),
        ("a\u3164b", "U+3164, which nobody can see"),
        ("a\u200d", "begins or ends with a joiner"),
        ("a\u200fb", "U+200F, which begins a new line or turns"),
    ):
        levels = [{**factor["levels"][0], "name": name}, factor["levels"][1]]
        changes: dict[str, dict[str, Any]] = {
            "/name": {"name": name},
            "/arms/1/name": {"arms": [ARMS[0], {**ARMS[1], "name": name}]},
            "/factors/0/name": {"factors": [{**factor, "name": name}]},
            "/factors/0/levels/0/name": {"factors": [{**factor, "levels": levels}]},
        }
        for pointer, change in changes.items():
            body = {key: value for key, value in SPEC.items() if key != "arms"}
            body |= change if "factors" in change else {"arms": ARMS, **change}
            reply = api.http.post("/v1/experiments", json=body)
            assert pointers(reply)[:1] == [pointer], (name, reply.text)
            assert words in reply.json()["errors"][0]["detail"], (name, reply.text)
        runs = {"a": {"0": 1, "1": 2}, "b": {"0": 1, "1": 3}, "metric": "loss", "a_name": name}
        reply = api.http.post("/v1/comparisons", json=runs)
        assert pointers(reply) == ["/a_name"]
        assert words in reply.json()["detail"]


def test_a_split_and_a_batch_that_do_not_fit_are_refused_together(
    start_service: StartService,
) -> None:
    split = {"kind": "in_order", "train_rows": 200, "test_rows": 10**7}
    body = {**SPEC, "split": split, "batch_size": 4096}
    problem = refused(start_service().http.post("/v1/experiments", json=body), 422)
    found = {error["pointer"]: error["detail"] for error in problem["errors"]}
    assert list(found) == ["/split/test_rows", "/batch_size"]
    assert "lower it to" in found["/batch_size"]


@pytest.mark.parametrize(
    "name",
    [
        "Größer? 问题 \u0639\u0631\u0628\u064a",
        "e\u0301 \U0001f600",
        "\u0645\u06cc\u200c\u0631\u0648\u062f",
    ],
)
def test_names_of_all_languages_are_taken(start_service: StartService, name: str) -> None:
    assert start_service().submit(name=name)["name"] == name


def test_no_name_of_an_upload_leaves_its_folder(start_service: StartService) -> None:
    api = start_service()
    assert upload(api, CSV, name="fine").status_code == 201  # now its own folders are there
    before = _everything_beside(api.settings.data_dir)
    for name in ("../out", "..", ".", "/tmp/out", "a/b", "a\\b", "a\0b", "x" * 101, "~root", "é"):
        assert upload(api, CSV, name=name).status_code in (400, 422), name
    for number, filename in enumerate(("../../out.csv", "/tmp/out.csv", "..\\out.csv")):
        rows = HEADER + b"row %d,b,1\n" % number
        assert upload(api, rows, filename, name=f"ok{number}").status_code == 201
    assert _everything_beside(api.settings.data_dir) == before
    assert not Path("/tmp/out.csv").exists()


def _everything_beside(folder: Path) -> set[str]:
    """What is in the folders above, but for what this service keeps in its own."""
    return {path.name for path in folder.parent.iterdir()} | {
        path.name for path in folder.iterdir()
    }
