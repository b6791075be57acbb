"""Effects in the command, the client, the export, the picture, the report, and other tools."""

import csv
import html
import io
from collections.abc import Iterator
from typing import Any

import pytest

from api.cli.console import out
from api.cli.expected_verdict import Expected, require
from api.cli.results.tables import show_results
from api.cli.trackers.mlflow_server import allowed_name
from api.cli.trackers.run_parameters import trained_runs
from api.client import Client

from support.api import ApiForTests
from support.factors import INIT, MASK

FOUR: dict[str, Any] = {"arms": None, "factors": [MASK, INIT], "seeds": {"count": 8}}


@pytest.fixture
def made(api: ApiForTests) -> str:
    """Four cells that have ended; the mask matters, the initial weights do not."""
    found = api.submit(**FOUR)
    for run in api.runs(found["id"]):
        noise = 0.0001 * ((run.seed * 3 + len(run.arm)) % 5)
        api.train(run.id, accuracy=0.7 + 0.05 * ("kept" in run.arm) + noise)
    return str(found["id"])


@pytest.fixture
def lab(api: ApiForTests) -> Iterator[Client]:
    with Client(api.url) as client:
        yield client


def test_the_client_has_effects_cells_and_the_sentence_on_what_matters_most(
    lab: Client, made: str
) -> None:
    results = lab.results(made)
    assert results.comparisons == []
    first, second = results.decisions
    assert (first.a, first.b, first.verdict) == ("mask=kept", "mask=left out", "a_better")
    assert second.verdict == "equivalent"
    assert len(results.effects) == 3 * len(results.decisions)
    assert first.interval is not None
    assert first.pairs["seed"] == list(range(8))
    assert results.sentence.startswith("What matters most for test accuracy: mask=kept against")
    assert results.sentence.endswith(second.sentence)
    cells = results.cells
    assert list(cells) == ["arm", "mask", "init", "n", "mean", "sd"]
    assert cells["init"] == ["trax", "torch", "trax", "torch"]
    assert cells["mean"][2] - cells["mean"][0] == pytest.approx(0.05, abs=1e-3)


def test_the_command_prints_the_effects_the_largest_first(
    lab: Client, made: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(out, "width", 200)
    results = lab.results(made)
    show_results(results.document)
    said = " ".join(capsys.readouterr().out.split())
    assert results.document["what_matters_most"] in said
    assert results.decisions[1].sentence in said
    assert said.index("mask: kept against left out") < said.index("init: torch against trax")
    assert "Cells: test.accuracy" in said
    assert "How levels differ from the baseline's, one factor at a time" in said
    assert "a_better" not in said
    assert f"{results.document['effects'][0]['level']} better" in said
    require(Expected.DECIDED, results.decisions)


def test_the_table_of_effects_has_a_row_for_each_on_each_metric(
    api: ApiForTests, made: str
) -> None:
    place = f"/v1/experiments/{made}/export"
    reply = api.http.get(place, params={"table": "effects", "format": "csv"})
    rows = list(csv.DictReader(io.StringIO(reply.text)))
    effects = api.get(f"/v1/experiments/{made}/results")["effects"]
    assert len(rows) == len(effects) == 6
    for row, one in zip(rows, effects, strict=True):
        assert (row["kind"], row["factor"]) == ("main", one["factors"][0])
        assert (row["level"], row["baseline"]) == (one["level"], one["baseline"])
        assert float(row["mean_difference"]) == one["mean_difference"]
        assert float(row["low"]) == one["interval"]["low"]
        assert float(row["holm_p"]) == one["multiplicity"]["holm_p"]
        assert (row["verdict"], row["sentence"]) == (one["verdict"], one["sentence"])
    plain = api.submit(seeds={"count": 1})["id"]
    reply = api.http.get(f"/v1/experiments/{plain}/export", params={"table": "effects"})
    assert list(csv.DictReader(io.StringIO(reply.text))) == []


def test_the_picture_and_the_report_show_every_effect(api: ApiForTests, made: str) -> None:
    picture = api.http.get(f"/v1/experiments/{made}/figures/comparison").text
    for name in ("mask: kept against left out", "init: torch against trax"):
        assert name in picture
    assert "difference in test accuracy" in picture
    results = api.get(f"/v1/experiments/{made}/results")
    report = html.unescape(api.http.get(f"/v1/experiments/{made}/report").text)
    assert results["what_matters_most"] in report
    assert results["effects"][0]["sentence"] in report
    assert "Every effect with its interval, the largest first" in report
    assert ">left out</td>" in report
    assert "How levels differ from the baseline's, one factor at a time" in report
    assert 'data-head="runs">8</td>' in report


def test_the_levels_of_a_cell_are_parameters_of_its_runs(lab: Client, made: str) -> None:
    run = trained_runs(lab.results(made))[-1]
    parameters = run.parameters()
    assert (parameters["factor.mask"], parameters["factor.init"]) == ("kept", "torch")
    assert parameters["encoder.init"] == "torch"
    assert not {"factors", "design", "effects"} & parameters.keys()
    assert allowed_name(f"verdict {run.arm}") == "verdict mask kept init torch"
