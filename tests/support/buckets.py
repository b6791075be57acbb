"""An S3 server of the tests' own: Moto's, which speaks the protocol and keeps objects in memory."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from pyarrow.fs import FileSelector, FileType, S3FileSystem

from models.files.bucket import Bucket
from models.files.bucket_location import parse_location
from models.processes.parent_death import bound

from support.workers import wait_until

MOTO = Path(sys.executable).with_name("moto_server")
KEYS = {"AWS_ACCESS_KEY_ID": "lab", "AWS_SECRET_ACCESS_KEY": "secret"}


class BucketForTests:
    """A bucket called `lab` on a server of its own, which may be started late."""

    def __init__(self, log: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self._port = taken.getsockname()[1]
        self._log = log
        self._server: subprocess.Popen[bytes] | None = None
        self.address = f"http://127.0.0.1:{self._port}"
        self.url = f"s3://lab/tripletlab?endpoint={self.address}"

    def start(self) -> None:
        with self._log.open("wb") as output:
            self._server = subprocess.Popen(
                bound([str(MOTO), "-H", "127.0.0.1", "-p", str(self._port)]),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        wait_until("the S3 server", self._made)

    def stop(self) -> None:
        """End the server; what was in the bucket is gone with it."""
        if self._server is not None:
            self._server.kill()
            self._server.wait()

    def _made(self) -> bool:
        try:
            return httpx.put(f"{self.address}/lab", timeout=60).is_success
        except httpx.TransportError:
            return False

    def host(self, data_dir: Path, **more: Any) -> Bucket:
        """The bucket, as a host with this data folder sees it."""
        return Bucket(data_dir, parse_location(self.url), **{"patience": 0.0, **more})

    def names(self) -> list[str]:
        """Every object with something in it, as another client of the server lists them."""
        client = S3FileSystem(
            access_key="lab",
            secret_key="secret",
            scheme="http",
            endpoint_override=f"127.0.0.1:{self._port}",
        )
        found = client.get_file_info(FileSelector("lab", recursive=True))
        start = len("lab/tripletlab/")
        return sorted(one.path[start:] for one in found if one.type == FileType.File and one.size)


@contextmanager
def bucket_in(folder: Path) -> Iterator[BucketForTests]:
    """A started one; this process and those it starts have its keys meanwhile."""
    bucket, before = BucketForTests(folder / "s3.log"), dict(os.environ)
    os.environ.update(KEYS)
    try:
        bucket.start()
        yield bucket
    finally:
        bucket.stop()
        for name in KEYS:
            os.environ.pop(name)
        os.environ.update(before)
