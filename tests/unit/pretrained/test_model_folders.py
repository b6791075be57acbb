"""What is taken of the folder of a pretrained model, and what is refused in it, in a sentence."""

import io
import json
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import pytest
from safetensors.numpy import load, save

from models.pretrained import archives, config
from models.pretrained.errors import ModelFileError
from models.pretrained.folder import FILES, ModelProfile, take_in

from support.pretrained import (
    POOLING,
    config_of,
    tarred,
    tokenizer_of,
    toy_files,
    vocabulary,
    weights_of,
    zipped,
)

MOST = 10 << 20
Files = dict[str, bytes]


def taken(content: bytes, folder: Path, most: int = MOST) -> ModelProfile:
    """Taken in from a file like that of an upload, which was also written to."""
    folder.mkdir()
    with tempfile.SpooledTemporaryFile(1 << 10) as file:
        file.write(content)
        file.seek(0)
        return take_in(cast(BinaryIO, file), folder, most)


def refusal(content: bytes, folder: Path, most: int = MOST) -> str:
    """The sentence with which an archive is refused."""
    with pytest.raises(ModelFileError) as caught:
        taken(content, folder, most)
    return str(caught.value)


def test_the_same_folder_is_the_same_model_however_it_was_packed(tmp_path: Path) -> None:
    files = toy_files()
    inside = {f"a-model/{name}": content for name, content in files.items()}
    packed = (
        *(zipped(files), zipped(files, zipfile.ZIP_DEFLATED), zipped(inside)),
        *(tarred(files), tarred(inside, "w:gz")),
    )
    profiles = [taken(one, tmp_path / str(index)) for index, one in enumerate(packed)]
    assert len(set(profiles)) == 1
    (one, *_) = profiles
    assert (one.architecture, one.width, one.layers, one.positions) == ("bert", 8, 2, 40)
    assert one.pooling == "mean"
    assert one.parameters == sum(v.size for v in load(files["model.safetensors"]).values())
    assert sorted(path.name for path in (tmp_path / "0").iterdir()) == sorted(FILES)
    assert one.size == sum(path.stat().st_size for path in (tmp_path / "0").iterdir())


def test_only_what_is_known_of_a_config_is_stored(tmp_path: Path) -> None:
    files = toy_files(_name_or_path="/etc", architectures=["BertModel"], torch_dtype="bfloat16")
    taken(zipped(files), tmp_path / "a")
    stored = json.loads((tmp_path / "a" / "config.json").read_text())
    assert set(stored) == {
        *("model_type", "hidden_size", "num_hidden_layers", "num_attention_heads"),
        *("intermediate_size", "hidden_act", "vocab_size", "max_position_embeddings"),
        *("pad_token_id", "layer_norm_eps", "type_vocab_size"),
    }


def test_a_whole_model_with_a_head_and_half_precision_is_taken_too(tmp_path: Path) -> None:
    files = toy_files()
    tensors: dict[str, Any] = {
        f"bert.{name}": values.astype(np.float16)
        for name, values in load(files["model.safetensors"]).items()
    }
    tensors["cls.predictions.bias"] = np.zeros(3, np.float32)
    tensors["bert.embeddings.position_ids"] = np.arange(40)[None]
    files["model.safetensors"] = save(tensors)
    assert taken(zipped(files), tmp_path / "a").layers == 2


