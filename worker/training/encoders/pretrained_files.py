"""The files of a pretrained model as a training and its predictions use them: weights, and tokens.

Weights of half precision are trained in single precision, as all networks here are.
"""

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from models.errors import TrainingFault
from models.pretrained.architectures import expected_tensors
from models.pretrained.config import read_config
from models.pretrained.folder import CONFIG, TOKENIZER, WEIGHTS
from models.pretrained.weights_header import names_in_file, read_header
from worker.training.data import Int64, PretrainedStart, Questions
from worker.training.encoders.pretrained import PREFIX

AT_ONCE = 20_000  # texts


def read_start(folder: Path) -> PretrainedStart:
    """What an encoder starts from, out of the folder of a stored model. Raises `OSError`."""
    config = (folder / CONFIG).read_bytes()
    known = read_config(config)
    with (folder / WEIGHTS).open("rb") as file:
        names = names_in_file(read_header(file), known.architecture.prefix)
    tensors = load_file(folder / WEIGHTS)
    weights = {
        PREFIX + name: tensors[names[name]].to(torch.float32).numpy()
        for name in expected_tensors(known.architecture, known.sizes)
    }
    identity = f"{folder.name} transformers {version('transformers')}"
    return PretrainedStart(identity, config, (folder / TOKENIZER).read_bytes(), weights)


class ModelTokenizer:
    """The tokenizer that a model came with; texts are cut to `max_tokens`."""

    def __init__(self, content: bytes, max_tokens: int) -> None:
        # only here, since few processes need it
        from tokenizers import Tokenizer

        try:
            self._tokenizer = Tokenizer.from_str(content.decode())
        except BaseException as error:  # the library also panics, which is no Exception
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            raise TrainingFault(f"the model's tokenizer.json cannot be used: {error}") from None
        self._tokenizer.enable_truncation(max_tokens)
        self._tokenizer.no_padding()
        self._unknown = self._unknown_id()

    def ids_of(self, texts: Sequence[str]) -> Iterator[list[int]]:
        """The token ids of each text, special ones included; never none."""
        for start in range(0, len(texts), AT_ONCE):
            some = list(texts[start : start + AT_ONCE])
            for encoding in self._tokenizer.encode_batch(some):
                yield encoding.ids or [self._unknown or 0]

    def questions(self, texts: Sequence[str]) -> Questions:
        """The texts as an encoder takes them."""
        ids = list(self.ids_of(texts))
        lengths: Int64 = np.array([len(one) for one in ids], dtype=np.int64)
        return Questions(np.concatenate(ids).astype(np.int64), lengths)

    def unknown_words(self, text: str) -> list[str]:
        """The parts of a text that are no token, in their order."""
        encoding = self._tokenizer.encode(text)
        return [
            text[start:end]
            for one, (start, end) in zip(encoding.ids, encoding.offsets, strict=True)
            if one == self._unknown and end > start
        ]

    def _unknown_id(self) -> int | None:
        token = getattr(self._tokenizer.model, "unk_token", None)
        return None if token is None else self._tokenizer.token_to_id(token)
