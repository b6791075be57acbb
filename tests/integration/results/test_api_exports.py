"""An experiment taken along: tables as files, pictures, and the report, from a real service."""

import csv
import io
import json
import sys
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest
from pyarrow import parquet

from api.exports.tables import STEPS_AT_ONCE, TableName, record_batches
from models.errors import NotFound
from models.files.run_files import SCORES
from models.states import RunState
from models.store import experiments
from models.store.metrics import rows
from models.store.run_life import runs

from support.api import ApiForTests, now, pointers, refused
from support.stored import step_row

FORMULA = '=HYPERLINK("http://evil.example","see")'
HOSTILE = "<script>alert(1)</script> & <img src=x onerror=alert(2)> \"'"


def trained(api: ApiForTests, **changes: Any) -> dict[str, Any]:
    """An experiment of two arms under two seeds, whose last run failed with a formula."""
    made = api.submit(**changes)
    *trained_runs, last = made["runs"]
    for run in trained_runs:
        api.train(run["id"], accuracy=0.7 + 0.01 * run["seed"])
    attempt = api.claim(last["id"])
    with api.database.transaction() as session:
        runs.finish(session, last["id"], attempt, RunState.FAILED, reason=FORMULA, now=now())
    return made


def export(api: ApiForTests, made: dict[str, Any], table: str, form: str) -> Any:
    reply = api.http.get(
        f"/v1/experiments/{made['id']}/export", params={"table": table, "format": form}
    )
    assert reply.status_code == 200, reply.text
    name = f"{made['id']}-{table}.{form}"
    assert reply.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert "content-length" not in reply.headers  # it is streamed
    if form == "csv":
        assert reply.headers["content-type"].startswith("text/csv")
        return list(csv.DictReader(io.StringIO(reply.text, newline="")))
    return parquet.read_table(io.BytesIO(reply.content)).to_pylist()


def expected(api: ApiForTests, made: dict[str, Any], table: str) -> list[dict[str, Any]]:
    """The rows as the other calls of the service tell them, column by column or row by row."""
    rows: list[dict[str, Any]] = []
    for run in made["runs"]:
        about = {"arm": run["arm"], "seed": run["seed"], "run": run["id"]}
        if table == "scores" and api.get(f"/v1/runs/{run['id']}")["state"] != "succeeded":
            continue
        found = api.get(f"/v1/runs/{run['id']}/{table}")
        if table == "evaluations":
            rows += [about | row for row in found["items"]]
        else:
            for values in zip(*found.values(), strict=True):
                rows.append(about | dict(zip(found, values, strict=True)))
    return rows


@pytest.mark.parametrize("table", ["steps", "evaluations", "scores"])
def test_a_table_has_every_row_of_every_run(api: ApiForTests, table: str) -> None:
    made = trained(api)
    wanted = expected(api, made, table)
    assert {row["run"] for row in wanted} == {run["id"] for run in made["runs"][:3]}
    rows = export(api, made, table, "parquet")
    assert [{name: row[name] for name in wanted[0]} for row in rows] == wanted
    assert not any(row.get("active_2") for row in rows)  # of terms that no arm has
    texts = export(api, made, table, "csv")
    assert len(texts) == len(wanted)
    for text, row in zip(texts, wanted, strict=True):
        for name, value in row.items():
            same = text[name] == value if isinstance(value, str) else _number(text[name]) == value
            assert same, (name, text[name], value)


def _number(text: str) -> float | None:
    return float(text) if text else None


def test_the_table_of_runs_has_their_final_figures_and_no_formula(api: ApiForTests) -> None:
    made = trained(api)
    *good, failed = export(api, made, "runs", "csv")
    assert [row["test.accuracy"] for row in good] == ["0.7", "0.7", "0.71"]
    assert (failed["state"], failed["test.accuracy"]) == ("failed", "")
    assert failed["reason"] == f"'{FORMULA}"
    row = export(api, made, "runs", "parquet")[-1]
    assert row["reason"] == FORMULA  # a file with types needs no apostrophe
    assert row["finished_at"] == api.runs(made["id"])[-1].finished_at
    negative = export(api, made, "scores", "csv")[1]["score"]
    assert negative == "-0.25"


def test_a_long_run_comes_in_stretches_and_breaks_off_when_it_is_deleted(api: ApiForTests) -> None:
    steps = 2 * STEPS_AT_ONCE + 7
    made = api.submit(steps=steps, seeds={"count": 1})
    run = made["runs"][0]["id"]
    attempt = api.claim(run)
    with api.database.transaction() as session:
        rows.append_steps(session, run, [step_row(step) for step in range(1, steps + 1)])
        runs.advance(session, run, attempt, steps, now())
    assert [int(row["step"]) for row in export(api, made, "steps", "csv")] == [*range(1, steps + 1)]
    service = api.thread.app.state.service
    batches = record_batches(service, made["id"], api.runs(made["id"]), TableName.STEPS)
    assert next(batches).num_rows == STEPS_AT_ONCE
    with api.database.transaction() as session:
        for one in experiments.runs_of(session, made["id"]):
            runs.request_cancel(session, one.id, now())
        runs.finish(session, run, attempt, RunState.CANCELLED, reason="asked", now=now())
        experiments.delete_experiment(session, made["id"])
    with pytest.raises(NotFound):
        next(batches)


