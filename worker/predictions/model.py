"""A run's network, read back from its file of weights, and its similarities of pairs of texts.

The file is all that is needed: neither the data set nor the experiment is read.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from pydantic import TypeAdapter, ValidationError
from safetensors import safe_open

from models.datasets.tokenizer import TokenizerKind, tokenize
from models.datasets.vocabulary import FIRST_WORD, PAD, UNKNOWN
from models.files.run_files import FORMAT_VERSION, METADATA_KEY, VOCABULARY
from models.pretrained.folder import CONFIG, TOKENIZER
from models.specs.training import EncoderSpec, PretrainedEncoder
from worker.training.data import Questions
from worker.training.devices import prepare_device
from worker.training.encoders.build import build_encoder
from worker.training.encoders.encoder import Encoder
from worker.training.encoders.pretrained import PretrainedTextEncoder
from worker.training.encoders.pretrained_files import ModelTokenizer

PAIRS_AT_ONCE = 64  # bounds memory, however many pairs a request has

TextPair = Sequence[str]

_ENCODER: TypeAdapter[EncoderSpec] = TypeAdapter(EncoderSpec)


class UnusableWeights(Exception):
    """The file of weights has a format that this version cannot read."""


class TextReader(Protocol):
    """From texts to what an encoder takes."""

    def questions(self, texts: Sequence[str]) -> Questions:
        """The token ids of the texts."""

    def unknown_words(self, text: str) -> list[str]:
        """The tokens of a text that the network does not know, in their order."""


@dataclass(frozen=True)
class WordReader:
    """The words of a run's vocabulary.

    `token` is the expression that the run was trained with, whatever the tokenizer's is today.
    """

    kind: TokenizerKind
    token: re.Pattern[str]
    words: dict[str, int]
    max_tokens: int | None = None

    def questions(self, texts: Sequence[str]) -> Questions:
        """A text without a token is one padding token, as in training."""
        ids = [
            [self.words.get(word, UNKNOWN) for word in self._read(text)] or [PAD] for text in texts
        ]
        lengths = np.array([len(question) for question in ids], dtype=np.int64)
        return Questions(np.concatenate(ids).astype(np.int64), lengths)

    def unknown_words(self, text: str) -> list[str]:
        return [word for word in self._read(text) if word not in self.words]

    def _read(self, text: str) -> list[str]:
        """The tokens of a text up to where training cut it."""
        return tokenize(text, self.kind, self.token)[: self.max_tokens]


@dataclass(frozen=True)
class Model:
    """An encoder, and what reads texts for it. A pair is a duplicate where its similarity is above
    `threshold`."""

    encoder: Encoder
    reader: TextReader
    threshold: float

    @classmethod
    def read(cls, path: Path) -> "Model":
        """Read a file of weights.

        Raises `OSError` where the file is missing, `SafetensorError` where it is damaged, and
        `UnusableWeights` where its format or its encoder is unknown to this version.
        """
        with safe_open(path, "numpy") as file:
            about = json.loads((file.metadata() or {}).get(METADATA_KEY, "{}"))
            if about.get("format_version") != FORMAT_VERSION:
                raise UnusableWeights(_other_format(about.get("format_version")))
            weights = {name: file.get_tensor(name) for name in file.keys()}
        try:
            spec = _ENCODER.validate_json(json.dumps(about["encoder"]))
            if isinstance(spec, PretrainedEncoder):
                return cls(*_pretrained(spec, weights), about["threshold"])
            words = bytes(weights.pop(VOCABULARY)).decode().split("\n")
            encoder = build_encoder(spec, weights).to(prepare_device("cpu")).eval()
        except (ValidationError, KeyError, RuntimeError) as error:  # other fields or tensors
            raise UnusableWeights(
                "this version does not know its encoder; ask a worker of the version that trained "
                "it, or train it again"
            ) from error
        numbers = {word: number for number, word in enumerate(words, start=FIRST_WORD)}
        token = re.compile(about["token_pattern"])
        reader = WordReader(about["tokenizer"], token, numbers, spec.max_tokens)
        return cls(encoder, reader, about["threshold"])

    @torch.no_grad()
    def similarities(self, pairs: Sequence[TextPair]) -> list[float]:
        """The similarity (cosine) of each pair, in order.

        The other pairs move the similarity of a pair by rounding at most (some 1e-7; one call a
        pair would cost ten times as much): where the network reads padding, each pair is padded by
        itself.
        """
        at_once = 1 if self.encoder.padded else PAIRS_AT_ONCE
        similarities: list[float] = []
        for start in range(0, len(pairs), at_once):
            chunk = pairs[start : start + at_once]
            questions = self.reader.questions([pair[side] for side in (0, 1) for pair in chunk])
            first, second = self.encoder.encode(questions).chunk(2)
            similarities += (first * second).sum(dim=1).tolist()
        return similarities

    def unknown_words(self, pair: TextPair) -> list[str]:
        """The tokens of both texts that the network does not know, each once, in their order.

        To the network they are all one.
        """
        unknown = (word for text in pair for word in self.reader.unknown_words(text))
        return list(dict.fromkeys(unknown))


def _pretrained(
    spec: PretrainedEncoder, weights: dict[str, np.ndarray]
) -> tuple[Encoder, TextReader]:
    config, tokenizer = (bytes(weights.pop(name)) for name in (CONFIG, TOKENIZER))
    encoder = PretrainedTextEncoder(spec, config, weights).to(prepare_device("cpu"))
    return encoder, ModelTokenizer(tokenizer, spec.max_tokens)


def _other_format(version: object) -> str:
    newer = isinstance(version, int) and version > FORMAT_VERSION
    return (
        f"its weights are of format {version}, and this version reads format {FORMAT_VERSION}; "
        + ("ask a worker of the version that trained it" if newer else "train it again")
    )
