"""API processes of hosts without a common disk answer alike, through a bucket."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from models.files.checkpoint_files import FOLDER
from models.files.run_files import SCORES, WEIGHTS

from support.api import GENERATED, ApiForTests, StartService, refused
from support.buckets import BucketForTests, bucket_in

CSV = b"question1,question2,is_duplicate\nHow?,In what way?,1\nHow?,Why?,0\n"


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[BucketForTests]:
    with bucket_in(tmp_path) as started:
        yield started


@pytest.fixture
def apart(
    start_service: StartService, bucket: BucketForTests, tmp_path: Path
) -> tuple[ApiForTests, ApiForTests]:
    """Two of them, each with an empty data folder, over one database."""
    here, there = (
        start_service(data_dir=tmp_path / name, files_url=bucket.url) for name in ("a", "b")
    )
    return here, there


def upload(api: ApiForTests) -> httpx.Response:
    return api.http.post("/v1/datasets", files={"file": ("a.csv", CSV)}, data={"name": "mine"})


def test_a_data_set_that_one_took_in_is_shown_and_removed_by_the_other(
    apart: tuple[ApiForTests, ApiForTests], bucket: BucketForTests
) -> None:
    here, there = apart
    digest = upload(here).json()["content_hash"]
    (first, _) = there.get("/v1/datasets/mine/pairs")["items"]
    assert (first["question1"], first["question2"]) == ("How?", "In what way?")
    assert f"datasets/{digest}/pairs.parquet" in bucket.names()
    assert there.http.delete("/v1/datasets/mine").status_code == 204
    assert not [name for name in bucket.names() if digest in name]


def trained(api: ApiForTests) -> str:
    """A run whose files a worker elsewhere gave to the bucket."""
    run_id: str = api.submit()["runs"][0]["id"]
    api.train(run_id, accuracy=0.7, weights=b"the weights")
    folder, files = api.settings.run_dir(run_id), api.settings.file_store()
    for name in (SCORES, WEIGHTS):
        files.write(folder / name, (folder / name).read_bytes())
    shutil.rmtree(folder)
    return run_id


def test_what_a_worker_left_is_read_by_both_and_removed_with_its_experiment(
    apart: tuple[ApiForTests, ApiForTests], bucket: BucketForTests
) -> None:
    run_id = trained(apart[0])
    for api in apart:
        assert api.get(f"/v1/runs/{run_id}/scores")["score"] == [0.5, -0.25, 1.0]
        assert api.http.get(f"/v1/runs/{run_id}/weights").content == b"the weights"
    (apart[1].settings.run_dir(run_id) / WEIGHTS).write_bytes(b"of an attempt that was lost")
    assert apart[1].http.get(f"/v1/runs/{run_id}/weights").content == b"the weights"

    experiment = apart[0].get(f"/v1/runs/{run_id}")["experiment"]
    apart[1].http.post(f"/v1/experiments/{experiment}/cancel")
    assert apart[1].http.delete(f"/v1/experiments/{experiment}").status_code == 204
    assert not [name for name in bucket.names() if run_id in name]


def test_checkpoints_in_the_bucket_are_listed_and_fetched(
    apart: tuple[ApiForTests, ApiForTests],
) -> None:
    here, there = apart
    run_id = here.submit()["runs"][0]["id"]
    folder = here.settings.run_dir(run_id) / FOLDER
    sha256 = hashlib.sha256(b"weights and moments").hexdigest()
    files = here.settings.file_store()
    files.write(folder / "step-7.safetensors", b"weights and moments")
    files.write(folder / "step-7.json", json.dumps({"step": 7, "sha256": sha256}).encode())
    (found,) = there.get(f"/v1/runs/{run_id}/checkpoints")["items"]
    assert (found["step"], found["size"], found["sha256"]) == (7, 19, sha256)
    fetched = there.http.get(f"/v1/runs/{run_id}/checkpoints/7")
    assert fetched.content == b"weights and moments"


def test_a_bucket_that_is_away_is_told_of_and_takes_nothing_half(
    apart: tuple[ApiForTests, ApiForTests], bucket: BucketForTests
) -> None:
    here, _ = apart
    assert here.http.get("/readyz").json()["parts"]["bucket"] == "ok"
    run_id = trained(here)
    bucket.stop()
    ready = here.http.get("/readyz")
    assert (ready.status_code, ready.json()["parts"]["bucket"]) == (
        503,
        "the bucket does not answer",
    )
    assert "127.0.0.1" not in refused(upload(here), 503, "bucket")["detail"]
    assert here.http.get("/v1/datasets/mine").status_code == 404
    refused(here.http.get(f"/v1/runs/{run_id}/weights"), 503, "bucket")
    experiment = here.get(f"/v1/runs/{run_id}")["experiment"]
    assert here.get(f"/v1/experiments/{experiment}/results")["arms"]  # all that needs no scores
    assert here.get(f"/v1/datasets/{GENERATED}/pairs")["items"]  # a copy of it is here
