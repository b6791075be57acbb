"""`export` and `report`: files that TensorBoard's own reader and a spreadsheet's take."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from api.cli.trackers.mlflow_server import Tracking
from models.store.metrics import rows
from models.store.run_life import runs

from support.api import ApiForTests, StartService, now
from support.commands import tripletlab
from support.stored import step_row

READ_EVENTS = """
import json, sys
from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer

read = EventMultiplexer().AddRunsFromDirectory(sys.argv[1]).Reload()
found = {}
for run, tags in read.Runs().items():
    found[run] = {
        tag: [(event.step, event.value) for event in read.Scalars(run, tag)]
        for tag in tags["scalars"]
    }
    found[run]["hparams"] = sorted(read.PluginRunToTagToContent("hparams")[run])
print(json.dumps(found))
"""


@pytest.fixture
def api(start_service: StartService) -> ApiForTests:
    """One kind of database is enough here: the command speaks HTTP alone."""
    return start_service()


@pytest.fixture
def made(api: ApiForTests) -> dict[str, Any]:
    found = api.submit()
    for run in found["runs"][:3]:
        api.train(run["id"], accuracy=0.7 + 0.01 * run["seed"])
    return found


def test_tensorboards_own_reader_finds_every_figure(
    api: ApiForTests, made: dict[str, Any], tmp_path: Path
) -> None:
    logs = tmp_path / "logs"
    command = ("export", "tensorboard", made["id"], "-o", str(logs), "--url", api.url)
    for _ in range(2):  # again writes the files anew, and no second ones
        done = tripletlab(*command)
        assert done.returncode == 0, done.stderr
    assert len(list(logs.rglob("events.*"))) == 3
    read = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", READ_EVENTS, str(logs)],
        capture_output=True,
        text=True,
    )
    assert read.returncode == 0, read.stderr
    found = json.loads(read.stdout)
    assert set(found) == {"vanilla/seed-0", "vanilla/seed-1", "modified/seed-0"}
    run = made["runs"][1]
    steps = api.get(f"/v1/runs/{run['id']}/steps")
    name = f"{run['arm']}/seed-{run['seed']}"
    for figure, values in steps.items():
        if figure != "step":
            wanted = [*zip(steps["step"], values, strict=True)]
            got = [(step, pytest.approx(value)) for step, value in found[name][f"train/{figure}"]]
            assert wanted == got
    accuracy = next(one["metrics"] for arm in results(api, made) for one in arm["runs"]
                    if one["id"] == run["id"])["test.accuracy"]  # fmt: skip
    assert found[name]["test/accuracy"] == [[20, pytest.approx(accuracy)]]
    assert [step for step, _ in found[name]["validation/roc_auc"]] == [10, 20]
    assert "_hparams_/session_start_info" in found[name]["hparams"]


def results(api: ApiForTests, made: dict[str, Any]) -> Any:
    return api.get(f"/v1/experiments/{made['id']}/results")["arms"]


def test_tensorboard_files_may_have_fewer_steps(
    api: ApiForTests, made: dict[str, Any], tmp_path: Path
) -> None:
    sizes = []
    for points in ("0", "2"):
        folder = tmp_path / points
        place = ("-o", str(folder), "--max-points", points, "--url", api.url)
        assert tripletlab("export", "tensorboard", made["id"], *place).returncode == 0
        sizes.append(sum(file.stat().st_size for file in folder.rglob("events.*")))
    assert sizes[1] < sizes[0]


def test_the_export_says_how_tensorboard_shows_every_step(api: ApiForTests, tmp_path: Path) -> None:
    ask = (
        "from tensorboard.backend.event_processing.data_ingester import "
        "DEFAULT_TENSOR_SIZE_GUIDANCE as kept; print(kept['scalars'])"
    )
    read = [sys.executable, "-W", "ignore", "-c", ask]
    shown = int(subprocess.run(read, capture_output=True, text=True, check=True).stdout)
    steps = shown + 200
    run = api.submit(steps=steps, evaluate_every=steps, seeds={"count": 1})["runs"][0]
    attempt = api.claim(run["id"])
    with api.database.transaction() as session:
        rows.append_steps(session, run["id"], [step_row(step) for step in range(1, steps + 1)])
        runs.advance(session, run["id"], attempt, steps, now())
    place = ("-o", str(tmp_path), "--url", api.url)
    told = tripletlab("export", "tensorboard", run["experiment"], *place).stderr
    assert f"tensorboard --logdir {tmp_path} --samples_per_plugin scalars={steps}\n" in told
    fewer = ("--max-points", str(shown), *place)
    told = tripletlab("export", "tensorboard", run["experiment"], *fewer).stderr
    assert f"tensorboard --logdir {tmp_path}\n" in told


def test_a_table_goes_to_standard_output_or_to_a_file_of_its_kind(
    api: ApiForTests, made: dict[str, Any], tmp_path: Path
) -> None:
    done = tripletlab("export", "table", made["id"], "steps", "--url", api.url)
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert len(rows) == 60
    path = tmp_path / "steps.parquet"
    place = ("-o", str(path), "--url", api.url)
    assert tripletlab("export", "table", made["id"], "steps", *place).returncode == 0
    assert path.read_bytes().startswith(b"PAR1")
    wrong = tripletlab("export", "table", made["id"], "nothing", "--url", api.url)
    assert (wrong.returncode, " NAME: " in wrong.stderr) == (2, True)
    odd = ("-o", str(tmp_path / "steps.xlsx"), "--url", api.url)
    wrong = tripletlab("export", "table", made["id"], "steps", *odd)
    assert (wrong.returncode, "the suffix of --output: " in wrong.stderr) == (2, True)
    assert sorted(tmp_path.glob("steps*")) == [path]


def test_pictures_and_the_report_are_written(
    api: ApiForTests, made: dict[str, Any], tmp_path: Path
) -> None:
    picture, page = tmp_path / "training.png", tmp_path / "report.html"
    place = ("-o", str(picture), "--url", api.url)
    assert tripletlab("export", "figure", made["id"], "training", *place).returncode == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert tripletlab("report", made["id"], "-o", str(page), "--url", api.url).returncode == 0
    assert page.read_text().startswith("<!doctype html>")
    absent = tripletlab("report", "exp_x", "-o", str(page), "--url", api.url)
    assert (absent.returncode, "no experiment" in absent.stderr) == (1, True)


def test_a_place_that_cannot_be_written_is_said_in_a_sentence(
    made: dict[str, Any], api: ApiForTests, tmp_path: Path
) -> None:
    (tmp_path / "taken.html").mkdir()
    (tmp_path / "file").write_text("")
    url = ("--url", api.url)
    for command, place, words in (
        (("report",), "x/z.html", f"there is no folder {tmp_path}/x."),
        (("report",), "file/z.html", f"there is no folder {tmp_path}/file."),
        (("report",), "taken.html", "it is a folder, and not a file."),
        (("report",), "r.pdf", "must end with .html"),
        (("export", "figure", "training"), "x/z.svg", f"there is no folder {tmp_path}/x."),
        (("export", "table", "steps"), "x/z.csv", f"there is no folder {tmp_path}/x."),
        (("export", "tensorboard"), "file", "cannot be written: "),
        (("export", "tensorboard"), "file/logs", "cannot be written: "),
    ):
        verbs, names = command[:2], command[2:]
        done = tripletlab(*verbs, made["id"], *names, "-o", str(tmp_path / place), *url)
        assert (done.returncode, done.stdout) == (2, ""), (command, place)
        assert words in done.stderr
        assert done.stderr.count("\n") == 1
    assert not list(tmp_path.rglob("*.part"))


def test_what_was_written_is_said(api: ApiForTests, made: dict[str, Any], tmp_path: Path) -> None:
    for command, names, name in (
        (("report",), (), "report.htm"),
        (("export", "table"), ("runs",), "runs.csv"),
        (("export", "figure"), ("training",), "training.svg"),
    ):
        path = tmp_path / name
        done = tripletlab(*command, made["id"], *names, "-o", str(path), "--url", api.url)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", f"{path}: written\n")


def test_a_tracking_server_that_is_away_is_said_to_be(
    api: ApiForTests, made: dict[str, Any]
) -> None:
    command = ("export", "mlflow", made["id"], "--url", api.url, "--tracking-uri")
    away = tripletlab(*command, "http://127.0.0.1:1")
    assert away.returncode == 1
    assert "no MLflow server answers at http://127.0.0.1:1" in away.stderr
    assert "Traceback" not in away.stderr
    assert tripletlab(*command, "file:///tmp/mlruns").returncode == 2
    other = tripletlab(*command, api.url)  # a server, and not MLflow's
    assert (other.returncode, "answers 404" in other.stderr) == (1, True)


def test_a_tracking_server_is_asked_without_the_proxy_of_the_environment_or_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ALL_PROXY", "nonsense://x")
    Tracking("http://127.0.0.1:5000").close()
    command = ("export", "mlflow", "exp_x", "--tracking-uri")
    refused = tripletlab(*command, "http://lab.example.org")
    assert (refused.returncode, "proxy cannot be used" in refused.stderr) == (1, True)
