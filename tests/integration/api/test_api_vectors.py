"""`/v1/vectors`: taking in, listing, deleting, a bucket; and specs that start from them."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from api.client import Client, Refused
from models.files.recorded_hashes import damaged, recorded
from models.vectors.stored import FILE

from support.api import SPEC, ApiForTests, StartService, pointers, refused
from support.buckets import bucket_in
from support.commands import tripletlab
from support.vectors import SOME, Vectors, as_binary, as_text, gzipped


@pytest.fixture
def api(start_service: StartService) -> ApiForTests:
    return start_service()


def add(
    api: ApiForTests, content: bytes | Vectors = SOME, name: str = "toy", **request: Any
) -> httpx.Response:
    body = content if isinstance(content, bytes) else as_text(content)
    files = {"file": ("toy.txt", body)}
    return api.http.post("/v1/vectors", files=files, data={"name": name}, **request)


def submitted(api: ApiForTests, dry: bool = False, **changes: Any) -> httpx.Response:
    body = {**SPEC, "encoder": {"kind": "bag", "vectors": "toy"}, **changes}
    return api.http.post("/v1/experiments", json=body, params={"dry_run": dry})


def test_vectors_are_taken_in_listed_and_deleted_with_their_file(api: ApiForTests) -> None:
    reply = add(api, as_text(SOME) + b"how 1 1 1\n")
    assert (reply.status_code, reply.headers["location"]) == (201, "/v1/vectors/toy")
    view = reply.json()
    assert view["warnings"] == ["1 token of the file comes again; the first vector of each counts"]
    assert (view["tokens"], view["dimension"], view["has_capitals"]) == (4, 3, False)
    folder = api.settings.vectors_dir / view["content_hash"]
    assert recorded(folder)
    assert not damaged(folder)
    assert view["size"] == (folder / FILE).stat().st_size
    listed = {**view, "warnings": []}
    assert api.get("/v1/vectors")["items"] == [listed] == [api.get("/v1/vectors/toy")]
    assert add(api, gzipped(as_binary(SOME))).status_code == 201
    assert add(api, name="twin").json()["content_hash"] == view["content_hash"]
    refused(add(api, {"the": (1.0,)}), 409, "belongs to a set of vectors with other content")
    (folder / FILE).write_bytes(b"half")
    assert add(api).status_code == 201
    assert not damaged(folder)
    assert api.http.delete("/v1/vectors/toy").status_code == 204
    assert folder.is_dir()  # the twin's
    assert api.http.delete("/v1/vectors/twin").status_code == 204
    assert not folder.exists()
    refused(api.http.get("/v1/vectors/toy"), 404, "there is no set of vectors 'toy'")
    refused(add(api, b"PK\x03\x04"), 415, "unpack it")
    assert list((api.settings.data_dir / "uploads").iterdir()) == []


def test_what_cannot_be_used_is_refused_in_a_sentence_and_leaves_nothing(
    start_service: StartService,
) -> None:
    api = start_service(max_upload_bytes=100_000, max_unpacked_bytes=2000, max_stored_bytes=300)
    before = sorted(api.settings.vectors_dir.glob("*"))
    reply = add(api, b"the 1 2\nhow 1 inf\n")
    refused(reply, 422, "line 2 has 'inf'")
    assert pointers(reply) == ["/file"]
    refused(add(api, gzipped(b"a 1\n" * 1000)), 422, "unpacks to more than the 2,000 bytes")
    refused(add(api, bytes(200_000)), 413)
    assert pointers(add(api, name="a b")) == ["/name"]
    ann = api.key("submit", "ann")
    assert add(api, headers=ann).status_code == 201
    more = {f"w{number}": (float(number), 1.0) for number in range(20)}
    refused(add(api, more, "more", headers=ann), 429, "token vectors would take")
    assert api.http.delete("/v1/vectors/toy", headers=ann).status_code == 204
    assert sorted(api.settings.vectors_dir.glob("*")) == before
    assert list((api.settings.data_dir / "uploads").iterdir()) == []


def test_hosts_without_a_common_disk_share_vectors_through_a_bucket(
    start_service: StartService, tmp_path: Path
) -> None:
    with bucket_in(tmp_path) as bucket:
        here, there = (
            start_service(data_dir=tmp_path / name, files_url=bucket.url) for name in ("a", "b")
        )
        digest = add(here).json()["content_hash"]
        assert f"vectors/{digest}/{FILE}" in bucket.names()
        found = submitted(there, dry=True).json()["vectors"]
        assert [one["content_hash"] for one in found] == [digest] * 2
        assert (there.settings.vectors_dir / digest / FILE).is_file()
        assert there.http.delete("/v1/vectors/toy").status_code == 204
        assert not [name for name in bucket.names() if digest in name]


def test_the_client_and_the_command_send_a_file_as_people_have_it(
    api: ApiForTests, tmp_path: Path
) -> None:
    file = tmp_path / "glove.3d.txt"
    file.write_bytes(as_text(SOME))
    with Client(api.url) as lab:
        sent = lab.upload_vectors(file, "toy")
        assert (sent.tokens, sent.dimension) == (4, 3)
        assert [one.name for one in lab.vectors()] == ["toy"]
        file.write_bytes(b"\x80\x04]")
        with pytest.raises(Refused, match="save_word2vec_format"):
            lab.upload_vectors(file, "pickled")
    file.write_bytes(as_binary(SOME))
    said = tripletlab("vectors", "add", str(file), "--name", "again", "--url", api.url).stdout
    assert "again: 4 tokens of 3 numbers" in said
    assert "again" in tripletlab("vectors", "list", "--url", api.url).stdout
    deleted = tripletlab("vectors", "delete", "again", "--yes", "--url", api.url)
    assert deleted.stderr == "again is deleted.\n"
    missing = tripletlab("vectors", "add", str(tmp_path / "no"), "--name", "x", "--url", api.url)
    assert "There is no file" in missing.stderr


def test_the_width_of_embeddings_follows_from_the_vectors_wherever_they_are_named(
    api: ApiForTests,
) -> None:
    add(api)
    dry = submitted(api, dry=True).json()
    assert dry["spec"]["encoder"]["embedding_dim"] == 3
    told = {one["pointer"]: one for one in dry["fitted"]}["/encoder/embedding_dim"]
    assert told["sentence"] == "An embedding has 3 numbers, as the vectors toy do."
    own = {"kind": "gru", "vectors": "toy", "train_vectors": False}
    arms = [{**SPEC["arms"][0], "encoder": own}, SPEC["arms"][1]]
    dry = submitted(api, dry=True, encoder={"kind": "lstm"}, arms=arms).json()
    assert dry["spec"]["arms"][0]["encoder"]["embedding_dim"] == 3
    assert dry["spec"]["encoder"]["embedding_dim"] == 128
    levels = [{"name": "drawn"}, {"name": "toy", "encoder": {"vectors": "toy"}}]
    factors = {"factors": [{"name": "vectors", "levels": levels}], "loss": SPEC["arms"][0]["loss"]}
    body = {name: part for name, part in SPEC.items() if name != "arms"}
    made = api.http.post("/v1/experiments", json={**body, "encoder": {"kind": "bag"}, **factors})
    spec = made.json()["spec"]
    assert [arm["encoder"]["embedding_dim"] for arm in spec["arms"][1:]] == [3]
    again = api.http.post("/v1/experiments", json=spec, params={"dry_run": True})
    assert again.json()["spec"] == spec  # what is stored can be sent again


def test_a_spec_is_held_to_its_vectors_before_anything_is_queued(api: ApiForTests) -> None:
    reply = submitted(api)
    assert pointers(reply) == ["/encoder/vectors"]
    refused(reply, 422, "none yet: upload it, with `tripletlab vectors add FILE --name toy`")
    add(api)
    refused(submitted(api, encoder={"kind": "lstm", "vectors": "toyy"}), 422, "is 'toy' meant?")
    wide = submitted(api, encoder={"kind": "lstm", "vectors": "toy", "embedding_dim": 8})
    assert pointers(wide) == ["/encoder/embedding_dim"]
    refused(wide, 422, "the vectors toy have 3 numbers for each token, and an embedding would")
    heads = submitted(api, encoder={"kind": "transformer", "vectors": "toy", "heads": 2})
    assert pointers(heads) == ["/encoder/heads"]
    idle = submitted(api, encoder={"kind": "lstm", "train_vectors": False})
    assert pointers(idle) == ["/encoder/train_vectors"]
    pretrained = submitted(api, encoder={"kind": "pretrained", "model": "m", "vectors": "toy"})
    assert pointers(pretrained) == ["/encoder/vectors"]


def test_a_dry_run_says_what_share_of_the_vocabulary_is_found_and_use_forbids_deletion(
    api: ApiForTests,
) -> None:
    add(api, {"how": (1.0, 2.0), "i": (2.0, 1.0), "?": (0.5, 0.5)})
    kept, lower = (
        submitted(api, dry=True, tokenizer=kind).json()["vectors"][0] for kind in ("word", "lower")
    )
    assert (kept["found"], lower["found"]) == (3, 3)
    assert kept["share"] == 3 / kept["words"] < lower["share"] == 3 / lower["words"]
    assert "the tokenizer `lower` finds more of them" in kept["sentence"]
    assert "lower" not in lower["sentence"]
    assert submitted(api, dry=True, encoder={"kind": "bag"}).json()["vectors"] == []
    made = submitted(api).json()
    refused(api.http.delete("/v1/vectors/toy"), 409, f"is used by experiment {made['id']}")
    for run in made["runs"]:
        about = {"vectors_sha256": "f" * 64, "vectors_words": 8, "vectors_found": 6}
        api.train(run["id"], accuracy=0.7, provenance=about)
    (first, _) = api.get(f"/v1/experiments/{made['id']}/results")["vectors"]
    assert (first["vectors"], first["content_hash"], first["share"]) == ("toy", "f" * 64, 0.75)
    assert first["sentence"].startswith("toy has 6 of the 8 words of")
    assert api.http.delete(f"/v1/experiments/{made['id']}").status_code == 204
    assert api.http.delete("/v1/vectors/toy").status_code == 204
