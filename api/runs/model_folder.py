"""`/v1/runs/{id}/model`: the network of a run that started from a pretrained model, as a folder.

The file of weights has all of it: the trained tensors, the config and the tokenizer. Here they are
laid out as sentence-transformers and transformers read them, in a zip archive.
"""

import json
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from api.dependencies import RunId, ServiceDep
from api.openapi.responses import may_answer
from models.errors import Conflict, NotFound
from models.files.run_files import METADATA_KEY, WEIGHTS
from models.files.safetensors_header import StoredTensor, write_header
from models.pretrained.folder import CONFIG, TOKENIZER
from models.pretrained.folder import WEIGHTS as MODEL_WEIGHTS
from models.pretrained.sentence_modules import MODULES
from models.pretrained.weights_header import read_header
from models.states import RunState
from models.store.run_life.runs import refuse_tuning_run
from models.store.run_life.runs import run as find_run

PREFIX = "transformer."  # what a run's file puts before the names of the network's tensors
PIECE = 1 << 20

router = APIRouter(prefix="/runs", tags=["runs"])


@router.get(
    "/{run_id}/model",
    response_class=FileResponse,
    responses={
        200: {
            "description": "A zip archive of the folder.",
            "content": {
                "application/zip": {
                    "schema": {"type": "string", "contentMediaType": "application/zip"}
                }
            },
        },
        **may_answer(Conflict),
    },
)
def download_model(service: ServiceDep, run_id: RunId) -> Response:
    """Download the trained network as the folder that `SentenceTransformer(FOLDER)` loads.

    409 until the run has succeeded, and for a run whose encoder is not `pretrained`.
    """
    with service.database.reading() as session:
        run = find_run(session, run_id)
    refuse_tuning_run(run)
    if not run.pretrained:
        raise Conflict(f"run {run_id} did not start from a pretrained model; download its weights")
    if run.state != RunState.SUCCEEDED or run.weights_sha256 is None:
        raise Conflict(f"run {run_id} is {run.state}; its model is there when it succeeds")
    path = service.run_file(run_id, WEIGHTS, run.weights_sha256)
    if not path.is_file():
        raise NotFound(f"the weights of run {run_id} are not in this service's data folder")
    with tempfile.NamedTemporaryFile(dir=service.scratch_folder(), delete=False) as packed:
        archive = Path(packed.name)
        try:
            pack_model(path, packed)
        except BaseException:
            archive.unlink()
            raise
    return FileResponse(
        archive,
        media_type="application/zip",
        filename=f"{run_id}.zip",
        background=BackgroundTask(archive.unlink, missing_ok=True),
    )


def pack_model(path: Path, target: IO[bytes]) -> None:
    """Write the zip archive of the model in a run's file of weights. Raises `ModelFileError` for a
    file that has none."""
    with path.open("rb") as file, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        tensors = read_header(file)
        begin = path.stat().st_size - max(one.end for one in tensors.values())
        file.seek(0)
        header = json.loads(file.read(begin)[8:])
        about = json.loads(header["__metadata__"][METADATA_KEY])
        texts = {name: b"".join(_bytes(file, begin, tensors[name])) for name in (CONFIG, TOKENIZER)}
        for name, content in _small_files(about["encoder"], texts).items():
            archive.writestr(name, content)
        with archive.open(MODEL_WEIGHTS, "w", force_zip64=True) as weights:
            own = {name: one for name, one in tensors.items() if name.startswith(PREFIX)}
            _write_weights(file, begin, own, weights)


def _write_weights(
    file: IO[bytes], begin: int, tensors: Mapping[str, StoredTensor], target: IO[bytes]
) -> None:
    """Write a safetensors file of these tensors, under the names that the network gives them."""
    ordered = sorted(tensors.items(), key=lambda item: item[1].start)
    named = {name.removeprefix(PREFIX): (one.kind, one.shape) for name, one in ordered}
    target.write(write_header(named, format="pt"))
    for _, tensor in ordered:
        for piece in _bytes(file, begin, tensor):
            target.write(piece)


def _bytes(file: IO[bytes], begin: int, tensor: StoredTensor) -> Iterator[bytes]:
    file.seek(begin + tensor.start)
    left = tensor.end - tensor.start
    while left:
        piece = file.read(min(PIECE, left))
        left -= len(piece)
        yield piece


def _small_files(encoder: Mapping[str, Any], texts: Mapping[str, bytes]) -> Mapping[str, str]:
    """Everything but the weights; `encoder` is that of the run's spec."""
    config, tokenizer = json.loads(texts[CONFIG]), json.loads(texts[TOKENIZER])
    architecture = {"bert": "BertModel", "roberta": "RobertaModel", "mpnet": "MPNetModel"}
    architecture |= {"xlm-roberta": "XLMRobertaModel", "distilbert": "DistilBertModel"}
    named = {"architectures": [architecture[config["model_type"]]], "dtype": "float32"}
    width = config.get("hidden_size", config.get("dim"))
    pooling = {
        "word_embedding_dimension": width,
        "pooling_mode_cls_token": encoder["pooling"] == "cls",
        "pooling_mode_mean_tokens": encoder["pooling"] == "mean",
    }
    parts = (("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize"))
    modules = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for i, (path, kind) in enumerate(parts)
    ]
    documents = {
        CONFIG: config | named,
        TOKENIZER: tokenizer,
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": encoder["max_tokens"],
            **_special_tokens(tokenizer, config["pad_token_id"]),
        },
        "sentence_bert_config.json": {
            "max_seq_length": encoder["max_tokens"],
            "do_lower_case": False,
        },
        MODULES: modules,
        "1_Pooling/config.json": pooling,
    }
    return {name: json.dumps(one, indent=1) for name, one in documents.items()}


def _special_tokens(tokenizer: Mapping[str, Any], pad_id: int) -> Mapping[str, str]:
    """The token of padding, by which libraries pad a batch, and of unknown words."""
    added = {one["id"]: one["content"] for one in tokenizer.get("added_tokens") or []}
    words = tokenizer["model"]["vocab"]
    if isinstance(words, dict):
        by_id = {number: word for word, number in words.items()}
    else:
        by_id = {number: entry[0] for number, entry in enumerate(words)}
    special = {"pad_token": added.get(pad_id, by_id.get(pad_id))}
    special["unk_token"] = tokenizer["model"].get("unk_token")
    return {name: token for name, token in special.items() if token is not None}
