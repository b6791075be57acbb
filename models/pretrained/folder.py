"""From an uploaded archive to the folder of a model: checked, and only what is read of it.

Three files are stored: `config.json` with the keys that are known, `model.safetensors` as it came,
and `tokenizer.json`. The content hash is theirs, so the same model packed in another way, or with
another README, is the same.
"""

import hashlib
import io
import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from models.pretrained import tokenizer_file, weights_header
from models.pretrained.architectures import expected_tensors
from models.pretrained.archives import Entries, copy_bounded, opened
from models.pretrained.config import ModelConfig, read_config
from models.pretrained.errors import ModelFileError
from models.pretrained.sentence_modules import MODULES, Pooling, declared_pooling

CONFIG, TOKENIZER, WEIGHTS = "config.json", tokenizer_file.FILE, weights_header.FILE
FILES = (CONFIG, TOKENIZER, WEIGHTS)
MOST_JSON = 1 << 20
MOST_TOKENIZER = 64 << 20
_PICKLES = (".bin", ".pt", ".pth", ".pkl", ".ckpt")


@dataclass(frozen=True)
class ModelProfile:
    """What is known of a model that was taken in."""

    content_hash: str
    architecture: str
    parameters: int
    width: int
    layers: int
    heads: int
    feedforward: int
    vocabulary_size: int
    positions: int
    pooling: Pooling | None
    size: int
    """Bytes of the stored files."""
    left_out: tuple[str, ...]
    """Weights in other formats, which were in the archive and are not stored."""


def take_in(file: BinaryIO, to: Path, most_bytes: int) -> ModelProfile:
    """Check the model in an archive, and write its files into the folder `to`.

    The archive may unpack to `most_bytes`. Raises `ModelFileError` with what is wrong.
    """
    with opened(file, to, most_bytes) as entries:
        source = _Source(entries)
        config = read_config(source.bytes_of(CONFIG, MOST_JSON))
        tokenizer = source.bytes_of(TOKENIZER, MOST_TOKENIZER)
        tokenizer_file.check_tokenizer(tokenizer, config.sizes.vocabulary_size)
        pooling = source.pooling()
        with (to / WEIGHTS).open("w+b") as target:
            source.copy_weights(target, most_bytes)
            _check_weights(target, config)
        left_out = source.other_weights()
    (to / TOKENIZER).write_bytes(tokenizer)
    (to / CONFIG).write_text(json.dumps(config.document, indent=1, sort_keys=True) + "\n")
    return _profile(to, config, pooling, left_out)


def read_stored_config(folder: Path) -> ModelConfig:
    """The config of a stored model. Raises `ModelFileError`, or `OSError`."""
    return read_config((folder / CONFIG).read_bytes())


def _check_weights(file: BinaryIO, config: ModelConfig) -> None:
    tensors = weights_header.read_header(file)
    expected = expected_tensors(config.architecture, config.sizes)
    weights_header.require_tensors(tensors, expected, config.architecture.prefix)


def _profile(
    folder: Path, config: ModelConfig, pooling: Pooling | None, left_out: tuple[str, ...]
) -> ModelProfile:
    digest, size = hashlib.sha256(), 0
    for name in FILES:
        with (folder / name).open("rb") as stored:
            digest.update(f"{name} {hashlib.file_digest(stored, 'sha256').hexdigest()}\n".encode())
        size += (folder / name).stat().st_size
    sizes = config.sizes
    return ModelProfile(
        content_hash=digest.hexdigest(),
        architecture=config.kind,
        parameters=config.parameters,
        width=sizes.width,
        layers=sizes.layers,
        heads=sizes.heads,
        feedforward=sizes.feedforward,
        vocabulary_size=sizes.vocabulary_size,
        positions=config.positions,
        pooling=pooling,
        size=size,
        left_out=left_out,
    )


class _Source:
    """The files of the model's folder in an archive: at its top, or in one folder of it."""

    def __init__(self, entries: Entries) -> None:
        self._entries = {str(PurePosixPath(name)): open_it for name, open_it in entries.items()}
        known = (*FILES, MODULES)
        places = [PurePosixPath(name) for name in self._entries]
        parents = {path.parent for path in places if path.name in known}
        nearest = min((len(parent.parts) for parent in parents), default=0)
        roots = [parent for parent in parents if len(parent.parts) == nearest]
        if len(roots) != 1:
            number = "no" if not roots else "more than one"
            raise ModelFileError(f"the archive has {number} folder of a model; pack one")
        self._root = roots[0]

    def bytes_of(self, name: str, most: int) -> bytes:
        content = self.read(name, most)
        if content is None:
            raise ModelFileError(f"the folder has no {name}{_instead(name)}")
        return content

    def read(self, name: str, most: int = MOST_JSON) -> bytes | None:
        found = self._entries.get(str(self._root / name))
        if found is None:
            return None
        target = io.BytesIO()
        with found() as file:
            copy_bounded(file, target, most, name)
        return target.getvalue()

    def pooling(self) -> Pooling | None:
        modules = self.read(MODULES)
        return None if modules is None else declared_pooling(modules, self.read)

    def copy_weights(self, target: BinaryIO, most: int) -> None:
        found = self._entries.get(str(self._root / WEIGHTS))
        if found is None:
            pickles = self.other_weights()
            also = (
                f"; {pickles[0]} is a pickle, whose reading would run code of its sender: save the "
                "model as safetensors"
                if pickles
                else ""
            )
            raise ModelFileError(f"the folder has no {WEIGHTS}{also}")
        with found() as file:
            copy_bounded(file, target, most, WEIGHTS)

    def other_weights(self) -> tuple[str, ...]:
        """Files of the folder that hold weights as pickles."""
        own = (PurePosixPath(name) for name in self._entries)
        names = (path.name for path in own if path.parent == self._root)
        return tuple(sorted(name for name in names if name.endswith(_PICKLES)))


def _instead(name: str) -> str:
    if name == TOKENIZER:
        return ": AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER) writes it"
    return ""
