"""A run's network read back from its file of weights, and asked about pairs of texts.

The file is all that is needed: neither the data set nor the experiment is looked at.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from pydantic import TypeAdapter, ValidationError
from safetensors import safe_open

from models.datasets.tokenizer import TokenizerKind, tokenize
from models.datasets.vocabulary import FIRST_WORD, PAD, UNKNOWN
from models.files.run_files import FORMAT_VERSION, METADATA_KEY, VOCABULARY
from models.specs.training import EncoderSpec
from worker.training.data import Questions
from worker.training.devices import prepare_device
from worker.training.encoders.encoders import Encoder, build_encoder

PAIRS_AT_ONCE = 64  # bounds memory, whatever is asked

TextPair = Sequence[str]

_ENCODER: TypeAdapter[EncoderSpec] = TypeAdapter(EncoderSpec)


class NotUsable(Exception):
    """The file of weights is of a form that cannot answer questions."""


@dataclass(frozen=True)
class Model:
    """An encoder with its words. `threshold` is what a duplicate's similarity is above.

    `token` is the expression that it was trained with, whatever the tokenizer's is today.
    """

    encoder: Encoder
    tokenizer: TokenizerKind
    token: re.Pattern[str]
    words: dict[str, int]
    threshold: float

    @classmethod
    def read(cls, path: Path) -> "Model":
        """Raises `OSError` or `SafetensorError` for a file that is not there or damaged, and
        `NotUsable` for one of another form."""
        with safe_open(path, "numpy") as file:
            about = json.loads((file.metadata() or {}).get(METADATA_KEY, "{}"))
            if about.get("format_version") != FORMAT_VERSION:
                raise NotUsable(_other_format(about.get("format_version")))
            weights = {name: file.get_tensor(name) for name in file.keys()}
        words = bytes(weights.pop(VOCABULARY)).decode().split("\n")
        encoder = _encoder(about["encoder"], weights)
        numbers = {word: number for number, word in enumerate(words, start=FIRST_WORD)}
        token = re.compile(about["token_pattern"])
        return cls(encoder, about["tokenizer"], token, numbers, about["threshold"])

    @torch.no_grad()
    def similarities(self, pairs: Sequence[TextPair]) -> list[float]:
        """The similarity (cosine) of each pair, in order.

        An answer does not depend on what else is asked: where the network reads padding, each
        pair is padded by itself.
        """
        at_once = 1 if self.encoder.padded else PAIRS_AT_ONCE
        found: list[float] = []
        for start in range(0, len(pairs), at_once):
            chunk = pairs[start : start + at_once]
            questions = self._questions([pair[side] for side in (0, 1) for pair in chunk])
            first, second = self.encoder.encode(questions).chunk(2)
            found += (first * second).sum(dim=1).tolist()
        return found

    def _questions(self, texts: Sequence[str]) -> Questions:
        """A question without a token is one padding token, as in training."""
        ids = [
            [self.words.get(one, UNKNOWN) for one in tokenize(text, self.tokenizer, self.token)]
            or [PAD]
            for text in texts
        ]
        lengths = np.array([len(question) for question in ids], dtype=np.int64)
        return Questions(np.concatenate(ids).astype(np.int64), lengths)


def _other_format(found: object) -> str:
    newer = isinstance(found, int) and found > FORMAT_VERSION
    return (
        f"its weights are of format {found}, and this version reads format {FORMAT_VERSION}; "
        + ("ask a worker of the version that trained it" if newer else "train it again")
    )


def _encoder(about: object, weights: dict[str, np.ndarray]) -> Encoder:
    try:
        spec = _ENCODER.validate_json(json.dumps(about))
        return build_encoder(spec, weights).to(prepare_device("cpu")).eval()
    except (
        ValidationError,
        KeyError,
        RuntimeError,
    ) as error:  # fields, or tensors, of another form
        raise NotUsable(
            "this version does not know its encoder; ask a worker of the version that trained it, "
            "or train it again"
        ) from error
