"""Formulas through the API and the command: what is told before anything is trained."""

import json
import string
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.client import Client

from support.api import ARMS, SPEC, ApiForTests
from support.commands import tripletlab

SOFT = "relu(margin - s_ap + logmeanexp(20 * s_an) / 20)"


def with_formula(row: str, **fields: Any) -> dict[str, Any]:
    term = {"kind": "formula", "row": row, **fields}
    return {**SPEC, "arms": [ARMS[0], {"name": "own", "loss": {"terms": [term]}}]}


def dry_run(api: ApiForTests, document: dict[str, Any]) -> Any:
    return api.http.post("/v1/experiments", params={"dry_run": True}, json=document)


def test_the_dry_run_tells_what_each_formula_costs(api: ApiForTests) -> None:
    with Client(api.url) as client:
        (found,) = client.dry_run(with_formula(SOFT)).formulas
    assert found["arm"] == "own"
    assert found["pointer"] == "/arms/1/loss/terms/0/row"
    assert found["row"] == SOFT
    assert found["collapsed"] == pytest.approx(0.25)
    assert 0.25 < found["random"] < 0.4
    assert found["perfect"] == 0
    assert dry_run(api, SPEC).json()["formulas"] == []


def test_a_wrong_formula_is_refused_with_pointer_column_and_caret(api: ApiForTests) -> None:
    for params in ({}, {"dry_run": True}):
        document = with_formula("relu(margin - s_ap + max(s_ap))")
        reply = api.http.post("/v1/experiments", params=params, json=document)
        assert reply.status_code == 422
        (error,) = reply.json()["errors"]
        assert error["pointer"] == "/arms/1/loss/terms/0/row"
        assert error["column"] == 26
        sentence, shown, caret = error["detail"].split("\n")
        assert sentence.startswith("column 26: max goes over a row's negatives")
        assert shown[caret.index("^") :] == "s_ap))"
    assert api.get("/v1/experiments")["items"] == []


def test_a_formula_that_would_fail_at_once_is_refused(api: ApiForTests) -> None:
    reply = dry_run(api, with_formula("s_ap / (batch_size - batch_size)"))
    (error,) = reply.json()["errors"]
    assert (reply.status_code, error["pointer"]) == (422, "/arms/1/loss/terms/0/row")
    assert "not a finite number on a batch of random vectors" in error["detail"]


def test_levels_of_a_factor_may_be_formulas(api: ApiForTests) -> None:
    levels = [
        {"name": name, "loss": {"terms": [{"kind": "formula", "row": row}]}}
        for name, row in (("closest", "relu(margin - s_ap + max(s_an))"), ("soft", SOFT))
    ]
    rates = [{"name": f"{rate}", "optimizer": {"lr": rate}} for rate in (0.01, 0.03)]
    spec = {name: part for name, part in SPEC.items() if name != "arms"}
    factors = [{"name": "loss", "levels": levels}, {"name": "rate", "levels": rates}]
    found = dry_run(api, {**spec, "factors": factors}).json()["formulas"]
    assert [(one["arm"], one["pointer"]) for one in found] == [
        (f"loss={level}, rate={rate}", f"/factors/0/levels/{index}/loss/terms/0/row")
        for index, level in enumerate(("closest", "soft"))
        for rate in ("0.01", "0.03")
    ]


@given(row=st.text(max_size=80) | st.text(string.printable, max_size=600))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_text_is_a_formula_or_a_422(api: ApiForTests, row: str) -> None:
    reply = dry_run(api, with_formula(row))
    assert reply.status_code in (200, 422)
    if reply.status_code == 422:
        pointers = {one["pointer"] for one in reply.json()["errors"]}
        assert pointers <= {"/arms/1/loss/terms/0/row", ""}


def test_the_command_checks_a_formula_without_a_service() -> None:
    nowhere = {"TRIPLETLAB_URL": "http://127.0.0.1:1"}
    done = tripletlab("formula", SOFT, **nowhere)
    assert done.returncode == 0, done.stderr
    assert [line.split()[:2] for line in done.stdout.splitlines()] == [
        ["collapsed", "0.2500"],
        ["random", "0.3056"],
        ["perfect", "0"],
    ]
    told = tripletlab("formula", "log(s_ap) * step", "--step", "7", "--json", **nowhere)
    found = json.loads(told.stdout)
    assert (found["collapsed"], found["perfect"]) == (0, 0)
    wrong = tripletlab("formula", "max(s_ap)", **nowhere)
    assert wrong.returncode == 2
    assert wrong.stderr.splitlines()[1:] == ["max(s_ap)", "    ^"]