def test_what_cannot_be_exported_is_refused_before_the_file_begins(api: ApiForTests) -> None:
    made = trained(api)
    place = f"/v1/experiments/{made['id']}/export"
    assert pointers(api.http.get(place)) == ["/query/table"]
    assert pointers(api.http.get(place, params={"table": "weights"})) == ["/query/table"]
    wrong = {"table": "steps", "format": "xlsx"}
    assert pointers(api.http.get(place, params=wrong)) == ["/query/format"]
    absent = place.replace(made["id"], "exp_" + "0" * 26)
    refused(api.http.get(absent, params={"table": "steps"}), 404)
    (api.settings.run_dir(made["runs"][0]["id"]) / SCORES).unlink()
    words = f"the scores of run {made['runs'][0]['id']}"
    refused(api.http.get(place, params={"table": "scores"}), 404, words)


@pytest.mark.parametrize("figure", ["training", "validation", "gauges", "comparison"])
def test_pictures_are_svg_or_png_and_name_the_arms(api: ApiForTests, figure: str) -> None:
    made = trained(api)
    place = f"/v1/experiments/{made['id']}/figures/{figure}"
    svg = api.http.get(place)
    assert svg.headers["content-type"] == "image/svg+xml"
    words = " ".join("".join(ElementTree.fromstring(svg.text).itertext()).split())
    assert "vanilla" in words
    assert "modified" in words
    assert "test.accuracy" not in words
    assert api.http.get(place).content == svg.content  # the same figures, the same file
    png = api.http.get(place, params={"format": "png"})
    assert png.headers["content-type"] == "image/png"
    assert png.content.startswith(b"\x89PNG")


def test_pictures_of_an_experiment_that_has_not_begun_are_empty_and_no_error(
    api: ApiForTests,
) -> None:
    made = api.submit()
    for figure in ("training", "validation", "gauges", "comparison"):
        assert api.http.get(f"/v1/experiments/{made['id']}/figures/{figure}").status_code == 200
    assert api.http.get(f"/v1/experiments/{made['id']}/report").status_code == 200


def test_a_picture_that_is_not_there_is_refused(api: ApiForTests) -> None:
    made = api.submit()
    place = f"/v1/experiments/{made['id']}/figures"
    assert pointers(api.http.get(f"{place}/other")) == ["/path/figure"]
    refused(api.http.get(f"/v1/experiments/exp_{'0' * 26}/figures/training"), 404)
    refused(api.http.get(f"/v1/experiments/exp_{'0' * 26}/report"), 404)


def test_without_the_libraries_the_reply_says_what_to_install(
    api: ApiForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = api.submit()
    monkeypatch.delattr("api.exports.pictures", raising=False)
    monkeypatch.setitem(sys.modules, "api.exports.pictures", None)
    for path in ("figures/training", "report"):
        reply = api.http.get(f"/v1/experiments/{made['id']}/{path}")
        refused(reply, 501, "pip install 'tripletlab[exports]'")


class _Page(HTMLParser):
    """What a page says, and whatever in it could load or run something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.policy = ""
        self.said: list[str] = []
        self.elements: set[str] = set()
        self.reaching: list[tuple[str, str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        if ("http-equiv", "Content-Security-Policy") in attributes:
            self.policy = dict(attributes)["content"] or ""
        for name, value in attributes:
            inside = name in ("xlink:href", "href") and (value or "").startswith("#")
            if not inside and (name in ("src", "href", "xlink:href") or name.startswith("on")):
                self.reaching.append((tag, name, value))

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def test_the_report_is_one_file_that_tells_all_and_runs_nothing(api: ApiForTests) -> None:
    made = trained(api, name=HOSTILE)
    reply = api.http.get(f"/v1/experiments/{made['id']}/report")
    assert "default-src 'none'" in reply.headers["content-security-policy"]
    page = _Page(reply.text)
    assert page.reaching == []
    assert not page.elements & {"script", "img", "link", "iframe", "object", "base", "form"}
    assert "svg" in page.elements
    assert page.policy.startswith("default-src 'none'")  # also where it was sent on as a file
    results = api.get(f"/v1/experiments/{made['id']}/results")
    said = "".join(page.said)
    for told in (
        HOSTILE,
        FORMULA,
        results["comparisons"][0]["sentence"],
        *(f"{one['words']}: {one['formula']}" for one in results["arms_differ"][0]["values"]),
        *(run["id"] for run in made["runs"]),
        json.dumps(results["spec"], indent=2, ensure_ascii=False),
        '"torch": "2.13.0"',
        "vanilla, seed 0; vanilla, seed 1; modified, seed 0",
    ):
        assert told in said, told
