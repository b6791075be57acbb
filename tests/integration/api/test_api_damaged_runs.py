"""Files of runs that a crash or a hand has torn: told by the name of the run, and never passed on
as what they were."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from safetensors.numpy import save_file

from api.exports import tables
from models.files.run_files import SCORES, WEIGHTS
from models.files.score_files import read_score_file

from support.api import SCORES as COLUMNS
from support.api import ApiForTests, StartService, refused


@pytest.fixture
def api(start_service: StartService) -> ApiForTests:
    return start_service()


@pytest.fixture
def made(api: ApiForTests) -> dict[str, Any]:
    """An experiment of two runs that have succeeded."""
    made = api.submit(seeds={"count": 1})
    for run in made["runs"]:
        api.train(run["id"], accuracy=0.7, weights=os.urandom(5000))
    return made


def halve(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def without(name: str) -> Callable[[Path], None]:
    return lambda path: save_file({one: COLUMNS[one] for one in COLUMNS if one != name}, path)


def with_column(name: str, values: Any) -> Callable[[Path], None]:
    return lambda path: save_file({**COLUMNS, name: values}, path)


SPOILED: dict[str, Callable[[Path], Any]] = {
    "torn": halve,
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_bytes(b"no scores at all"),
    "no label": without("label"),
    "no row": without("row"),
    "uneven": with_column("score", np.zeros(2, dtype=np.float32)),
    "none": lambda path: save_file({name: one[:0] for name, one in COLUMNS.items()}, path),
    "types": with_column("row", np.array([0.5, 1.5, 2.5])),
    "two dimensions": with_column("row", np.zeros((3, 1), dtype=np.int64)),
}


def test_spoiled_scores_are_told_by_the_name_of_their_run_wherever_they_are_read(
    api: ApiForTests, made: dict[str, Any]
) -> None:
    run, place = made["runs"][1]["id"], f"/v1/experiments/{made['id']}"
    path = api.settings.run_dir(run) / SCORES
    whole = path.read_bytes()
    for name, spoil in SPOILED.items():
        spoil(path)
        for call in (f"/v1/runs/{run}/scores", f"/v1/runs/{run}/mistakes"):
            problem = refused(api.http.get(call), 500, f"of run {run} is damaged")
            assert "tripletlab reproduce" in problem["detail"], name
        for form in ("csv", "parquet"):
            asked = {"table": "scores", "format": form}
            refused(api.http.get(f"{place}/export", params=asked), 500, f"of run {run} is damaged")
        assert api.get(f"{place}/results")["complete"], name
        path.write_bytes(whole)
    exported = api.http.get(f"{place}/export", params={"table": "scores"})
    assert exported.text.count(run) == 3


def test_rows_and_labels_that_cannot_be_are_no_answer(
    api: ApiForTests, made: dict[str, Any]
) -> None:
    run = made["runs"][0]["id"]
    path = api.settings.run_dir(run) / SCORES
    for name, values in (("row", [-1, 0, 1]), ("label", [0, 1, 2])):
        with_column(name, np.array(values, dtype=COLUMNS[name].dtype))(path)
        refused(api.http.get(f"/v1/runs/{run}/scores"), 500, "a row or a label that cannot be")
    with_column("row", np.array([10**9, 1, 2]))(path)
    refused(api.http.get(f"/v1/runs/{run}/mistakes"), 500, "rows that its data set does not have")


def test_an_export_that_meets_a_torn_file_in_its_middle_does_not_look_complete(
    api: ApiForTests, made: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the disk loses it after the export has begun."""
    last = api.settings.run_dir(made["runs"][1]["id"]) / SCORES

    def read(path: Path) -> Any:
        halve(last)
        return read_score_file(path)

    monkeypatch.setattr(tables, "read_score_file", read)
    with pytest.raises(httpx.RemoteProtocolError):
        api.http.get(f"/v1/experiments/{made['id']}/export", params={"table": "scores"})


def test_weights_that_are_not_those_of_the_run_are_never_sent(
    api: ApiForTests, made: dict[str, Any]
) -> None:
    run = made["runs"][0]["id"]
    path = api.settings.run_dir(run) / WEIGHTS
    whole = path.read_bytes()
    assert api.http.get(f"/v1/runs/{run}/weights").content == whole
    for spoiled in (whole[:100], b"", whole[:-1] + bytes([whole[-1] ^ 1])):
        path.write_bytes(spoiled)
        for headers in ({}, {"Range": "bytes=0-9"}):
            reply = api.http.get(f"/v1/runs/{run}/weights", headers=headers)
            refused(reply, 500, f"weights.safetensors of run {run} is damaged")
    path.write_bytes(whole)
    assert api.http.get(f"/v1/runs/{run}/weights").content == whole


def test_a_checkpoint_is_sent_whole_or_not_at_all(api: ApiForTests) -> None:
    run = api.submit()["runs"][0]["id"]
    folder, content = api.settings.run_dir(run) / "checkpoints", os.urandom(500)
    folder.mkdir(parents=True)
    about = {"step": 10, "sha256": hashlib.sha256(content).hexdigest()}
    (folder / "step-10.json").write_text(json.dumps(about))
    (folder / "step-10.safetensors").write_bytes(content)
    for number, other in enumerate(("1e999", "-1", '"10"', "[]", "{}")):
        step = 20 + number
        text = json.dumps({**about, "step": 0}).replace("0,", f"{other},", 1)
        (folder / f"step-{step}.json").write_text(text)
        (folder / f"step-{step}.safetensors").write_bytes(content)
    bad_hash = json.dumps({"step": 30, "sha256": "\u2028"})
    (folder / "step-30.json").write_text(bad_hash)
    (folder / "step-30.safetensors").write_bytes(content)
    (folder / "step-31.json").write_text("[]")
    assert [one["step"] for one in api.get(f"/v1/runs/{run}/checkpoints")["items"]] == [10]
    place = f"/v1/runs/{run}/checkpoints/10"
    assert api.http.get(place).content == content
    halve(folder / "step-10.safetensors")
    problem = refused(api.http.get(place), 500, f"step-10.safetensors of run {run} is damaged")
    assert "the checkpoint before it" in problem["detail"]
    (folder / "step-10.safetensors").unlink()
    refused(api.http.get(place), 404, "no checkpoint of step 10")


def test_a_reproduction_is_told_beside_files_that_are_torn(
    api: ApiForTests, made: dict[str, Any]
) -> None:
    run = made["runs"][0]["id"]
    report = api.http.post(f"/v1/runs/{run}/reproduce").json()
    api.train(report["again"], accuracy=0.7)
    place = f"/v1/reproductions/{report['id']}"
    assert api.get(place)["compared"]["scores"] == 3
    halve(api.settings.run_dir(run) / SCORES)
    halve(api.settings.run_dir(run) / WEIGHTS)
    torn = api.get(place)
    assert (torn["compared"]["scores"], torn["identical"]) == (None, False)
    assert torn["first_difference"]["where"] == "weights"
