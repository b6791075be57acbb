"""A bucket of an S3-compatible store, for hosts that share no disk.

An object is whole or absent, and a listing shows what was stored before it (as S3 promises since
2020), so the order of storing files is enough: a checkpoint's description follows its tensors, and
a data set is complete when its last file is there. Nothing is renamed or locked.
"""

import hashlib
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property, partial
from pathlib import Path
from typing import TypeVar

from pyarrow.fs import (
    AwsStandardS3RetryStrategy,
    FileInfo,
    FileSelector,
    FileType,
    S3FileSystem,
    resolve_s3_region,
)

from models.errors import FilesAway
from models.files.atomic import new_folder, write_whole
from models.files.bucket_location import BucketLocation
from models.files.file_store import Entry, remove_here
from models.files.recorded_hashes import damaged

_CONNECT, _REQUEST, _TRIES = 2.0, 10.0, 3  # seconds, seconds, tries of one request
_REGION = "us-east-1"
_PAUSE = 1.0  # seconds until the next request to a bucket that does not answer
_AT_ONCE = 8  # removals in parallel

_log = logging.getLogger(__name__)
T = TypeVar("T")


class Bucket:
    """Files of `data_dir` as objects in a folder of a bucket.

    Keys come from where AWS's own tools take them: variables, files, the machine's role. A store
    that does not answer is asked again for `patience` seconds, as long as `wanted` says so.
    """

    def __init__(
        self,
        data_dir: Path,
        location: BucketLocation,
        patience: float,
        wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        self._data_dir, self._location = data_dir, location
        self._patience, self._wanted = patience, wanted

    def write(self, file: Path, content: bytes) -> None:
        self._ask(partial(_put, content=content), file)

    def read(self, file: Path) -> bytes:
        return self._ask(_get, file)

    def entries(self, folder: Path) -> list[Entry]:
        def list_files(store: S3FileSystem, key: str) -> Sequence[FileInfo]:
            under = FileSelector(key, recursive=True, allow_not_found=True)
            files: Sequence[FileInfo] = store.get_file_info(under)
            return files

        start = len(self._key(folder)) + 1
        return [
            Entry(info.path[start:], info.size, info.mtime)
            for info in self._ask(list_files, folder)
            if info.type == FileType.File
        ]

    def remove(self, *paths: Path) -> None:
        for path in paths:
            remove_here(path)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            removals = [pool.submit(self._ask, _delete, path) for path in paths]
            try:
                for removal in removals:
                    removal.result()
            finally:
                pool.shutdown(cancel_futures=True)  # after one failure the others would fail too

    def bring(self, file: Path, sha256: str | None = None) -> Path:
        if file.is_file() and (sha256 is None or _hash(file.read_bytes()) == sha256):
            return file
        with suppress(FileNotFoundError):
            content = self.read(file)
            if sha256 is None or _hash(content) == sha256:
                file.parent.mkdir(parents=True, exist_ok=True)
                write_whole(file, content)
                return file
            _log.error("%s in the bucket has another hash than its run recorded", file.name)
        file.unlink(missing_ok=True)  # a copy with another hash, if there is one
        return file  # opening it raises the error that describes its absence

    def give_folder(self, folder: Path, *, last: str) -> None:
        given = {entry.name for entry in self.entries(folder)}
        if last not in given:
            names = (path.relative_to(folder).as_posix() for path in _files_in(folder))
            for name in sorted(names, key=lambda one: one == last):
                self.write(folder / name, (folder / name).read_bytes())

    def bring_folder(self, folder: Path, *, last: str) -> Path:
        if folder.is_dir():
            for name in damaged(folder):
                with suppress(FileNotFoundError):
                    write_whole(folder / name, self.read(folder / name))
            return folder
        names = [entry.name for entry in self.entries(folder)]
        if last in names:
            with new_folder(folder) as temporary:
                for name in names:
                    copy = temporary / name
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    copy.write_bytes(self.read(folder / name))
        return folder

    def check(self) -> None:
        bucket = self._location.bucket
        try:
            info = self._ask(lambda store, _key: store.get_file_info(bucket), self._data_dir)
        except FilesAway as away:
            raise FilesAway(f"{away}: {away.__cause__}") from away.__cause__
        if info.type == FileType.NotFound:
            detail = f"there is no bucket {bucket}, or these keys do not give access to it"
            raise FilesAway(detail) from FileNotFoundError(bucket)

    @cached_property
    def _store(self) -> S3FileSystem:
        """Made when first needed, since its threads would not survive a fork."""
        location = self._location
        # AWS has to be asked for it; other stores accept any region, and most require one
        region = location.region or (
            _REGION if location.host else resolve_s3_region(location.bucket)
        )
        return S3FileSystem(
            scheme=location.scheme,
            endpoint_override=location.host,
            region=region,
            allow_delayed_open=True,  # a file that fits in one request is sent in one
            connect_timeout=_CONNECT,
            request_timeout=_REQUEST,
            retry_strategy=AwsStandardS3RetryStrategy(max_attempts=_TRIES),
        )

    def _key(self, path: Path) -> str:
        return "/".join((self._location.root, *path.relative_to(self._data_dir).parts))

    def _ask(self, action: Callable[[S3FileSystem, str], T], path: Path) -> T:
        end = time.monotonic() + self._patience
        while True:
            try:
                return action(self._store, self._key(path))
            except FileNotFoundError:
                raise
            except OSError as error:
                _log.warning("the bucket does not answer: %s", error)
                time.sleep(_PAUSE if self._patience else 0)
                if time.monotonic() >= end or not self._wanted():
                    # the library's error names hosts, so it is only the cause, for the log
                    raise FilesAway("the bucket does not answer") from error


def _put(store: S3FileSystem, key: str, *, content: bytes) -> None:
    with store.open_output_stream(key) as file:
        file.write(content)


def _get(store: S3FileSystem, key: str) -> bytes:
    with store.open_input_stream(key) as file:
        content: bytes = file.read()
    return content


def _delete(store: S3FileSystem, key: str) -> None:
    with suppress(FileNotFoundError):  # another removed it between the two requests
        match store.get_file_info(key).type:
            case FileType.File:
                store.delete_file(key)
            case FileType.Directory:
                store.delete_dir(key)


def _files_in(folder: Path) -> list[Path]:
    """The files of a folder, without those that are being written."""
    return [
        path
        for path in folder.rglob("*")
        if path.is_file() and not any(part[0] == "." for part in path.relative_to(folder).parts)
    ]


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
