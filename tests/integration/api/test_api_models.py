"""`/v1/models`: taking in, listing, deleting; limits, owners, and hosts that share a bucket."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.client import Client, Refused
from models.files.recorded_hashes import damaged, recorded
from models.store import workers

from support.api import SPEC, ApiForTests, StartService, now, pointers, refused
from support.buckets import bucket_in
from support.commands import tripletlab
from support.pretrained import tarred, toy_files, write_folder, zipped
from support.uploads import upload_model


@pytest.fixture
def api(start_service: StartService) -> ApiForTests:
    return start_service()


def folders(api: ApiForTests) -> list[Path]:
    """Of the models that are stored; tests share a data folder."""
    return sorted(api.settings.models_dir.glob("*"))


def test_a_model_is_taken_in_listed_and_deleted_with_its_files(api: ApiForTests) -> None:
    reply = upload_model(api)
    assert (reply.status_code, reply.headers["location"]) == (201, "/v1/models/toy")
    view = reply.json()
    assert (view["architecture"], view["layers"], view["pooling"]) == ("bert", 2, "mean")
    folder = api.settings.models_dir / view["content_hash"]
    assert recorded(folder)
    assert not damaged(folder)
    assert api.get("/v1/models")["items"] == [view] == [api.get("/v1/models/toy")]
    assert upload_model(api, tarred(toy_files(), "w:gz")).status_code == 201
    assert upload_model(api, name="twin").json()["content_hash"] == view["content_hash"]
    refused(
        upload_model(api, zipped(toy_files(num_hidden_layers=1))),
        409,
        "belongs to a model with other",
    )
    assert api.http.delete("/v1/models/toy").status_code == 204
    assert folder.is_dir()  # the twin's
    assert api.http.delete("/v1/models/twin").status_code == 204
    assert not folder.exists()
    refused(api.http.get("/v1/models/toy"), 404)
    assert list((api.settings.data_dir / "uploads").iterdir()) == []


def test_what_cannot_be_used_is_refused_in_a_sentence_and_leaves_nothing(
    api: ApiForTests,
) -> None:
    before = folders(api)
    bad = {**toy_files(), "config.json": json.dumps({"auto_map": {"AutoModel": "x"}}).encode()}
    reply = upload_model(api, zipped(bad))
    refused(reply, 422, "no code of a model is ever run")
    assert pointers(reply) == ["/file"]
    refused(upload_model(api, b"MZ not an archive"), 415, "is not an archive")
    assert pointers(upload_model(api, name="a b")) == ["/name"]
    typo = api.http.post("/v1/models", files={"file": b"PK\3\4"}, data={"nam": "toy"})
    assert "/nam" in pointers(typo)
    assert api.get("/v1/models")["items"] == []
    assert folders(api) == before
    assert list((api.settings.data_dir / "uploads").iterdir()) == []


def test_a_damaged_copy_is_replaced_by_the_next_upload(api: ApiForTests) -> None:
    folder = api.settings.models_dir / upload_model(api).json()["content_hash"]
    (folder / "tokenizer.json").write_bytes(b"{}")
    assert damaged(folder) == ["tokenizer.json"]
    assert upload_model(api).status_code == 201
    assert not damaged(folder)


def test_models_and_data_sets_share_a_limit_of_disk_and_uploads_one_of_size(
    start_service: StartService,
) -> None:
    api = start_service(max_stored_bytes=30_000, max_upload_bytes=100_000)
    ann, bob = api.key("submit", "ann"), api.key("submit", "bob")
    assert upload_model(api, headers=ann).status_code == 201
    other, before = zipped(toy_files(intermediate_size=24)), folders(api)
    refused(upload_model(api, other, "more", headers=ann), 429, "models and token vectors would")
    assert [one["name"] for one in api.http.get("/v1/models", headers=ann).json()["items"]] == [
        "toy"
    ]
    assert folders(api) == before
    refused(upload_model(api, bytes(200_000), headers=bob), 413)
    refused(api.http.delete("/v1/models/toy", headers=bob), 403, "was not made with this key")
    assert api.http.delete("/v1/models/toy", headers=ann).status_code == 204
    assert upload_model(api, other, "more", headers=ann).status_code == 201


def test_hosts_without_a_common_disk_share_a_model_through_a_bucket(
    start_service: StartService, tmp_path: Path
) -> None:
    with bucket_in(tmp_path) as bucket:
        here, there = (
            start_service(data_dir=tmp_path / name, files_url=bucket.url) for name in ("a", "b")
        )
        digest = upload_model(here).json()["content_hash"]
        names = [name for name in bucket.names() if digest in name]
        assert f"models/{digest}/model.safetensors" in names
        assert there.get("/v1/models/toy")["content_hash"] == digest
        assert there.http.delete("/v1/models/toy").status_code == 204
        assert not [name for name in bucket.names() if digest in name]


def test_the_client_and_the_command_send_a_folder_as_people_have_it(
    api: ApiForTests, tmp_path: Path
) -> None:
    folder = write_folder({**toy_files(), "onnx/model.onnx": bytes(100)}, tmp_path / "toy")
    with Client(api.url) as lab:
        sent = lab.upload_model(folder, "toy")
        assert [model.name for model in lab.models()] == ["toy"]
        assert sent.content_hash == upload_model(api).json()["content_hash"]
        (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
        with pytest.raises(Refused, match=r"pytorch_model.bin is a pickle"):
            lab.upload_model(folder, "pickled")
    (folder / "pytorch_model.bin").rename(folder / "model.safetensors")
    said = tripletlab("models", "add", str(folder), "--name", "again", "--url", api.url).stdout
    assert "again: bert of 2,144 parameters, vectors of 8, texts of up to 40 tokens" in said
    listed = tripletlab("models", "list", "--url", api.url).stdout
    assert "again" in listed
    assert "bert" in listed
    deleted = tripletlab("models", "delete", "again", "--yes", "--url", api.url)
    assert deleted.stderr == "again is deleted.\n"
    assert [one["name"] for one in api.get("/v1/models")["items"]] == ["toy"]
    missing = tripletlab("models", "add", str(tmp_path / "no"), "--name", "x", "--url", api.url)
    assert "There is no folder" in missing.stderr


def submitted(api: ApiForTests, **changes: Any) -> httpx.Response:
    """A small question whose arms start from the toy."""
    encoder = {"kind": "pretrained", "model": "toy", "max_tokens": 24}
    body = {**SPEC, "encoder": encoder, **changes}
    return api.http.post("/v1/experiments", json=body)


def test_a_spec_is_held_to_its_model_before_anything_is_queued(api: ApiForTests) -> None:
    reply = submitted(api)
    assert pointers(reply) == ["/encoder/model"]
    refused(reply, 422, "there is none yet: upload it, with `tripletlab models add FOLDER --name ")
    upload_model(api)
    own = {"kind": "pretrained", "model": "toyy"}
    arms = [{**SPEC["arms"][0], "encoder": own}, SPEC["arms"][1]]
    reply = submitted(api, encoder={"kind": "lstm"}, arms=arms)
    assert pointers(reply) == ["/arms/0/encoder/model"]
    refused(reply, 422, "is 'toy' meant?")
    refused(submitted(api, encoder={**own, "model": "minilm"}), 422, "or upload it, with `triplet")
    long = {"kind": "pretrained", "model": "toy", "train_layers": 3}
    reply = submitted(api, encoder=long)
    assert pointers(reply) == ["/encoder/max_tokens", "/encoder/train_layers"]
    refused(reply, 422, "reads texts of at most 40 tokens")
    same = {"count": 2, "vary": ["initial_weights"]}
    reply = submitted(api, seeds=same)
    refused(reply, 422, "all its runs would be the same")
    odd = submitted(api, encoder={**long, "train_layers": "some", "hidden_dim": 3})
    assert pointers(odd) == ["/encoder/train_layers", "/encoder/hidden_dim"]


def test_a_dry_run_and_the_view_say_what_it_takes_and_what_is_missing(api: ApiForTests) -> None:
    upload_model(api)
    body = {**SPEC, "encoder": {"kind": "pretrained", "model": "toy", "max_tokens": 24}}
    dry = api.http.post("/v1/experiments", json=body, params={"dry_run": True}).json()
    assert "pip install 'tripletlab[pretrained]'" in dry["estimate"]
    libraries, weights = 500 << 20, 44 * 2_144
    assert libraries + weights < dry["run_memory_bytes"] < libraries + weights + (20 << 20)
    plain = api.http.post("/v1/experiments", json=SPEC, params={"dry_run": True}).json()
    assert plain["run_memory_bytes"] is None
    made = submitted(api).json()
    assert all(run["pretrained"] for run in made["runs"])
    with api.database.transaction() as session:
        about: dict[str, Any] = {"host": "h", "pid": 1, "slots": 1, "cuda_devices": 0}
        about["now"] = now()
        workers.register(session, worker_id="wrk_a", **about)
    waiting = api.get(f"/v1/experiments/{made['id']}")["runs"][0]["waiting_for"]
    assert "libraries of pretrained encoders" in waiting
    refused(api.http.delete("/v1/models/toy"), 409, f"is used by experiment {made['id']}")
    with api.database.transaction() as session:
        workers.register(session, worker_id="wrk_b", pretrained=True, **about)
    assert api.get(f"/v1/experiments/{made['id']}")["runs"][0]["waiting_for"] is None
    refused(api.http.get(f"/v1/runs/{made['runs'][0]['id']}/model"), 409, "is queued")
    api.http.post(f"/v1/experiments/{made['id']}/cancel")
    assert api.http.delete(f"/v1/experiments/{made['id']}").status_code == 204
    assert api.http.delete("/v1/models/toy").status_code == 204