def test_pickles_beside_the_weights_are_left_out_and_alone_are_refused(tmp_path: Path) -> None:
    files = {**toy_files(), "pytorch_model.bin": b"\x80\x04."}
    assert taken(zipped(files), tmp_path / "a").left_out == ("pytorch_model.bin",)
    assert not (tmp_path / "a" / "pytorch_model.bin").exists()
    del files["model.safetensors"]
    said = refusal(zipped(files), tmp_path / "b")
    assert "pytorch_model.bin is a pickle" in said
    assert "safetensors" in said


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"auto_map": {"AutoModel": "modeling.Evil"}}, "no code of a model is ever run"),
        ({"model_type": "llama"}, "'llama'; those that can be trained here are bert"),
        ({"model_type": None}, "of the model type 'None'"),
        ({"num_hidden_layers": 2_000_000_000}, "num_hidden_layers in config.json is 2000000000"),
        ({"hidden_size": "8"}, "hidden_size in config.json is 8"),
        ({"hidden_size": None}, "hidden_size in config.json is missing"),
        ({"num_attention_heads": 3}, "does not come out even"),
        ({"vocab_size": 900_000, "hidden_size": 4096}, "parameters, and at most"),
        ({"max_position_embeddings": 3}, "no positions"),
        ({"position_embedding_type": "relative_key"}, "position_embedding_type"),
        ({"quantization_config": {"bits": 4}}, "quantised"),
        ({"is_decoder": True}, "decoder"),
        ({"hidden_act": "os.system"}, "hidden_act"),
        ({"layer_norm_eps": True}, "layer_norm_eps"),
        ({"pad_token_id": 10**9}, "pad_token_id"),
    ],
)
def test_a_config_of_a_network_that_is_not_known_is_refused(
    changes: Mapping[str, Any], words: str, tmp_path: Path
) -> None:
    files = toy_files()
    document = {**config_of(), **changes}
    files["config.json"] = json.dumps(document).encode()
    assert words in refusal(zipped(files), tmp_path / "a")


def with_part(name: str, content: bytes) -> Callable[[Files], Files]:
    return lambda files: {**files, name: content}


def without(name: str) -> Callable[[Files], Files]:
    return lambda files: {key: content for key, content in files.items() if key != name}


def header(document: Any, values: bytes = b"") -> bytes:
    text = json.dumps(document).encode()
    return len(text).to_bytes(8, "little") + text + values


TENSOR = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (without("config.json"), "the folder has no config.json"),
        (without("tokenizer.json"), "AutoTokenizer.from_pretrained(FOLDER).save_pretrained"),
        (without("model.safetensors"), "the folder has no model.safetensors"),
        (without("1_Pooling/config.json"), "names 1_Pooling/config.json, which is not in"),
        (with_part("config.json", b"[" * 100_000), "config.json is not JSON"),
        (with_part("config.json", b"[]"), "not a JSON object"),
        (with_part("config.json", b" " * (2 << 20)), "config.json unpacks to more than"),
        (with_part("model.safetensors", (10 << 30).to_bytes(8, "little") + b"{}"),
         "claims a header of 10,737,418,240 bytes"),
        (with_part("model.safetensors", b""), "is not a safetensors file"),
        (with_part("model.safetensors", header({"a": TENSOR})), "claims 8 bytes of tensors"),
        (with_part("model.safetensors", header({"a": {**TENSOR, "shape": [3]}}, b"8" * 8)),
         "describes the tensor 'a' wrongly"),
        (with_part("model.safetensors", header({"a": {**TENSOR, "shape": [-2, -1]}}, b"8" * 8)),
         "describes the tensor 'a' wrongly"),
        (with_part("model.safetensors", header({"a": TENSOR, "b": TENSOR}, b"8" * 8)),
         "a gap or an overlap"),
        (with_part("model.safetensors", header({"a": TENSOR}, b"8" * 8)),
         "has no tensor 'embeddings.word_embeddings.weight'"),
        (with_part("model.safetensors", weights_of(config_of(hidden_size=16))),
         "has the shape [91, 16], and the network of config.json needs [91, 8]"),
        (with_part("model.safetensors", weights_of(config_of(num_hidden_layers=1))),
         "has no tensor 'encoder.layer.1."),
        (with_part("tokenizer.json", b"{}"), "no model of a kind that is known"),
        (with_part("tokenizer.json", json.dumps({"model": {"type": "BPE"}}).encode()),
         "has no vocabulary"),
        (with_part("tokenizer.json", json.dumps(tokenizer_of({
            **vocabulary(), "too far": 5000})).encode()), "a token with the id 5000"),
        (with_part("modules.json", json.dumps([{"type": "x.models.Dense"}]).encode()),
         "a part of the type 'Dense'"),
        (with_part("modules.json", json.dumps([{"type": "Pooling", "path": "../x"}]).encode()),
         "which is not in the folder"),
        (with_part("1_Pooling/config.json", POOLING.replace(b"mean", b"max")),
         "pools by pooling_mode_max_tokens"),
    ],
)  # fmt: skip
def test_a_broken_or_hostile_file_is_refused_with_what_is_wrong(
    change: Callable[[Files], Files], words: str, tmp_path: Path
) -> None:
    files = change({**toy_files(), "2_Other/config.json": b"{}"})
    assert words in refusal(zipped(files), tmp_path / "a")


