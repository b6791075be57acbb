"""How much a caller may send, queue and store; what is beyond is refused, and soon."""

import gzip
import http.client
from collections.abc import Callable
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from api.http.json_bodies import MAX_BYTES

from support.api import GENERATED, SPEC, ApiForTests, StartService, refused
from support.uploads import CSV, HEADER, upload


def nothing_is_left(api: ApiForTests) -> bool:
    uploads = api.settings.data_dir / "uploads"
    names = [one["name"] for one in api.get("/v1/datasets")["items"]]
    return names == [GENERATED] and not (uploads.exists() and list(uploads.iterdir()))


def test_an_upload_beyond_the_bound_is_refused_before_it_is_read(
    start_service: StartService,
) -> None:
    api = start_service(max_upload_bytes=10_000)
    connection = http.client.HTTPConnection(api.http.base_url.host, api.http.base_url.port or 80)
    connection.putrequest("POST", "/v1/datasets")
    connection.putheader("Content-Type", "multipart/form-data; boundary=x")
    connection.putheader("Content-Length", str(10**15))
    connection.endheaders()  # and not a byte of the body
    reply = connection.getresponse()
    assert reply.status == 413
    assert b"10,000 bytes" in reply.read()
    connection.close()


def test_an_upload_of_untold_length_is_cut_off_at_the_bound(start_service: StartService) -> None:
    api = start_service(max_upload_bytes=100_000)
    sent = 0

    def endless() -> Any:
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
        while sent < 50_000_000:
            sent += 10_000
            yield b"x" * 10_000

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    try:
        reply = api.http.post("/v1/datasets", content=endless(), headers=headers)
    except httpx.TransportError:  # the service hung up while we still sent
        pass
    else:
        refused(reply, 413, "100,000 bytes")
    assert sent < 50_000_000
    assert nothing_is_left(api)


def test_a_small_upload_passes_and_other_bodies_are_bounded_like_a_spec(
    start_service: StartService,
) -> None:
    api = start_service()
    assert upload(api, CSV).status_code == 201
    long = {"Content-Type": "application/x-www-form-urlencoded"}
    body = b"name=" + b"x" * MAX_BYTES
    refused(api.http.post("/v1/datasets", content=body, headers=long), 413, "may have at most")
    made = api.submit()
    path = f"/v1/experiments/{made['id']}/cancel"
    refused(api.http.post(path, content=body), 413, "may have at most")


@pytest.mark.parametrize(
    "parts",
    [
        [("file", ("a.csv", CSV)), ("file", ("b.csv", CSV))],
        [("file", ("a.csv", CSV)), *[(f"field{i}", (None, b"x")) for i in range(50)]],
        [("file", ("a.csv", CSV)), ("name", (None, b"x" * 10_000))],
    ],
    ids=["files", "fields", "a long field"],
)
def test_a_form_of_more_parts_than_it_needs_is_refused(
    start_service: StartService, parts: list[Any]
) -> None:
    reply = start_service().http.post("/v1/datasets", files=parts)
    assert reply.status_code == 400
    assert reply.headers["content-type"] == "application/problem+json"


def zstd(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    packed: bytes = sink.getvalue().to_pybytes()
    return packed


@pytest.mark.parametrize(
    ("pack", "filename"),
    [(gzip.compress, "a.csv.gz"), (zstd, "a.csv.zst"), (gzip.compress, "a.parquet.gz")],
)
def test_a_zip_bomb_is_given_up_at_the_bound(
    start_service: StartService, pack: Callable[[bytes], bytes], filename: str
) -> None:
    api = start_service(max_unpacked_bytes=1_000_000)
    head = b"PAR1" if "parquet" in filename else HEADER
    bomb = pack(head + b"a,b,1\n" * 1_000_000)
    assert len(bomb) < 60_000
    document = refused(
        upload(api, bomb, filename), 422, "more than 1,000,000 bytes after unpacking"
    )
    assert document["errors"][0]["pointer"] == "/file"
    assert nothing_is_left(api)


@pytest.mark.parametrize("dictionary", [True, False])
def test_a_parquet_bomb_is_refused_before_it_unfolds(
    start_service: StartService, dictionary: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = start_service(max_unpacked_bytes=1_000_000, max_text_length=10**9)
    if not dictionary:  # the file tells its size, so that no page of it need be unpacked
        monkeypatch.delattr(pq.ParquetFile, "iter_batches")
    long = ["x" * 4_000_000, "y"]
    table = pa.table({"question1": long, "question2": ["b", "c"], "is_duplicate": [1, 0]})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", use_dictionary=dictionary)
    bomb = sink.getvalue().to_pybytes()
    assert len(bomb) < 60_000
    refused(upload(api, bomb, "a.parquet"), 422, "more than 1,000,000 bytes after unpacking")
    assert nothing_is_left(api)


def test_rows_and_texts_of_an_upload_are_bounded(start_service: StartService) -> None:
    api = start_service(max_dataset_rows=3, max_text_length=5)
    assert upload(api, HEADER + b"a,b,1\n" * 3).status_code == 201
    refused(upload(api, HEADER + b"a,b,1\n" * 4, name="more"), 422, "more than 3 rows")
    refused(upload(api, HEADER + b"abcdef,b,1\n", name="more"), 422, "5 are allowed")


def test_steps_times_runs_are_bounded(start_service: StartService) -> None:
    api = start_service(max_total_steps=4 * 20)
    api.submit()  # 2 arms, 2 seeds, 20 steps
    reply = api.http.post("/v1/experiments", json={**SPEC, "steps": 21})
    document = refused(reply, 422, "4 runs of 21 steps")
    assert [error["pointer"] for error in document["errors"]] == ["/steps"]
