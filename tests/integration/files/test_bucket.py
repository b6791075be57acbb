"""Hosts see each other's files: through one folder on a shared disk, through a bucket without."""

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from models.errors import FilesAway
from models.files.file_store import FileStore, SharedDisk
from models.files.recorded_hashes import record_hashes

from support.buckets import BucketForTests


@dataclass(frozen=True)
class Host:
    """A machine with its data folder."""

    data: Path
    files: FileStore

    def write(self, name: str, content: bytes = b"some") -> Path:
        path = self.data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path


@pytest.fixture(params=["disk", "bucket"])
def hosts(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Host, Host]:
    """Two hosts that share their files in one of the two ways."""
    if request.param == "disk":
        return Host(tmp_path, SharedDisk()), Host(tmp_path, SharedDisk())
    made: tuple[Host, Host] = request.getfixturevalue("apart")
    return made


@pytest.fixture
def apart(bucket: BucketForTests, tmp_path: Path) -> tuple[Host, Host]:
    """Two hosts without a common disk, and an empty bucket."""
    a, b = tmp_path / "a", tmp_path / "b"
    made = Host(a, bucket.host(a)), Host(b, bucket.host(b))
    made[0].files.remove(a / "runs", a / "datasets")
    return made


def test_what_one_host_gave_another_brings(hosts: tuple[Host, Host]) -> None:
    here, there = hosts
    here.files.write(here.data / "runs/r/weights", b"the weights")
    path = there.data / "runs/r/weights"
    assert there.files.bring(path) == path
    assert path.read_bytes() == there.files.read(path) == b"the weights"
    (entry,) = there.files.entries(there.data / "runs")
    assert (entry.name, entry.size) == ("r/weights", 11)


def test_what_is_nowhere_is_not_brought(hosts: tuple[Host, Host]) -> None:
    _, there = hosts
    path = there.data / "runs/r/weights"
    assert not there.files.bring(path).exists()
    assert not there.files.bring_folder(path.parent, last="weights").exists()
    assert there.files.entries(path.parent) == []
    with pytest.raises(FileNotFoundError):
        there.files.read(path)


def test_a_folder_is_brought_with_all_that_is_in_it(hosts: tuple[Host, Host]) -> None:
    here, there = hosts
    here.write("datasets/d/pairs", b"pairs")
    here.write("datasets/d/tokens/ids", b"ids")
    here.files.give_folder(here.data / "datasets/d", last="pairs")
    folder = there.files.bring_folder(there.data / "datasets/d", last="pairs")
    assert (folder / "pairs").read_bytes() == b"pairs"
    assert (folder / "tokens/ids").read_bytes() == b"ids"


def test_a_file_of_a_folder_that_was_torn_here_is_brought_anew(apart: tuple[Host, Host]) -> None:
    here, there = apart
    here.write("datasets/d/pairs", b"pairs")
    record_hashes(here.data / "datasets/d")
    here.files.give_folder(here.data / "datasets/d", last="pairs")
    folder = there.files.bring_folder(there.data / "datasets/d", last="pairs")
    (folder / "pairs").write_bytes(b"pa")
    there.files.bring_folder(folder, last="pairs")
    assert (folder / "pairs").read_bytes() == b"pairs"


def test_what_is_removed_is_gone_for_everyone_and_again_is_no_error(
    hosts: tuple[Host, Host],
) -> None:
    here, there = hosts
    for name in ("runs/r/a", "runs/r/b", "runs/s/a"):
        here.files.write(here.data / name, b"some")
    for _ in range(2):
        there.files.remove(there.data / "runs/r", there.data / "runs/s/a")
    assert there.files.entries(there.data / "runs") == []
    assert not there.files.bring(there.data / "runs/r/a").exists()


def test_a_folder_whose_last_file_is_not_there_yet_is_not_brought(
    apart: tuple[Host, Host],
) -> None:
    here, there = apart
    here.files.write(here.data / "datasets/d/labels", b"some")
    here.write("datasets/d/labels")
    folder = there.data / "datasets/d"
    assert not there.files.bring_folder(folder, last="pairs").exists()
    here.write("datasets/d/pairs")
    here.write("datasets/d/.half-written/ids")
    here.files.give_folder(here.data / "datasets/d", last="pairs")
    there.files.bring_folder(folder, last="pairs")
    assert sorted(path.name for path in folder.iterdir()) == ["labels", "pairs"]


def test_the_last_file_of_a_folder_is_given_last(
    apart: tuple[Host, Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, _ = apart
    for name in ("a", "labels", "z/ids"):
        here.write(f"datasets/d/{name}")
    given: list[str] = []
    monkeypatch.setattr(here.files, "write", lambda file, _content: given.append(file.name))
    here.files.give_folder(here.data / "datasets/d", last="labels")
    assert given == ["a", "ids", "labels"]


def test_a_copy_that_is_not_the_file_of_that_hash_is_brought_anew(
    apart: tuple[Host, Host],
) -> None:
    here, there = apart
    here.files.write(here.data / "runs/r/weights", b"of the attempt that counts")
    old = there.write("runs/r/weights", b"of a lost attempt")
    sha256 = hashlib.sha256(b"of the attempt that counts").hexdigest()
    assert there.files.bring(old).read_bytes() == b"of a lost attempt"
    assert there.files.bring(old, sha256).read_bytes() == b"of the attempt that counts"
    here.files.write(here.data / "runs/r/weights", b"of a lost attempt that came late")
    assert there.files.bring(old, sha256).exists()
    assert not there.files.bring(old, "0" * 64).exists()


def test_hosts_that_remove_the_same_at_once_are_both_content(apart: tuple[Host, Host]) -> None:
    names = [f"runs/r/{number}" for number in range(40)]
    for name in names:
        apart[0].files.write(apart[0].data / name, b"some")
    with ThreadPoolExecutor() as pool:
        removals = [
            pool.submit(host.files.remove, *(host.data / name for name in names)) for host in apart
        ]
    for removal in removals:
        removal.result()
    assert apart[0].files.entries(apart[0].data / "runs") == []


@pytest.mark.usefixtures("bucket")  # its keys
def test_a_bucket_that_is_away_is_waited_for_as_long_as_was_said(tmp_path: Path) -> None:
    late = BucketForTests(tmp_path / "late.log")
    path = tmp_path / "runs/r/weights"
    with pytest.raises(FilesAway, match="the bucket does not answer"):
        late.host(tmp_path).write(path, b"some")
    patient = late.host(tmp_path, patience=120)
    writing = threading.Thread(target=lambda: patient.write(path, b"some"))
    writing.start()
    try:
        late.start()
        writing.join()
        assert late.names() == ["runs/r/weights"]
    finally:
        late.stop()


@pytest.mark.usefixtures("bucket")  # its keys
def test_nothing_is_tried_again_for_an_attempt_that_has_lost_its_run(tmp_path: Path) -> None:
    late = BucketForTests(tmp_path / "late.log")
    asked: list[bool] = []

    def wanted() -> bool:
        asked.append(True)
        return False

    lost = late.host(tmp_path, patience=120, wanted=wanted)
    with pytest.raises(FilesAway):
        lost.write(tmp_path / "runs/r/weights", b"some")
    assert asked == [True]


def test_a_bucket_that_is_not_there_is_said_at_once(bucket: BucketForTests, tmp_path: Path) -> None:
    bucket.host(tmp_path).check()
    bucket.url = bucket.url.replace("//lab", "//laboratory")
    try:
        with pytest.raises(FilesAway, match="no bucket laboratory"):
            bucket.host(tmp_path).check()
    finally:
        bucket.url = bucket.url.replace("//laboratory", "//lab")