@pytest.mark.parametrize("name", ["/etc/passwd", "../up", "a/../../up", "..\\up", "C:/x", "a\\b"])
def test_a_name_that_leads_out_of_the_folder_is_refused_in_every_archive(
    name: str, tmp_path: Path
) -> None:
    files = {**toy_files(), name: b"x"}
    for index, packed in enumerate((zipped(files), tarred(files))):
        assert "not a name inside of its folder" in refusal(packed, tmp_path / str(index))
    assert not (tmp_path / "up").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE])
def test_links_and_devices_are_refused(kind: bytes, tmp_path: Path) -> None:
    target = io.BytesIO(tarred(toy_files()))
    with tarfile.open(fileobj=target, mode="a") as archive:
        entry = tarfile.TarInfo("vocab.txt")
        entry.type, entry.linkname = kind, "/etc/passwd"
        archive.addfile(entry)
    assert "a link or a device" in refusal(target.getvalue(), tmp_path / "tar")
    linked = io.BytesIO(zipped(toy_files()))
    with zipfile.ZipFile(linked, "a") as packed:
        info = zipfile.ZipInfo("vocab.txt")
        info.external_attr = 0o120777 << 16
        packed.writestr(info, "/etc/passwd")
    assert "a link or a device" in refusal(linked.getvalue(), tmp_path / "zip")


def test_bombs_are_refused_before_they_fill_a_disk(tmp_path: Path) -> None:
    files = {**toy_files(), "model.safetensors": bytes(2 << 20)}
    for index, packed in enumerate((zipped(files, zipfile.ZIP_DEFLATED), tarred(files, "w:gz"))):
        folder = tmp_path / str(index)
        assert len(packed) < 60_000
        assert "more than the 1,000,000 bytes" in refusal(packed, folder, most=1_000_000)
        assert sum(path.stat().st_size for path in folder.iterdir()) <= 1_000_000


def test_archives_of_too_many_entries_and_headers_that_claim_too_much_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MOST_ENTRIES", 20)
    many = {**toy_files(), **{f"x{number}": b"" for number in range(30)}}
    assert "more than 20 entries" in refusal(zipped(many), tmp_path / "a")
    assert "more than 20 entries" in refusal(tarred(many), tmp_path / "b")
    huge = tarfile.TarInfo("pax")
    huge.type, huge.size = tarfile.XHDTYPE, 1 << 30
    claims = huge.tobuf(tarfile.USTAR_FORMAT) + bytes(1 << 16)
    assert "claims to be longer" in refusal(claims, tmp_path / "c")


@pytest.mark.parametrize("cut", [3, 200, 1000, -30])
def test_a_cut_or_damaged_archive_is_refused_as_such(cut: int, tmp_path: Path) -> None:
    files = toy_files()
    packed = (zipped(files), tarred(files, "w:gz"), zipped(files, zipfile.ZIP_DEFLATED))
    for index, content in enumerate(packed):
        said = refusal(content[:cut], tmp_path / str(index))
        assert "not a whole zip, tar or tar.gz" in said


def test_of_two_models_in_an_archive_neither_is_guessed(tmp_path: Path) -> None:
    both = {f"{folder}/{name}": one for folder in "ab" for name, one in toy_files().items()}
    assert "more than one folder of a model" in refusal(zipped(both), tmp_path / "a")
    assert "no folder of a model" in refusal(zipped({"x": b""}), tmp_path / "b")


def test_no_network_is_larger_than_can_be_trained() -> None:
    """The largest that the bounds let in is refused by its parameters, and no number overflows."""
    document = config_of(hidden_size=4096, num_hidden_layers=64, num_attention_heads=64)
    with pytest.raises(ModelFileError, match="parameters, and at most"):
        config.read_config(json.dumps({**document, "intermediate_size": 16384}).encode())
