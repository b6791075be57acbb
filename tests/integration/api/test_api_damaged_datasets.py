"""A data set whose files a crash or a hand has torn: made again, or told with its name."""

import os
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from models.datasets.generated.generator import generate_pairs
from models.datasets.tokenizer import version_of

from support.api import GENERATED, SPEC, ApiForTests, GeneratedForTests, StartService, refused
from support.uploads import HEADER, upload

TOKENS = f"tokens-word-{version_of('word')}"
CONNECTED = {"kind": "connected_groups", "test_rows": 60}


@pytest.fixture
def start_own(
    start_service: StartService, generated: GeneratedForTests, tmp_path: Path
) -> StartService:
    """Services over a data folder whose files a test may spoil."""
    copytree(generated.data_dir, tmp_path / "own")

    def start(**settings: Any) -> ApiForTests:
        return start_service(data_dir=tmp_path / "own", **settings)

    return start


@pytest.fixture(scope="module")
def rows() -> bytes:
    pairs = generate_pairs(600, seed=3)
    columns = (pairs.question1.to_pylist(), pairs.question2.to_pylist(), pairs.label.tolist())
    lines = (
        f'"{first}","{second}",{label}\n' for first, second, label in zip(*columns, strict=True)
    )
    return HEADER + "".join(lines).encode()


def halve(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def read_all(api: ApiForTests) -> list[Any]:
    """What is said of the data set `mine` by each call that reads its files."""
    body = {**SPEC, "dataset": "mine", "split": CONNECTED, "batch_size": 16}
    dry = api.http.post("/v1/experiments", params={"dry_run": True}, json=body)
    assert dry.status_code == 200, dry.text
    places = ("pairs", "lengths")
    return [dry.json(), *(api.get(f"/v1/datasets/mine/{place}") for place in places)]


@pytest.mark.parametrize(
    "name",
    [
        "labels.npy",
        "groups/groups.npy",
        f"{TOKENS}/ids.npy",
        f"{TOKENS}/offsets.npy",
        f"{TOKENS}/vocabulary.txt",
    ],
)
def test_a_torn_file_that_can_be_made_again_is_noticed_by_no_client(
    start_own: StartService, rows: bytes, name: str
) -> None:
    api = start_own()
    folder = api.settings.datasets_dir / upload(api, rows).json()["content_hash"]
    expected = read_all(api)
    halve(folder / name)
    assert read_all(api) == expected


def test_torn_rows_name_the_data_set_and_an_upload_of_the_same_rows_heals_them(
    start_own: StartService, rows: bytes
) -> None:
    api = start_own()
    stored = upload(api, rows).json()
    upload(api, rows, name="twin")
    expected = read_all(api)
    halve(api.settings.datasets_dir / stored["content_hash"] / "pairs.parquet")
    problem = refused(api.http.get("/v1/datasets/mine/pairs"), 500, "upload the same file again")
    assert problem["type"] == "urn:tripletlab:problem:damaged-data-set"
    assert "'mine' and 'twin'" in problem["detail"]
    assert upload(api, rows).json() == stored
    assert read_all(api) == expected


def test_rows_that_the_service_made_itself_are_made_again_when_it_starts(
    start_own: StartService, generated: GeneratedForTests
) -> None:
    api = start_own()
    place = f"/v1/datasets/{GENERATED}/pairs"
    expected = api.get(place)
    halve(api.settings.datasets_dir / generated.digest / "pairs.parquet")
    refused(api.http.get(place), 500, "is made again when the service starts")
    assert start_own().get(place) == expected
