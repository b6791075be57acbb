"""A pretrained encoder small enough for tests: two layers, eight numbers a token, made here.

It is written without torch or transformers, as the API reads it.
"""

import io
import json
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from models.pretrained.architectures import ARCHITECTURES, expected_tensors
from models.pretrained.config import read_config

WORDS = ("how", "do", "i", "cook", "rice", "where", "does", "grow", "what", "is", "the", "best")
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
POOLING = json.dumps({"word_embedding_dimension": 8, "pooling_mode_mean_tokens": True}).encode()
MODULES = json.dumps(
    [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "x.models.Pooling"},
        {"idx": 2, "name": "2", "path": "2_Normalize", "type": "x.models.Normalize"},
    ]
).encode()


def vocabulary() -> dict[str, int]:
    """The special tokens, some words, and every letter alone and inside of a word."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789?'"
    tokens = (*SPECIAL, *WORDS, *letters, *(f"##{letter}" for letter in letters))
    return {token: number for number, token in enumerate(dict.fromkeys(tokens))}


def config_of(kind: str = "bert", **changes: Any) -> dict[str, Any]:
    keys = ARCHITECTURES[kind].keys
    names = (keys.width, keys.layers, keys.heads, keys.feedforward)
    return {
        "model_type": kind,
        **dict(zip(names, (8, 2, 2, 12), strict=True)),
        "vocab_size": len(vocabulary()),
        "max_position_embeddings": 40,
        **changes,
    }


def tokenizer_of(tokens: Mapping[str, int]) -> dict[str, Any]:
    """A `tokenizer.json` of BERT's kind, as the tokenizers library writes it."""
    special = [
        {
            "id": tokens[token],
            "content": token,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": True,
        }
        for token in SPECIAL
    ]
    around = {
        token: {"id": token, "ids": [tokens[token]], "tokens": [token]} for token in SPECIAL[2:]
    }
    piece = {"SpecialToken": {"id": "[CLS]", "type_id": 0}}
    end = {"SpecialToken": {"id": "[SEP]", "type_id": 0}}
    text = {"Sequence": {"id": "A", "type_id": 0}}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": special,
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": True,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [piece, text, end],
            "pair": [piece, text, end],
            "special_tokens": around,
        },
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": dict(tokens),
        },
    }


def weights_of(
    config: Mapping[str, Any], seed: int = 0, prefix: str = "", scale: float = 0.3
) -> bytes:
    """Weights of the config's shapes, of a normal distribution; norms begin at one."""
    known = read_config(json.dumps(config).encode())
    generator = np.random.default_rng(seed)
    tensors = {}
    for name, shape in expected_tensors(known.architecture, known.sizes).items():
        values = scale * generator.standard_normal(shape, dtype=np.float32)
        is_norm = name.endswith("orm.weight")
        tensors[prefix + name] = values * 0.1 + 1 if is_norm else values
    content: bytes = save(tensors)
    return content


def toy_files(kind: str = "bert", **changes: Any) -> dict[str, bytes]:
    """The files of a folder by their names."""
    config = config_of(kind, **changes)
    return {
        "config.json": json.dumps(config).encode(),
        "model.safetensors": weights_of(config),
        "tokenizer.json": json.dumps(tokenizer_of(vocabulary())).encode(),
        "modules.json": MODULES,
        "1_Pooling/config.json": POOLING,
        "README.md": b"# A toy",
    }


def zipped(files: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


def tarred(files: Mapping[str, bytes], mode: str = "w") -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return target.getvalue()


def write_folder(files: Mapping[str, bytes], folder: Path) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder
